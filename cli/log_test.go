package cli

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/internal/wire"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store/memstore"
)

// TestTheLogIsForPeople: one line for each period of an entry, and nothing that a terminal
// would act upon.
func TestTheLogIsForPeople(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 8, 12, 0, 0, 999, time.UTC)
	p := period.Period{
		ID: "kfm2xq", Kind: period.Window, Start: at.Add(time.Hour), Enabled: true, Version: 1,
		Reason: "\x1b[31mred\n" + strings.Repeat("x", 50), Holder: "h\tg",
	}
	q := p
	q.End, q.Enabled = at.Add(2*time.Hour+time.Second), false
	same := p
	same.Version++
	for name, test := range map[string]struct {
		e    period.Entry
		want []string
	}{
		"an added period": {period.Entry{Changes: []period.Change{{After: &p}}}, []string{
			"+kfm2xq\tkind window, start 2026-03-08 14:00 UTC+01:00, reason \"\\x1b[31mred\\n" + strings.Repeat("x", 34) + "…\", holder \"h\\tg\"",
		}},
		"a changed one": {period.Entry{Changes: []period.Change{{Before: &p, After: &q}}}, []string{
			"~kfm2xq\tend - → 2026-03-08 15:00:01 UTC+01:00, enabled true → false",
		}},
		"one that nothing was changed of": {period.Entry{Changes: []period.Change{{Before: &p, After: &same}}}, []string{"~kfm2xq\t-"}},
		"several, and more": {period.Entry{Changes: []period.Change{{Before: &q, After: &p}, {Before: &p, After: &q}}, Omitted: 7}, []string{
			"~kfm2xq\tend 2026-03-08 15:00:01 UTC+01:00 → -, enabled false → true",
			"~kfm2xq\tend - → 2026-03-08 15:00:01 UTC+01:00, enabled true → false",
			"…\tand 7 more",
		}},
		"none":                   {period.Entry{Revision: 42}, []string{"-\trevision 42"}},
		"in place of a lost one": {period.Entry{Anew: "lost"}, []string{"-\trevision 0", "\tit began a new document: the one before was lost"}},
		"after an edit by hand":  {period.Entry{HandEdited: true}, []string{"-\trevision 0", "\tbefore it, the document was edited by hand"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := view{zones: zones{loc: time.FixedZone("CET", 3600)}}
			require.Equal(t, test.want, v.changes(test.e))
		})
	}
	t.Run("as a table", func(t *testing.T) {
		t.Parallel()
		var out strings.Builder
		v := view{zones: zones{loc: time.UTC}, command: func(words ...string) string { return strings.Join(words, " ") }}
		v.log(&out, wire.Log{Store: "memory", Entries: []period.Entry{
			{Time: at, Action: "later\x07", Actor: "\u202eevil", Origin: "page from 192.0.2.7", Changes: []period.Change{{Before: &p, After: &q}, {Before: &p, After: &same}}},
			{Time: at, Action: period.ActionInit},
		}}, true)
		require.Equal(t, `TIME                  ACTION   ACTOR       FROM                 PERIOD   CHANGE
2026-03-08 12:00 UTC  later\a  \u202eevil  page from 192.0.2.7  ~kfm2xq  end - → 2026-03-08 14:00:01 UTC, enabled true → false
                                                                ~kfm2xq  -
2026-03-08 12:00 UTC  init     -           -                    -        revision 0

there are older ones: log --limit 0
`, out.String())
	})
}

// TestEveryCommandThatWritesSaysWho, and from where.
func TestEveryCommandThatWritesSaysWho(t *testing.T) {
	t.Parallel()
	st := memstore.New()
	log := func() []period.Entry {
		_, stdout, _ := run(t, st, "log", "--json", "--limit", "0")
		var j wire.Log
		require.NoError(t, json.Unmarshal([]byte(stdout), &j))
		return j.Entries
	}
	window := func() string {
		return read(t, st).Document.Periods[0].ID
	}
	for i, line := range []func() []string{
		func() []string { return []string{"init"} },
		func() []string { return []string{"schedule", "--start", "2097-01-01T00:00:00Z", "--no-end"} },
		func() []string { return []string{"edit", window(), "--reason", "x"} },
		func() []string { return []string{"cancel", window()} },
		func() []string { return []string{"start", "--no-wait"} },
		func() []string { return []string{"start", "--no-wait"} },
		func() []string { return []string{"end", "--all"} },
		func() []string { return []string{"reconcile"} },
	} {
		args := append(line(), "--actor", "ann")
		code, _, stderr := run(t, st, args...)
		require.Zero(t, code, "%v: %s", args, stderr)
		entries := log()
		require.Len(t, entries, i+1)
		require.Equal(t, "ann", entries[0].Actor, "%v", args)
		require.Equal(t, origin(), entries[0].Origin, "%v", args)
		require.Regexp(t, "^command( on .+)?$", entries[0].Origin)
	}
	code, _, _ := run(t, st, "start", "--no-wait", "--holder", "x")
	require.Zero(t, code)
	require.Equal(t, defaultActor(), log()[0].Actor, "without --actor")
}
