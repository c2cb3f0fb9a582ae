package core

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Entries makes a Journal of the trial store.
func (s *trialStore) Entries(context.Context, int) ([]Entry, error) { return nil, nil }

// changed is what an entry changed: "+a" added, "-a" removed, "~a reason,end" changed.
func changed(e Entry) []string {
	out := []string{}
	for _, c := range e.Changes {
		switch {
		case c.Before == nil:
			out = append(out, "+"+c.ID())
		case c.After == nil:
			out = append(out, "-"+c.ID())
		default:
			var names []string
			for _, f := range c.Fields() {
				names = append(names, f.Name)
			}
			out = append(out, strings.TrimSpace("~"+c.ID()+" "+strings.Join(names, ",")))
		}
	}
	return out
}

func TestEachOperatorFunctionIsAnEntry(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		do   func(ctx context.Context, st Store) (Result, error)
		want Entry
		what []string
	}{
		"a start": {
			func(ctx context.Context, st Store) (Result, error) {
				return Start(ctx, st, StartOptions{Holder: "new", Actor: "ann", Origin: "command on web-1"})
			}, Entry{Action: ActionStart, Actor: "ann", Origin: "command on web-1"}, []string{"+"},
		},
		"a start whose actor is its holder": {
			func(ctx context.Context, st Store) (Result, error) {
				return Start(ctx, st, StartOptions{Holder: "new"})
			}, Entry{Action: ActionStart, Actor: "new"}, []string{"+"},
		},
		"a start that changes its holder's deployment": {
			func(ctx context.Context, st Store) (Result, error) {
				return Start(ctx, st, StartOptions{Holder: "x", Reason: new("r"), For: time.Hour})
			}, Entry{Action: ActionChange, Actor: "x"}, []string{"~mine expected_end,reason"},
		},
		"an end of one's own": {
			func(ctx context.Context, st Store) (Result, error) {
				return End(ctx, st, EndOptions{Holder: "x", Origin: "page from 192.0.2.7"})
			}, Entry{Action: ActionEnd, Actor: "x", Origin: "page from 192.0.2.7"}, []string{"-mine"},
		},
		"an end of everything": {
			func(ctx context.Context, st Store) (Result, error) {
				return End(ctx, st, EndOptions{All: true, Actor: "ann"})
			}, Entry{Action: ActionEnd, Actor: "ann"}, []string{"-mine", "-theirs", "-running"},
		},
		"an end by nobody that is named": {
			func(ctx context.Context, st Store) (Result, error) {
				return End(ctx, st, EndOptions{ID: "theirs"})
			}, Entry{Action: ActionEnd}, []string{"-theirs"},
		},
		"a window": {
			func(ctx context.Context, st Store) (Result, error) {
				return Schedule(ctx, st, WindowOptions{Start: noonUTC.Add(time.Hour), Actor: "ann", Origin: "o"})
			}, Entry{Action: ActionSchedule, Actor: "ann", Origin: "o"}, []string{"+"},
		},
		"an edit": {
			func(ctx context.Context, st Store) (Result, error) {
				return Edit(ctx, st, "coming", EditOptions{Enabled: new(false), End: new(noonUTC.Add(5 * time.Hour)), Actor: "ann", Origin: "o"})
			}, Entry{Action: ActionEdit, Actor: "ann", Origin: "o"}, []string{"~coming end,enabled"},
		},
		"an edit to what it was": {
			func(ctx context.Context, st Store) (Result, error) {
				return Edit(ctx, st, "coming", EditOptions{Enabled: new(true)})
			}, Entry{Action: ActionEdit}, []string{"~coming"},
		},
		"a cancel": {
			func(ctx context.Context, st Store) (Result, error) {
				return Cancel(ctx, st, "coming", CancelOptions{Actor: "ann", Origin: "o"})
			}, Entry{Action: ActionCancel, Actor: "ann", Origin: "o"}, []string{"-coming"},
		},
		"a reconcile": {
			func(ctx context.Context, st Store) (Result, error) {
				return Reconcile(ctx, st, ReconcileOptions{Above: 40, Actor: "ann", Origin: "o"})
			}, Entry{Action: ActionReconcile, Actor: "ann", Origin: "o"}, []string{},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := mixedStore()
			res, err := test.do(t.Context(), st)
			require.NoError(t, err)
			require.Len(t, st.log, 1)
			got := st.log[0]
			what := changed(got)
			for i, w := range test.what {
				if w == "+" {
					test.what[i] += res.Period.ID
				}
			}
			require.Equal(t, test.what, what)
			test.want.Time, test.want.Changes = noonUTC, got.Changes
			test.want.Revision, test.want.WriteID = res.After.Revision, res.After.WriteID
			require.Equal(t, test.want, got)
			for _, c := range got.Changes {
				if p, ok := res.After.Find(c.ID()); ok {
					require.Equal(t, p, *c.After)
				}
				if p, ok := res.Before.Find(c.ID()); ok {
					require.Equal(t, p, *c.Before)
				}
			}
		})
	}
}

