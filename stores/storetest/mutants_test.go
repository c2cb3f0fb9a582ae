package storetest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
)

// recorder notes a failure where a testing.T has one.
type recorder struct{ failure string }

func (r *recorder) Helper() {}

func (r *recorder) Fatalf(format string, args ...any) {
	r.failure = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

func (r *recorder) Skip(args ...any) { r.Fatalf("skipped: %s", fmt.Sprint(args...)) }

// failure runs one check and returns what it says; "" if it passes.
func failure(t *testing.T, name string, e *env) string {
	t.Helper()
	i := slices.IndexFunc(checks, func(c check) bool { return c.name == name })
	require.GreaterOrEqual(t, i, 0, name)
	r := &recorder{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		checks[i].run(r, e)
	}()
	<-done
	return r.failure
}

// TestEachFaultIsCaught is the proof that the suite can fail: every mutant of a store that
// passes is caught by the check that is there for it.
func TestEachFaultIsCaught(t *testing.T) {
	t.Parallel()
	for fault, tc := range map[string]struct{ caughtBy, says string }{
		"begins with a document":              {"a new store has no document", "want neither"},
		"begins without a time":               {"a new store has no document", "Time is zero"},
		"fails when empty":                    {"a new store has no document", "want no error"},
		"has no name":                         {"names itself, without secrets", "want a name"},
		"prints its password":                 {"names itself, without secrets", "secret"},
		"colours its name":                    {"names itself, without secrets", "control characters"},
		"forgets who changed a period":        {"gives back what was committed", "UpdatedBy"},
		"gives nil for no periods":            {"gives back what was committed", "Periods are nil"},
		"loses a period":                      {"gives back what was committed", "got 2 periods, want 3"},
		"counts in floating point":            {"gives back the largest period", "got"},
		"leaves the mark empty":               {"gives back what was committed", "Mark is"},
		"loses the format":                    {"gives back what was committed", "got document"},
		"trims texts":                         {"gives back every character", "got reason"},
		"strips NUL":                          {"gives back every character", "controls"},
		"drops microseconds":                  {"gives back microseconds", "want"},
		"answers in a local zone":             {"gives back microseconds", "want UTC"},
		"cuts texts at 255 bytes":             {"gives back the largest period", "want"},
		"keeps 1,000 periods":                 {"gives back 10,000 periods", "got 1000 periods"},
		"is unchanged to who knows nothing":   {"tells the unchanged from the changed", "document unchanged"},
		"is never unchanged":                  {"tells the unchanged from the changed", "want ErrUnchanged"},
		"gives the document beside unchanged": {"tells the unchanged from the changed", "only"},
		"compares revisions to be unchanged":  {"tells the unchanged from the changed", "another"},
		"has no time beside unchanged":        {"tells the unchanged from the changed", "a time only"},
		"has a clock that stands still":       {"tells its time", "stands still"},
		"has a clock that runs back":          {"tells its time", "went back"},
		"has a clock in the year 1":           {"tells its time", "want the store's clock"},
		"takes any base":                      {"refuses a stale base", "want ErrConflict"},
		"compares revisions to commit":        {"refuses a stale base", "another"},
		"names a conflict otherwise":          {"refuses a stale base", "want ErrConflict"},
		"writes beside a conflict":            {"refuses a stale base", "got"},
		"takes a zero base for any":           {"takes a zero base only where nothing is", "want ErrConflict"},
		"creates from any base":               {"refuses a base where nothing is", "no error"},
		"writes what is invalid":              {"refuses what cannot be read again", "no error"},
		"keeps the caller's memory":           {"keeps a copy of what was committed", "got"},
		"changes what was loaded":             {"never changes what was loaded", "got"},
		"ignores the context of Load":         {"obeys an ended context", "Load under a cancelled context"},
		"ignores the context of Commit":       {"obeys an ended context", "Commit under a cancelled context"},
		"writes under an ended context":       {"obeys an ended context", "got"},
		"checks first, writes later":          {"loses no update of concurrent writers", ""},
		"lets two first writes win":           {"lets one of several first writes win", "two first writes"},
		"refuses all first writes":            {"lets one of several first writes win", "no first write"},
		"shows an older document":             {"loses no update of concurrent writers", "as something new"},
		"shows half of a write":               {"loses no update of concurrent writers", ""},
		"begins two deployments":              {"makes one deployment of concurrent starts", "want 1"},
		"caches in the second handle":         {"shows one handle's writes to the other", "document unchanged"},
		"never wakes":                         {"wakes its subscribers", "no wake"},
		"wakes after cancel":                  {"wakes its subscribers", "after cancel"},
	} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			got := failure(t, tc.caughtBy, mutantEnv(t, fault))
			require.NotEmpty(t, got, "%q passes %q", fault, tc.caughtBy)
			require.Contains(t, got, tc.says)
		})
	}
}

