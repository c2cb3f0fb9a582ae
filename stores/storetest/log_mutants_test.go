package storetest

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
)

// TestEachFaultOfEntriesIsCaught is the proof that the checks of a core.Journal can fail.
func TestEachFaultOfEntriesIsCaught(t *testing.T) {
	t.Parallel()
	for fault, tc := range map[string]struct{ caughtBy, says string }{
		"begins with an entry":               {"begins without entries", "want none"},
		"gives nil for no entries":           {"begins without entries", "are nil"},
		"keeps no entries":                   {"gives back an entry of each write, the newest first", "got 0 entries, want 1"},
		"logs a write with the next":         {"gives back an entry of each write, the newest first", "got 0 entries, want 1"},
		"keeps an entry for each revision":   {"gives back an entry of each write, the newest first", "got 4 entries, want 5"},
		"gives the oldest entry first":       {"gives back an entry of each write, the newest first", "got as entry 0"},
		"sorts entries by time":              {"gives back an entry of each write, the newest first", "got as entry 0"},
		"sorts entries by revision":          {"gives back an entry of each write, the newest first", "got as entry 0"},
		"forgets from where":                 {"gives back an entry of each write, the newest first", "Origin:"},
		"forgets that somebody edited":       {"gives back an entry of each write, the newest first", "HandEdited:false"},
		"forgets how many it omitted":        {"gives back an entry of each write, the newest first", "Omitted:0"},
		"forgets old values":                 {"gives back an entry of each write, the newest first", "before"},
		"gives nil for no changes":           {"gives back an entry of each write, the newest first", "(nil)"},
		"trims actors":                       {"gives back every character and microsecond of an entry", "want"},
		"drops microseconds of entries":      {"gives back every character and microsecond of an entry", "want"},
		"answers with entries in local zone": {"gives back every character and microsecond of an entry", "CET"},
		"cuts entries at 64 KiB":             {"gives back the largest entry", "got 0 entries"},
		"ignores the limit of entries":       {"gives back as many entries as are wanted", "want 1"},
		"gives the first entries":            {"gives back as many entries as are wanted", "got as entry 0"},
		"gives none without a limit":         {"gives back as many entries as are wanted", "want 5"},
		"gives every entry":                  {"keeps MaxEntries entries", "want 1000"},
		"keeps the first entries":            {"keeps MaxEntries entries", "is of revision"},
		"logs a conflict":                    {"writes no entry beside a refused write", "got 6 entries, want 1"},
		"logs what is invalid":               {"writes no entry beside a refused write", "got 2 entries, want 1"},
		"logs under an ended context":        {"writes no entry beside a refused write", "got 2 entries, want 1"},
		"writes beside a refused entry":      {"writes no entry beside a refused write", "no error"},
		"logs no entry":                      {"writes no entry where none is given", "want 1"},
		"keeps the caller's entry":           {"keeps copies of entries", "got as entry 0"},
		"loses the log with Reconcile":       {"logs what the operator functions do", "the log is"},
		"logs out of order":                  {"loses no entry of concurrent writers", ""},
		"logs each second write at once":     {"loses no entry of concurrent writers", ""},
		"keeps entries in each handle":       {"shows one handle's entries to the other", "want 1"},
		"ignores the context of Entries":     {"obeys an ended context of entries", "want context.Canceled"},
	} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			got := failure(t, tc.caughtBy, mutantEnv(t, fault))
			require.NotEmpty(t, got, "%q passes %q", fault, tc.caughtBy)
			require.Contains(t, got, tc.says)
		})
	}
}

func TestAStoreWithoutALogSkipsItsChecks(t *testing.T) {
	t.Parallel()
	e := newEnv(t, func(*testing.T) core.Store { return struct{ core.Store }{&mutant{data: &data{}}} }, Options{})
	for _, c := range logChecks {
		if c.name == "shows one handle's entries to the other" {
			continue // there is no other
		}
		require.Contains(t, failure(t, c.name, e), "skipped: the store is no core.Journal", c.name)
	}
}

// logOf is the log that a handle sees. The caller holds mu.
func (d *data) logOf(m *mutant) *[]core.Entry {
	if d.fault == "keeps entries in each handle" && m.second {
		return &m.log
	}
	return &d.log
}