func TestTheFirstDocumentIsAnEntry(t *testing.T) {
	t.Parallel()
	st := storeAt(noonUTC)
	res, err := Init(t.Context(), st, InitOptions{Actor: "root", Origin: "command on web-1"})
	require.NoError(t, err)
	require.Equal(t, []Entry{{
		Time: noonUTC, Revision: 1, WriteID: res.After.WriteID, Action: ActionInit, Actor: "root", Origin: "command on web-1", Changes: []Change{},
	}}, st.log)
}

func TestAnEntryIsOfTheWriteThatTookPlace(t *testing.T) {
	t.Parallel()
	t.Run("after a conflict it is of the next attempt", func(t *testing.T) {
		t.Parallel()
		st := storeAt(noonUTC, aDeployment("a", "x"))
		st.conflicts = 2
		res, err := Start(t.Context(), st, StartOptions{Holder: "new"})
		require.NoError(t, err)
		require.Len(t, st.log, 1)
		require.Equal(t, int64(10), st.log[0].Revision)
		require.Equal(t, res.After.WriteID, st.log[0].WriteID)
	})
	t.Run("an action that becomes another one by a conflict", func(t *testing.T) {
		t.Parallel()
		st := storeAt(noonUTC, aDeployment("a", "x"))
		other := true
		st.commit = func(*Document) (bool, error) {
			if !other {
				return true, nil
			}
			other = false
			st.doc = onTop(st.doc)
			st.doc.Periods = nil // somebody has ended it
			st.doc.seal()
			return false, ErrConflict
		}
		_, err := Start(t.Context(), st, StartOptions{Holder: "x"})
		require.NoError(t, err)
		require.Equal(t, ActionStart, st.log[0].Action)
		require.Nil(t, st.log[0].Changes[0].Before)
	})
	t.Run("of a document that somebody edited, it says so", func(t *testing.T) {
		t.Parallel()
		st := storeAt(noonUTC, aDeployment("a", "x"))
		st.doc.Periods[0].Reason = "by hand"
		_, err := End(t.Context(), st, EndOptions{All: true})
		require.NoError(t, err)
		_, err = Start(t.Context(), st, StartOptions{Holder: "x"})
		require.NoError(t, err)
		require.True(t, st.log[0].HandEdited)
		require.Equal(t, "by hand", st.log[0].Changes[0].Before.Reason)
		require.False(t, st.log[1].HandEdited)
	})
	t.Run("what is cleared away after a week is no change", func(t *testing.T) {
		t.Parallel()
		st := storeAt(noonUTC, aWindow("old", noonUTC.Add(-300*time.Hour), noonUTC.Add(-200*time.Hour)), aDeployment("a", "x"))
		res, err := End(t.Context(), st, EndOptions{All: true})
		require.NoError(t, err)
		require.Empty(t, res.After.Periods)
		require.Equal(t, []string{"-a"}, changed(st.log[0]))
	})
}

