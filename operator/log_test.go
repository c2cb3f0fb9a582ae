package operator

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

// changed names the changes of an entry: "+a" added, "-a" removed, "~a reason,end" changed.
func changed(e period.Entry) []string {
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

func TestEachWriteIsAnEntry(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		actor, origin string
		do            func(o Operator) (Result, error)
		want          period.Entry
		what          []string
	}{
		"a start": {
			"ann", "command on web-1",
			func(o Operator) (Result, error) { return o.Start(t.Context(), StartOptions{Holder: "new"}) },
			period.Entry{Action: period.ActionStart, Actor: "ann", Origin: "command on web-1"},
			[]string{"+"},
		},
		"a start whose actor is its holder": {
			"", "",
			func(o Operator) (Result, error) { return o.Start(t.Context(), StartOptions{Holder: "new"}) },
			period.Entry{Action: period.ActionStart, Actor: "new"},
			[]string{"+"},
		},
		"a start that changes its holder's deployment": {
			"x", "",
			func(o Operator) (Result, error) {
				return o.Start(t.Context(), StartOptions{Reason: new("r"), ExpectedAfter: time.Hour})
			},
			period.Entry{Action: period.ActionChange, Actor: "x"},
			[]string{"~mine expected_end,reason"},
		},
		"an end by the holder": {
			"", "page from 192.0.2.7",
			func(o Operator) (Result, error) { return o.End(t.Context(), EndOptions{Holder: "x"}) },
			period.Entry{Action: period.ActionEnd, Actor: "x", Origin: "page from 192.0.2.7"},
			[]string{"-mine"},
		},
		"an end of everything": {
			"ann", "",
			func(o Operator) (Result, error) { return o.End(t.Context(), EndOptions{All: true}) },
			period.Entry{Action: period.ActionEnd, Actor: "ann"},
			[]string{"-mine", "-theirs", "-running"},
		},
		"an end without an actor": {
			"", "",
			func(o Operator) (Result, error) { return o.End(t.Context(), EndOptions{ID: "theirs"}) },
			period.Entry{Action: period.ActionEnd},
			[]string{"-theirs"},
		},
		"a window": {
			"ann", "o",
			func(o Operator) (Result, error) {
				return o.Schedule(t.Context(), WindowOptions{Start: noonUTC.Add(time.Hour)})
			},
			period.Entry{Action: period.ActionSchedule, Actor: "ann", Origin: "o"},
			[]string{"+"},
		},
		"an edit": {
			"ann", "o",
			func(o Operator) (Result, error) {
				return o.Edit(t.Context(), "coming", EditOptions{Enabled: new(false), End: new(noonUTC.Add(5 * time.Hour))})
			},
			period.Entry{Action: period.ActionEdit, Actor: "ann", Origin: "o"},
			[]string{"~coming end,enabled"},
		},
		"an edit to the same value": {
			"", "",
			func(o Operator) (Result, error) {
				return o.Edit(t.Context(), "coming", EditOptions{Enabled: new(true)})
			},
			period.Entry{Action: period.ActionEdit},
			[]string{"~coming"},
		},
		"a cancel": {
			"ann", "o",
			func(o Operator) (Result, error) { return o.Cancel(t.Context(), "coming", CancelOptions{}) },
			period.Entry{Action: period.ActionCancel, Actor: "ann", Origin: "o"},
			[]string{"-coming"},
		},
		"a reconcile": {
			"ann", "o",
			func(o Operator) (Result, error) { return o.Reconcile(t.Context(), ReconcileOptions{Above: 40}) },
			period.Entry{Action: period.ActionReconcile, Actor: "ann", Origin: "o"},
			[]string{},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := mixedStore()
			res, err := test.do(Operator{Store: st, Actor: test.actor, Origin: test.origin})
			require.NoError(t, err)
			require.Len(t, st.log(t), 1)
			got := st.log(t)[0]
			what := changed(got)
			for i, w := range test.what {
				if w == "+" {
					test.what[i] += res.Period.ID
				}
			}
			require.Equal(t, test.what, what)
			test.want.Time, test.want.Changes = noonUTC, got.Changes
			test.want.Revision, test.want.Write = res.After.Revision, period.WriteHalf(res.After.WriteID)
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
	res, err := Operator{Store: st, Actor: "root", Origin: "command on web-1"}.Init(t.Context(), InitOptions{})
	require.NoError(t, err)
	require.Equal(t, []period.Entry{{
		Time: noonUTC, Revision: 1, Write: period.WriteHalf(res.After.WriteID), Action: period.ActionInit, Actor: "root", Origin: "command on web-1",
		Changes: []period.Change{},
	}}, st.log(t))
}

func TestAnEntryIsOfTheWriteThatTookPlace(t *testing.T) {
	t.Parallel()
	t.Run("after a conflict it is of the next attempt", func(t *testing.T) {
		t.Parallel()
		st := storeAt(noonUTC, aDeployment("a", "x"))
		st.conflicts = 2
		res, err := on(st).Start(t.Context(), StartOptions{Holder: "new"})
		require.NoError(t, err)
		require.Len(t, st.log(t), 1)
		require.Equal(t, int64(10), st.log(t)[0].Revision)
		require.Equal(t, period.WriteHalf(res.After.WriteID), st.log(t)[0].Write)
	})
	t.Run("an action that becomes another one by a conflict", func(t *testing.T) {
		t.Parallel()
		st := storeAt(noonUTC, aDeployment("a", "x"))
		other := true
		st.swap = func() (bool, error) {
			if !other {
				return true, nil
			}
			other = false
			st.change(func(d *period.Document) { d.Periods = nil }) // another operator has ended it
			return false, store.ErrConflict
		}
		_, err := on(st).Start(t.Context(), StartOptions{Holder: "x"})
		require.NoError(t, err)
		require.Equal(t, period.ActionStart, st.log(t)[0].Action)
		require.Nil(t, st.log(t)[0].Changes[0].Before)
	})
	t.Run("after an edit by hand it says so", func(t *testing.T) {
		t.Parallel()
		st := storeAt(noonUTC, aDeployment("a", "x"))
		d := st.doc(t)
		d.Periods[0].Reason = "by hand"
		st.put(d)
		_, err := on(st).End(t.Context(), EndOptions{All: true})
		require.NoError(t, err)
		_, err = on(st).Start(t.Context(), StartOptions{Holder: "x"})
		require.NoError(t, err)
		require.True(t, st.log(t)[0].HandEdited)
		require.Equal(t, "by hand", st.log(t)[0].Changes[0].Before.Reason)
		require.False(t, st.log(t)[1].HandEdited)
	})
	t.Run("an edit of the log alone is no edit of the content", func(t *testing.T) {
		t.Parallel()
		st := storeAt(noonUTC, aDeployment("a", "x"))
		_, err := on(st).Edit(t.Context(), "a", EditOptions{Reason: new("r")})
		require.NoError(t, err)
		d := st.doc(t)
		d.Log = period.Log{}
		st.put(d)
		_, err = on(st).End(t.Context(), EndOptions{All: true})
		require.NoError(t, err)
		require.Len(t, st.log(t), 1, "a document without a log is valid")
		require.False(t, st.log(t)[0].HandEdited)
	})
	t.Run("periods that are removed after a week are no change", func(t *testing.T) {
		t.Parallel()
		st := storeAt(noonUTC, aWindow("old", noonUTC.Add(-300*time.Hour), noonUTC.Add(-200*time.Hour)), aDeployment("a", "x"))
		res, err := on(st).End(t.Context(), EndOptions{All: true})
		require.NoError(t, err)
		require.Empty(t, res.After.Periods)
		require.Equal(t, []string{"-a"}, changed(st.log(t)[0]))
	})
}

func TestALargeEntryNeverStopsAWrite(t *testing.T) {
	t.Parallel()
	var crowd []period.Period
	for i := range 100 {
		p := aDeployment(fmt.Sprint("d", i), "x")
		p.Reason = strings.Repeat("\x01", 1000)
		crowd = append(crowd, p)
	}
	st := storeAt(noonUTC, crowd...)
	_, err := on(st).End(t.Context(), EndOptions{All: true})
	require.NoError(t, err)
	e := st.log(t)[0]
	require.NotEmpty(t, e.Changes)
	require.Equal(t, "d0", e.Changes[0].ID())
	require.Equal(t, 100, len(e.Changes)+e.Omitted)

	// In this change every text has its maximum length.
	p := aDeployment(strings.Repeat("Z", period.MaxIDLen), strings.Repeat("\x01", period.MaxNameLen))
	p.Reason = strings.Repeat("\x01", period.MaxReasonLen)
	p.CreatedBy, p.UpdatedBy, p.CreatedAt, p.UpdatedAt = p.Holder, p.Holder, noonUTC, noonUTC
	st = storeAt(noonUTC, p)
	_, err = Operator{Store: st, Actor: p.Holder, Origin: p.Holder}.Edit(t.Context(), p.ID, EditOptions{Emergency: new(true)})
	require.NoError(t, err)
	require.Len(t, st.log(t), 1)
}

func TestALogThatCannotBeDecodedNeverStopsAWrite(t *testing.T) {
	t.Parallel()
	st := storeAt(noonUTC, aDeployment("a", "x"))
	text, found := strings.CutSuffix(string(st.text), "\n}\n")
	require.True(t, found)
	st.text = []byte(text + `, "log": ["rubbish", {"time": "long ago"}, 7]}`)
	_, err := on(st).End(t.Context(), EndOptions{All: true})
	require.NoError(t, err)
	entries, err := on(st).Log(t.Context(), 0)
	require.Len(t, entries, 1)
	for _, want := range []string{"log[0]: ", "log[1]: ", "log[2]: "} {
		require.ErrorContains(t, err, want)
	}
	entries, err = on(st).Log(t.Context(), 1)
	require.Len(t, entries, 1)
	require.Error(t, err)
}

func TestTheLogIsBounded(t *testing.T) {
	t.Parallel()
	st := storeAt(noonUTC, aDeployment("a", "x"))
	for i := range period.MaxEntries + 5 {
		_, err := on(st).Edit(t.Context(), "a", EditOptions{Emergency: new(i%2 == 0)})
		require.NoError(t, err)
	}
	entries, err := on(st).Log(t.Context(), 0)
	require.NoError(t, err)
	require.LessOrEqual(t, len(entries), period.MaxEntries)
	require.Greater(t, len(entries), 100)
	for i, e := range entries {
		require.Equal(t, int64(7+period.MaxEntries+5-i), e.Revision, "the newest first, without a gap")
	}
}

func TestTheLogIsShortenedRatherThanMakingAWriteFail(t *testing.T) {
	t.Parallel()
	st := storeAt(noonUTC, aDeployment("a", "x"))
	st.limit = len(st.text) + 1000
	for i := range 10 {
		_, err := on(st).Edit(t.Context(), "a", EditOptions{Emergency: new(i%2 == 0)})
		require.NoError(t, err)
		require.LessOrEqual(t, len(st.text), st.limit)
		require.Equal(t, st.doc(t).Revision, st.log(t)[len(st.log(t))-1].Revision)
	}
	require.Less(t, len(st.log(t)), 4)
	require.False(t, st.doc(t).HandEdited())
}

func TestWhoAndFromWhereAreChecked(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", period.MaxNameLen+1)
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
			was := st.text
			o := Operator{Store: st, Actor: test.actor, Origin: test.origin}
			for _, do := range []func() (Result, error){
				func() (Result, error) { return o.End(t.Context(), EndOptions{All: true}) },
				func() (Result, error) { return o.Cancel(t.Context(), "coming", CancelOptions{}) },
				func() (Result, error) { return o.Reconcile(t.Context(), ReconcileOptions{}) },
			} {
				_, err := do()
				require.ErrorContains(t, err, test.want)
				_, ok := errors.AsType[*period.FieldError](err)
				require.True(t, ok)
				require.Equal(t, was, st.text)
			}
		})
	}
}