// keep writes an entry. The caller holds mu.
func (d *data) keep(m *mutant, e core.Entry) {
	log := d.logOf(m)
	if d.fault == "logs a write with the next" {
		e, d.late = d.late, e
	}
	if e.IsZero() && d.fault != "logs no entry" || d.fault == "keeps no entries" {
		return
	}
	if b, err := core.EncodeEntry(e); err == nil && d.fault == "cuts entries at 64 KiB" && len(b) > 64<<10 {
		return
	}
	switch d.fault {
	case "keeps the caller's entry":
	case "keeps an entry for each revision":
		*log = slices.DeleteFunc(*log, func(old core.Entry) bool { return old.Revision == e.Revision })
	case "loses the log with Reconcile":
		if e.Action == core.ActionReconcile {
			*log = nil
		}
	case "keeps the first entries":
		if len(*log) == core.MaxEntries {
			return
		}
	case "logs out of order":
		if n := len(*log); n%5 == 4 {
			*log = append((*log)[:n-1], e, (*log)[n-1])
			return
		}
	case "logs each second write at once":
		if e.Revision%2 == 0 {
			return
		}
	}
	if d.fault != "keeps the caller's entry" {
		e = copyOf(e)
	}
	*log = append(*log, e)
}

// keepBeside writes an entry beside a refused write, if that is the fault.
func (m *mutant) keepBeside(fault string, e core.Entry) {
	m.data.mu.Lock()
	defer m.data.mu.Unlock()
	if m.data.fault == fault {
		m.data.keep(m, e)
	}
}

func copyOf(e core.Entry) core.Entry {
	changes := []core.Change{}
	for _, c := range e.Changes {
		if c.Before != nil {
			c.Before = new(*c.Before)
		}
		if c.After != nil {
			c.After = new(*c.After)
		}
		changes = append(changes, c)
	}
	e.Changes = changes
	return e
}

func (m *mutant) Entries(ctx context.Context, limit int) ([]core.Entry, error) {
	d := m.data
	if ctx.Err() != nil && d.fault != "ignores the context of Entries" {
		return nil, ctx.Err()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	entries := []core.Entry{}
	for _, e := range *d.logOf(m) {
		entries = append(entries, d.readEntry(e))
	}
	switch d.fault {
	case "begins with an entry":
		entries = append(entries, core.Entry{Time: when, Action: core.ActionInit})
	case "sorts entries by time":
		slices.SortStableFunc(entries, func(a, b core.Entry) int { return a.Time.Compare(b.Time) })
	case "sorts entries by revision":
		slices.SortStableFunc(entries, func(a, b core.Entry) int { return int(a.Revision - b.Revision) })
	case "gives nil for no entries":
		if len(entries) == 0 {
			return nil, nil
		}
	}
	switch {
	case d.fault == "gives every entry", d.fault == "ignores the limit of entries" && limit > 0:
	case d.fault == "gives none without a limit":
		entries = entries[len(entries)-min(len(entries), max(limit, 0)):]
	case d.fault == "gives the first entries":
		entries = entries[:min(len(entries), core.LogLimit(limit))]
	default:
		entries = entries[len(entries)-min(len(entries), core.LogLimit(limit)):]
	}
	if d.fault != "gives the oldest entry first" {
		slices.Reverse(entries)
	}
	return entries, nil
}

// readEntry is what a reader is given for e.
func (d *data) readEntry(e core.Entry) core.Entry {
	if d.fault == "keeps the caller's entry" {
		return e
	}
	e = copyOf(e)
	switch d.fault {
	case "forgets from where":
		e.Origin = ""
	case "forgets that somebody edited":
		e.HandEdited = false
	case "forgets how many it omitted":
		e.Omitted = 0
	case "forgets old values":
		for i := range e.Changes {
			e.Changes[i].Before = nil
		}
	case "gives nil for no changes":
		if len(e.Changes) == 0 {
			e.Changes = nil
		}
	case "trims actors":
		e.Actor = strings.TrimSpace(e.Actor)
	case "drops microseconds of entries":
		e.Time = e.Time.Truncate(time.Millisecond)
	case "answers with entries in local zone":
		e.Time = e.Time.In(time.FixedZone("CET", 3600))
	}
	return e
}