func TestAStoreThatMustBeInitialisedMayNotBeginEmpty(t *testing.T) {
	t.Parallel()
	e := mutantEnv(t, "")
	e.o.MustBeInitialised = true
	require.Contains(t, failure(t, "a new store has no document", e), "want one that says so")
	e = mutantEnv(t, "fails when empty")
	e.o.MustBeInitialised = true
	require.Empty(t, failure(t, "a new store has no document", e))
}

func TestGoroutinesThatOutliveTheirTestAreFound(t *testing.T) {
	t.Parallel()
	end := make(chan struct{})
	pprof.Do(t.Context(), pprof.Labels("storetest", "this-test"), func(context.Context) {
		go func() { <-end }()
	})
	require.Contains(t, goroutines("this-test", 0), "mutants_test.go")
	close(end)
	require.Empty(t, goroutines("this-test", 10*time.Second))
}

// TestTheOriginalPasses: what is a fault in a mutant is none in the store that it is of.
func TestTheOriginalPasses(t *testing.T) { //nolint:tparallel // Run decides how its subtests run
	t.Parallel()
	Run(t, func(*testing.T) core.Store { return &mutant{data: &data{}} }, Options{
		Second:  func(_ *testing.T, first core.Store) core.Store { return &mutant{data: first.(*mutant).data} },
		Secrets: []string{"hunter2"},
	})
}

func mutantEnv(t *testing.T, fault string) *env {
	t.Helper()
	timeout := 30 * time.Second
	if fault == "never wakes" || fault == "has a clock that stands still" {
		timeout = 2 * time.Second // they are found by waiting
	}
	return newEnv(t, func(*testing.T) core.Store {
		m := &mutant{data: &data{fault: fault}}
		if fault == "begins with a document" {
			m.data.doc = document(1)
		}
		return m
	}, Options{
		Second: func(_ *testing.T, first core.Store) core.Store {
			return &mutant{data: first.(*mutant).data, second: true}
		},
		Secrets: []string{"hunter2"},
		Timeout: timeout,
	})
}

// mutant is a handle on a small store that has, or has not, a fault.
type mutant struct {
	data   *data
	second bool
	cache  *core.Document
	log    []core.Entry // "keeps entries in each handle"
}

type data struct {
	fault string

	mu     sync.Mutex
	doc    *core.Document
	before *core.Document
	reads  int
	wakes  []*func()
	pair   chan struct{} // "checks first, writes later": one who has checked and waits
	rows   rows
	log    []core.Entry // the oldest first
	late   core.Entry   // "logs a write with the next"
}

func (m *mutant) String() string {
	switch m.data.fault {
	case "has no name":
		return " "
	case "prints its password":
		return "db://user:hunter2@host"
	case "colours its name":
		return "\x1b[1mdb"
	}
	return "mutant"
}