func TestAStateSaysWhetherTheSiteIsDown(t *testing.T) {
	t.Parallel()
	st := storeAt(noonUTC)
	s, err := on(st).Read(t.Context())
	require.NoError(t, err)
	require.Zero(t, s.Verdict())
	require.Equal(t, []period.Period{}, s.InForce())
	res, err := on(st).Start(t.Context(), StartOptions{Holder: "x", ExpectedAfter: time.Hour})
	require.NoError(t, err)
	require.Equal(t, noonUTC.Add(time.Hour), res.State().Verdict().Until)
	s, err = on(st).Read(t.Context())
	require.NoError(t, err)
	require.Equal(t, State{Document: res.After, Token: store.TokenOf(st.text), Time: noonUTC}, s)
}

func TestLog(t *testing.T) {
	t.Parallel()
	st := storeAt(noonUTC)
	entries, err := on(st).Log(t.Context(), 0)
	require.NoError(t, err)
	require.Equal(t, []period.Entry{}, entries, "nothing was ever written")
	for range 3 {
		_, err := on(st).Start(t.Context(), StartOptions{Holder: "x"})
		require.NoError(t, err)
	}
	for limit, want := range map[int]int{-1: 3, 0: 3, 1: 1, 3: 3, 4: 3} {
		entries, err := on(st).Log(t.Context(), limit)
		require.NoError(t, err)
		require.Len(t, entries, want)
		require.Equal(t, int64(3), entries[0].Revision, "the newest")
	}
	st.text, st.gone = nil, store.ErrLost
	entries, err = on(st).Log(t.Context(), 0)
	require.ErrorIs(t, err, store.ErrLost)
	require.Equal(t, []period.Entry{}, entries)
}