func TestAnEntryIsBounded(t *testing.T) {
	t.Parallel()
	crowd := func(n int, reason string) *trialStore {
		var ps []Period
		for i := range n {
			p := aDeployment(fmt.Sprint("d", i), "x")
			p.Reason = reason
			ps = append(ps, p)
		}
		return storeAt(noonUTC, ps...)
	}
	for name, test := range map[string]struct {
		st            *trialStore
		kept, omitted int
	}{
		"as many changes as it holds":    {crowd(MaxChanges, ""), MaxChanges, 0},
		"more are counted":               {crowd(MaxChanges+7, ""), MaxChanges, 7},
		"so are those that are too long": {crowd(MaxChanges, strings.Repeat("\x01", MaxReasonLen)), 3, MaxChanges - 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := End(t.Context(), test.st, EndOptions{All: true})
			require.NoError(t, err)
			e := test.st.log[0]
			require.Len(t, e.Changes, test.kept)
			require.Equal(t, test.omitted, e.Omitted)
			require.Equal(t, "d0", e.Changes[0].ID())
			_, err = EncodeEntry(e)
			require.NoError(t, err)
		})
	}
	t.Run("any one change fits", func(t *testing.T) {
		t.Parallel()
		p := aDeployment(strings.Repeat("Z", MaxIDLen), strings.Repeat("\x01", MaxNameLen))
		p.Reason = strings.Repeat("\x01", MaxReasonLen)
		p.CreatedBy, p.UpdatedBy, p.CreatedAt, p.UpdatedAt = p.Holder, p.Holder, noonUTC, noonUTC
		st := storeAt(noonUTC, p)
		_, err := Edit(t.Context(), st, p.ID, EditOptions{Emergency: new(true), Actor: p.Holder, Origin: p.Holder})
		require.NoError(t, err)
		require.Len(t, st.log[0].Changes, 1)
	})
}

func TestWhoAndFromWhereAreChecked(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", MaxNameLen+1)
	for name, test := range map[string]struct {
		actor, origin string
		want          string
	}{
		"a long actor":               {long, "", `actor: "257 bytes": want at most 256 bytes`},
		"a long origin":              {"", long, `origin: "257 bytes": want at most 256 bytes`},
		"an actor that is no UTF-8":  {"\xff", "", "actor"},
		"an origin that is no UTF-8": {"", "\xff", "origin"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := mixedStore()
			was := st.doc
			for _, do := range []func() (Result, error){
				func() (Result, error) {
					return End(t.Context(), st, EndOptions{All: true, Actor: test.actor, Origin: test.origin})
				},
				func() (Result, error) {
					return Cancel(t.Context(), st, "coming", CancelOptions{Actor: test.actor, Origin: test.origin})
				},
				func() (Result, error) {
					return Reconcile(t.Context(), st, ReconcileOptions{Actor: test.actor, Origin: test.origin})
				},
			} {
				_, err := do()
				require.ErrorContains(t, err, test.want)
				_, ok := errors.AsType[*FieldError](err)
				require.True(t, ok)
				require.Same(t, was, st.doc)
				require.Empty(t, st.log)
			}
		})
	}
}

func TestEntriesAreEncodedInOneLine(t *testing.T) {
	t.Parallel()
	p := aWindow("w", noonUTC.In(time.FixedZone("X", 3600)).Add(1234*time.Nanosecond), noonUTC.Add(time.Hour))
	p.Reason = "<b>\n\u2028"
	e := Entry{Time: noonUTC.Add(999 * time.Nanosecond), Revision: 7, WriteID: "w", Action: "later", Actor: "é\x00", Changes: []Change{{After: &p}}}
	b, err := EncodeEntry(e)
	require.NoError(t, err)
	require.NotContains(t, string(b), "\n")
	require.Contains(t, string(b), `{"time":"2026-03-08T12:00:00Z","revision":7,`, "as the log in a file begins")
	require.Contains(t, string(b), "<b>")
	got, err := DecodeEntry(b)
	require.NoError(t, err)
	require.Equal(t, "2026-03-08T12:00:00.000001Z", got.Changes[0].After.Start.Format(time.RFC3339Nano))
	require.Equal(t, noonUTC, got.Time)
	require.Equal(t, Action("later"), got.Action, "a later version's")
	require.Equal(t, e.Actor, got.Actor)
	require.Equal(t, 1234, p.Start.Nanosecond(), "what is encoded is not changed")
	again, err := EncodeEntry(got)
	require.NoError(t, err)
	require.Equal(t, string(b), string(again))

	e.Actor = strings.Repeat("a", MaxEntry)
	_, err = EncodeEntry(e)
	require.ErrorContains(t, err, "want at most 131072")
	e = Entry{Time: time.Date(12000, 1, 1, 0, 0, 0, 0, time.UTC), Action: ActionInit}
	_, err = EncodeEntry(e)
	require.ErrorContains(t, err, "log entry")
}