func (m *mutant) Load(ctx context.Context, have core.Mark) (core.State, error) {
	d := m.data
	if ctx.Err() != nil && d.fault != "ignores the context of Load" {
		return core.State{}, ctx.Err()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	doc := d.doc
	d.reads++
	switch {
	case d.fault == "shows an older document" && d.reads%3 == 0 && d.before != nil:
		doc = d.before
	case d.fault == "caches in the second handle" && m.second:
		if m.cache == nil {
			m.cache = doc
		}
		doc = m.cache
	}
	state := core.State{Mark: doc.Mark(), Time: d.clock()}
	if doc == nil {
		switch d.fault {
		case "fails when empty":
			return core.State{}, errors.New("not initialised")
		case "begins without a time":
			state.Time = time.Time{}
		}
		return state, nil
	}
	same := have == state.Mark
	switch d.fault {
	case "compares revisions to be unchanged":
		same = have.Revision == state.Mark.Revision
	case "is unchanged to who knows nothing":
		same = same || have == core.Mark{}
	case "is never unchanged":
		same = false
	}
	if same && d.fault == "has no time beside unchanged" {
		state.Time = time.Time{}
	}
	if !same || d.fault == "gives the document beside unchanged" {
		state.Document = d.read(doc)
	}
	if d.fault == "leaves the mark empty" {
		state.Mark.WriteID = ""
	}
	if same {
		return state, core.ErrUnchanged
	}
	return state, nil
}

// clock is the store's.
func (d *data) clock() time.Time {
	switch d.fault {
	case "has a clock that stands still":
		return when
	case "has a clock that runs back":
		return when.Add(-time.Duration(d.reads) * time.Second)
	case "has a clock in the year 1":
		return time.Time{}.Add(time.Duration(d.reads) * time.Second)
	}
	return time.Now()
}

// read is what a reader is given for doc.
func (d *data) read(doc *core.Document) *core.Document {
	if d.fault == "keeps the caller's memory" || d.fault == "changes what was loaded" {
		return doc
	}
	out := *doc
	out.Periods = append([]core.Period{}, doc.Periods...)
	for i := range out.Periods {
		p := &out.Periods[i]
		switch d.fault {
		case "forgets who changed a period":
			p.UpdatedBy = ""
		case "trims texts":
			p.Reason = strings.TrimSpace(p.Reason)
		case "strips NUL":
			p.Reason = strings.ReplaceAll(p.Reason, "\x00", "")
		case "drops microseconds":
			p.Start = p.Start.Truncate(time.Millisecond)
		case "answers in a local zone":
			p.Start = p.Start.In(time.FixedZone("CET", 3600))
		case "cuts texts at 255 bytes":
			p.Reason = p.Reason[:min(len(p.Reason), 255)]
		case "counts in floating point":
			p.Version = int64(float64(p.Version)/1000) * 1000
		}
	}
	switch n := len(out.Periods); {
	case d.fault == "gives nil for no periods" && n == 0:
		out.Periods = nil
	case d.fault == "loses a period" && n == 3, d.fault == "shows half of a write" && n > 5 && d.reads%3 == 0:
		out.Periods = out.Periods[:n-1]
	case d.fault == "keeps 1,000 periods" && n > 1000:
		out.Periods = out.Periods[:1000]
	case d.fault == "loses the format":
		out.Format = 0
	}
	return &out
}

func (m *mutant) Commit(ctx context.Context, base core.Mark, next *core.Document, entry core.Entry) error {
	d := m.data
	if ctx.Err() != nil && d.fault != "ignores the context of Commit" && d.fault != "writes under an ended context" {
		m.keepBeside("logs under an ended context", entry)
		return ctx.Err()
	}
	if d.fault != "writes what is invalid" {
		if _, err := next.Encode(); err != nil {
			m.keepBeside("logs what is invalid", entry)
			return err
		}
	}
	if d.fault != "writes beside a refused entry" {
		if _, err := core.EncodeEntry(entry); err != nil {
			return err
		}
	}
	if next == nil {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.fits(base) {
		if d.fault == "writes beside a conflict" {
			d.doc = d.read(next)
		}
		if d.fault == "logs a conflict" {
			d.keep(m, entry)
		}
		if d.fault == "names a conflict otherwise" {
			return errors.New("no row was updated")
		}
		return core.ErrConflict
	}
	switch d.fault {
	case "refuses all first writes":
		if d.doc == nil {
			return core.ErrConflict
		}
	case "checks first, writes later", "lets two first writes win":
		d.waitForAnother()
	case "begins two deployments":
		if n := len(next.Periods); n > 0 {
			copied := *next
			copied.Periods = append(slices.Clone(next.Periods), next.Periods[n-1])
			copied.Periods[n].ID = next.WriteID
			next = &copied
		}
	}
	d.before = d.doc
	if d.fault == "forgets rows with a write" {
		clear(d.rowsOf(m))
	}
	switch {
	case d.fault == "keeps the caller's memory":
		d.doc = next
	case d.fault == "changes what was loaded" && d.doc != nil:
		*d.doc = *next
	default:
		copied := *next
		copied.Periods = slices.Clone(next.Periods)
		d.doc = &copied
	}
	d.keep(m, entry)
	if d.fault != "never wakes" {
		for _, wake := range d.wakes {
			(*wake)()
		}
	}
	if d.fault == "writes under an ended context" {
		return ctx.Err()
	}
	return nil
}

// fits reports whether base may be written over.
func (d *data) fits(base core.Mark) bool {
	switch mark := d.doc.Mark(); d.fault {
	case "takes any base":
		return true
	case "compares revisions to commit":
		return base.Revision == mark.Revision
	case "takes a zero base for any":
		return base == mark || base == core.Mark{}
	case "creates from any base":
		return base == mark || d.doc == nil
	default:
		return base == mark
	}
}

// waitForAnother lets go of the lock until a second writer has checked its base, or for a
// moment. The caller holds mu.
func (d *data) waitForAnother() {
	if waiting := d.pair; waiting != nil {
		d.pair = nil
		close(waiting)
		return
	}
	waiting := make(chan struct{})
	d.pair = waiting
	d.mu.Unlock()
	select {
	case <-waiting:
	case <-time.After(20 * time.Millisecond):
	}
	d.mu.Lock()
	if d.pair == waiting {
		d.pair = nil
	}
}

func (m *mutant) Subscribe(wake func()) (cancel func()) {
	d := m.data
	d.mu.Lock()
	defer d.mu.Unlock()
	key := &wake
	d.wakes = append(d.wakes, key)
	return func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.fault != "wakes after cancel" {
			d.wakes = slices.DeleteFunc(d.wakes, func(w *func()) bool { return w == key })
		}
	}
}