func TestDecodeEntryRefuses(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ given, want string }{
		"nothing":           {"", "unexpected end"},
		"half an entry":     {`{"time":"2026-03-08T12:00:00Z","acti`, "unexpected end"},
		"two entries":       {`{} {}`, "after top-level value"},
		"no time":           {`{"action":"end"}`, "has no time"},
		"no action":         {`{"time":"2026-03-08T12:00:00Z"}`, "has no action"},
		"too long an entry": {strings.Repeat(" ", MaxEntry+1), "want at most"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := DecodeEntry([]byte(test.given))
			require.ErrorContains(t, err, "log entry: ")
			require.ErrorContains(t, err, test.want)
		})
	}
	e, err := DecodeEntry([]byte(`{"time":"2026-03-08T12:00:00Z","action":"end","from_a_later_version":1}`))
	require.NoError(t, err)
	require.NotNil(t, e.Changes)
}

func FuzzDecodeEntry(f *testing.F) {
	for _, seed := range []string{
		`{"time":"2026-03-08T12:00:00Z","revision":7,"write_id":"w","action":"end","actor":"ann","changes":[{"before":{"id":"a"}}],"omitted":3}`,
		`{"time":"2026-03-08T12:00:00+05:30","action":"x","changes":[null,{"after":{"start":"0001-01-01T00:00:00Z"}}]}`,
		`{`, ``, `null`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := DecodeEntry(b)
		if err != nil {
			return
		}
		for _, c := range e.Changes {
			_, _ = c.Fields(), c.ID()
		}
		again, err := EncodeEntry(e)
		if err != nil {
			return // what is written in short, as a zero time, may be too long in full
		}
		same, err := DecodeEntry(again)
		require.NoError(t, err)
		require.Equal(t, e, same)
	})
}

// bare is a store that keeps no log.
type bare struct{ Store }

func TestLog(t *testing.T) {
	t.Parallel()
	_, err := Log(t.Context(), nil, 0)
	require.EqualError(t, err, "store: is nil")
	_, err = Log(t.Context(), bare{storeAt(noonUTC)}, 0)
	require.ErrorIs(t, err, ErrNoLog)
	require.EqualError(t, err, "trial: this store keeps no log")
	entries, err := Log(t.Context(), storeAt(noonUTC), 0)
	require.NoError(t, err)
	require.Equal(t, []Entry{}, entries)
	for given, want := range map[int]int{-1: MaxEntries, 0: MaxEntries, 1: 1, MaxEntries: MaxEntries, MaxEntries + 1: MaxEntries} {
		require.Equal(t, want, LogLimit(given))
	}
}

func TestAnEndMayBeConditional(t *testing.T) {
	t.Parallel()
	st := mixedStore()
	was := st.doc
	_, err := End(t.Context(), st, EndOptions{ID: "mine", Version: 2})
	require.ErrorIs(t, err, ErrConflict)
	require.ErrorContains(t, err, `"mine" has version 1 now, not 2`)
	_, err = End(t.Context(), st, EndOptions{All: true, Version: 1})
	require.ErrorContains(t, err, "version: 1: is that of one period; give its id")
	require.Same(t, was, st.doc)
	res, err := End(t.Context(), st, EndOptions{ID: "mine", Version: 1})
	require.NoError(t, err)
	require.Equal(t, []string{"mine"}, idsOf(res.Ended))
}
