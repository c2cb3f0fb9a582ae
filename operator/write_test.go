package operator

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

func TestTheFirstWriteMakesTheDocument(t *testing.T) {
	t.Parallel()
	st := storeAt(noonUTC)
	res, err := on(st).Start(t.Context(), StartOptions{Holder: "alice@host"})
	require.NoError(t, err)
	require.Nil(t, res.Before)
	require.Len(t, res.After.StoreID, 26)
	require.Equal(t, int64(1), res.After.Revision)
	require.Equal(t, int64(1), res.After.CloseRev)
	require.False(t, res.After.HandEdited())
	require.Equal(t, []period.Period{res.Period}, res.InForce())

	again, err := on(st).End(t.Context(), EndOptions{Holder: "alice@host"})
	require.NoError(t, err)
	require.Equal(t, res.After.StoreID, again.After.StoreID)
	require.Equal(t, int64(2), again.After.Revision)
	require.NotEqual(t, res.After.WriteID, again.After.WriteID)
	require.NotNil(t, again.After.Periods)
}

func TestAWriteChangesNoDocumentThatWasRead(t *testing.T) {
	t.Parallel()
	st := storeAt(noonUTC, aDeployment("a", "x"), aWindow("w", noonUTC.Add(time.Hour), noonUTC.Add(2*time.Hour)))
	read, err := on(st).Read(t.Context())
	require.NoError(t, err)
	before, err := read.Document.Encode()
	require.NoError(t, err)
	_, err = on(st).Start(t.Context(), StartOptions{Holder: "x", Reason: new("new")})
	require.NoError(t, err)
	_, err = on(st).Edit(t.Context(), "w", EditOptions{Reason: new("new")})
	require.NoError(t, err)
	_, err = on(st).End(t.Context(), EndOptions{All: true})
	require.NoError(t, err)
	after, err := read.Document.Encode()
	require.NoError(t, err)
	require.Equal(t, string(before), string(after))
}

func TestAWriteIsRepeatedAfterConflicts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := storeAt(noonUTC, aDeployment("a", "y"))
		st.conflicts = 20
		res, err := on(st).Start(t.Context(), StartOptions{Holder: "x"})
		require.NoError(t, err)
		require.Equal(t, int64(7+20+1), res.After.Revision)
		require.Equal(t, []string{"a", res.Period.ID}, idsOf(res.After.Periods))
	})
}

func TestAWriteGivesUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := storeAt(noonUTC, aDeployment("a", "x"))
		st.conflicts = swapAttempts
		_, err := on(st).Start(t.Context(), StartOptions{Holder: "x"})
		require.ErrorIs(t, err, store.ErrConflict)
		require.ErrorContains(t, err, "100 attempts")

		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
		defer cancel()
		st.conflicts = 1 << 30
		_, err = on(st).Start(ctx, StartOptions{Holder: "x"})
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

func TestConcurrentStartsOfOneHolderMakeOneDeployment(t *testing.T) {
	t.Parallel()
	st := storeAt(noonUTC)
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			_, err := by(st, fmt.Sprint("job", i)).Start(t.Context(), StartOptions{Holder: "ci"})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	d := st.doc(t)
	require.Len(t, d.Periods, 1)
	require.Equal(t, int64(16), d.Periods[0].Version)
	require.Equal(t, int64(16), d.Revision)
	require.Equal(t, int64(1), d.CloseRev)
	require.Len(t, st.log(t), 16)
}

func TestEveryMethodNeedsAStore(t *testing.T) {
	t.Parallel()
	var o Operator
	_, err := o.Start(t.Context(), StartOptions{Holder: "x"})
	require.EqualError(t, err, "store: is nil")
	_, err = o.Read(t.Context())
	require.EqualError(t, err, "store: is nil")
	_, err = o.Log(t.Context(), 0)
	require.EqualError(t, err, "store: is nil")
	_, err = o.Fleet(t.Context())
	require.EqualError(t, err, "store: is nil")
}

func TestAWriteRemovesPeriodsThatWereOverForAWeek(t *testing.T) {
	t.Parallel()
	week := 7 * 24 * time.Hour
	old := aWindow("old", noonUTC.Add(-week-time.Hour), noonUTC.Add(-week))
	fresh := aWindow("fresh", noonUTC.Add(-week-time.Hour), noonUTC.Add(-week+time.Microsecond))
	st := storeAt(noonUTC, old, fresh, aDeployment("a", "x"))
	res, err := on(st).End(t.Context(), EndOptions{All: true})
	require.NoError(t, err)
	require.Equal(t, []string{"fresh"}, idsOf(res.After.Periods))
	require.Equal(t, int64(5), res.After.CloseRev, "the refused set did not grow")
}

func TestTheDocumentIsBounded(t *testing.T) {
	t.Parallel()
	var full []period.Period
	for i := range 20 {
		full = append(full, aWindow(fmt.Sprint("w", i), noonUTC.Add(time.Hour), noonUTC.Add(2*time.Hour)))
	}
	st := storeAt(noonUTC, full...)
	compact, err := st.doc(t).Fit(0)
	require.NoError(t, err)
	st.limit = len(compact) + 100
	was := st.text
	res, err := on(st).Start(t.Context(), StartOptions{Holder: "x", Reason: new(strings.Repeat("r", 100))})
	require.ErrorIs(t, err, store.ErrTooLarge)
	size, ok := errors.AsType[*store.TooLargeError](err)
	require.True(t, ok)
	require.Equal(t, st.limit, size.Limit)
	require.Greater(t, size.Size, size.Limit)
	require.Equal(t, was, st.text)
	require.Len(t, res.After.Periods, 20, "the state that was read")
	require.Equal(t, CodeFull, Explain(err).Code)

	for _, id := range []string{"w17", "w3"} {
		_, err = on(st).Cancel(t.Context(), id, CancelOptions{})
		require.NoError(t, err)
	}
	_, err = on(st).Start(t.Context(), StartOptions{Holder: "x", Reason: new(strings.Repeat("r", 100))})
	require.NoError(t, err)
	require.LessOrEqual(t, len(st.text), st.limit)
}

func TestTheRevisionIsBounded(t *testing.T) {
	t.Parallel()
	st := storeAt(noonUTC, aDeployment("a", "x"))
	st.change(func(d *period.Document) { d.Revision = period.MaxRevision })
	_, err := on(st).End(t.Context(), EndOptions{All: true})
	require.ErrorContains(t, err, "revision: 9007199254740991: is the highest one")
}

// TestAnEndAlwaysFits ends the last of a document's deployments at the limit of a store.
func TestAnEndAlwaysFits(t *testing.T) {
	t.Parallel()
	var ps []period.Period
	for i := range 100 {
		p := aDeployment(fmt.Sprint("d", i), fmt.Sprint("h", i))
		p.Reason = strings.Repeat("r", period.MaxReasonLen)
		ps = append(ps, p)
	}
	worst := strings.Repeat("\x01", period.MaxNameLen)
	for name, end := range map[string]EndOptions{"one": {ID: "d17"}, "a holder's": {Holder: "h3"}, "all": {All: true}} {
		for form, makeText := range map[string]func(d *period.Document) ([]byte, error){
			"indented": func(d *period.Document) ([]byte, error) { return d.Encode() },
			"compact":  func(d *period.Document) ([]byte, error) { return d.Fit(0) },
		} {
			t.Run(name+", "+form, func(t *testing.T) {
				t.Parallel()
				st := storeAt(noonUTC, ps...)
				text, err := makeText(st.doc(t))
				require.NoError(t, err)
				st.text, st.limit = text, len(text)
				require.Less(t, len(text), period.MaxDocument)
				res, err := Operator{Store: st, Actor: worst, Origin: worst}.End(t.Context(), end)
				require.NoError(t, err)
				require.NotEmpty(t, res.Ended)
				require.LessOrEqual(t, len(st.text), st.limit)
				require.Len(t, st.log(t), 1, "the place of the period is enough for the entry")
			})
		}
	}
	t.Run("a document without counters, written by hand", func(t *testing.T) {
		t.Parallel()
		st := storeAt(noonUTC)
		var periods []string
		for i := range 20 {
			periods = append(periods, fmt.Sprintf(`  {"id": "d%d", "kind": "deployment", "start": "2026-03-08T11:00:00Z", "enabled": true, "version": 1}`, i))
		}
		st.text = []byte("{\"format\": 1, \"periods\": [\n" + strings.Join(periods, ",\n") + "\n]}\n")
		st.limit = len(st.text)
		_, err := on(st).End(t.Context(), EndOptions{ID: "d7"})
		require.NoError(t, err)
		require.Len(t, st.doc(t).Periods, 19)
	})
	t.Run("the first of many that are in force, which then keep since when the site is down", func(t *testing.T) {
		t.Parallel()
		var ps []period.Period
		for i := range 50 {
			p := aDeployment(fmt.Sprint("d", i), "x")
			if i == 0 {
				p.Start = p.Start.Add(-time.Hour)
			}
			ps = append(ps, p)
		}
		st := storeAt(noonUTC, ps...)
		text, err := st.doc(t).Fit(0)
		require.NoError(t, err)
		st.text, st.limit = text, len(text)
		_, err = on(st).End(t.Context(), EndOptions{ID: "d0"})
		require.NoError(t, err)
		require.Len(t, st.doc(t).Periods, 49)
	})
	t.Run("every compact document by hand that is read", func(t *testing.T) {
		t.Parallel()
		const before, after, one = `{"format":1,"periods":[`, `]}`, `{"id":"%06d","kind":"deployment","start":"2026-03-08T11:00:00Z","enabled":true},`
		st := storeAt(noonUTC)
		ended := 0
		for n := (period.MaxDocument - 300_000) / len(one); n < period.MaxDocument/len(one); n += 100 {
			var text strings.Builder
			text.WriteString(before)
			for i := range n {
				fmt.Fprintf(&text, one, i)
			}
			st.text = []byte(strings.TrimSuffix(text.String(), ",") + after)
			_, err := on(st).End(t.Context(), EndOptions{ID: "000000"})
			require.NotErrorIs(t, err, store.ErrTooLarge)
			if err == nil {
				ended++
				continue
			}
			require.ErrorIs(t, err, ErrUnreadable)
		}
		require.Positive(t, ended)
	})
}

func TestCloseRevision(t *testing.T) {
	t.Parallel()
	later := func(h int) *time.Time { return new(noonUTC.Add(time.Duration(h) * time.Hour)) }
	for name, test := range map[string]struct {
		edit EditOptions
		grew bool
	}{
		"an earlier start closes more":             {EditOptions{Start: later(1)}, true},
		"a later start does not":                   {EditOptions{Start: later(3)}, false},
		"a later end closes more":                  {EditOptions{End: later(7)}, true},
		"an earlier end does not":                  {EditOptions{End: later(5)}, false},
		"no end closes more":                       {EditOptions{End: &time.Time{}}, true},
		"shifted later: the tail is new":           {EditOptions{Start: later(3), End: later(7)}, true},
		"a reason changes nothing that is closed":  {EditOptions{Reason: new("x"), Emergency: new(true)}, false},
		"an expected end opens and closes nothing": {EditOptions{ExpectedEnd: later(9)}, false},
		"disabling does not":                       {EditOptions{Enabled: new(false)}, false},
		"disabled, with a later end":               {EditOptions{Enabled: new(false), End: later(9)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := storeAt(noonUTC, aWindow("w", *later(2), *later(6)))
			res, err := on(st).Edit(t.Context(), "w", test.edit)
			require.NoError(t, err)
			require.Equal(t, int64(8), res.After.Revision)
			if test.grew {
				require.Equal(t, int64(8), res.After.CloseRev)
			} else {
				require.Equal(t, int64(5), res.After.CloseRev)
			}
		})
	}
	t.Run("enabling again closes more", func(t *testing.T) {
		t.Parallel()
		w := aWindow("w", *later(2), *later(6))
		w.Enabled = false
		res, err := on(storeAt(noonUTC, w)).Edit(t.Context(), "w", EditOptions{Enabled: new(true)})
		require.NoError(t, err)
		require.Equal(t, int64(8), res.After.CloseRev)
	})
	t.Run("an end given to an endless window does not", func(t *testing.T) {
		t.Parallel()
		res, err := on(storeAt(noonUTC, aWindow("w", *later(2), time.Time{}))).Edit(t.Context(), "w", EditOptions{End: later(9)})
		require.NoError(t, err)
		require.Equal(t, int64(5), res.After.CloseRev)
	})
}

func TestAnEditByHandCountsAsClosing(t *testing.T) {
	t.Parallel()
	st := storeAt(noonUTC, aDeployment("a", "x"))
	d := st.doc(t)
	d.Periods[0].End = noonUTC.Add(time.Hour)
	st.put(d)
	res, err := on(st).Edit(t.Context(), "a", EditOptions{Reason: new("r")})
	require.NoError(t, err)
	require.Equal(t, int64(8), res.After.CloseRev, "it may refuse more than the write before it")
	res, err = on(st).Edit(t.Context(), "a", EditOptions{Reason: new("s")})
	require.NoError(t, err)
	require.Equal(t, int64(8), res.After.CloseRev)
}

func TestADocumentMadeByHandGetsAnID(t *testing.T) {
	t.Parallel()
	st := storeAt(noonUTC)
	st.text = []byte(`{"format":1,"periods":[]}`)
	res, err := on(st).Start(t.Context(), StartOptions{Holder: "x"})
	require.NoError(t, err)
	require.Empty(t, res.After.Replaces, "a gate that has seen it gives way to its next write anyway")
	require.NotEmpty(t, res.After.StoreID)
	require.Equal(t, int64(1), res.After.Revision)
	require.True(t, st.log(t)[0].HandEdited)
	require.Empty(t, st.log(t)[0].Anew)
}

func TestIDsAreReadableAndUnique(t *testing.T) {
	t.Parallel()
	d := &period.Document{}
	for range 2000 {
		id := newID(d)
		require.Regexp(t, `^[bcdfghjkmnpqrstvwxz][bcdfghjkmnpqrstvwxz2-9]{5}$`, id)
		_, taken := d.Find(id)
		require.False(t, taken)
		d.Periods = append(d.Periods, period.Period{ID: id})
	}
}

func TestReplacesEndsOnceAllLiveInstancesHaveAdopted(t *testing.T) {
	t.Parallel()
	row := func(id, storeID string) store.Row {
		b, err := period.Row{ID: id, State: period.Open, StoreID: storeID, Reads: period.Reads()}.Encode()
		require.NoError(t, err)
		return store.Row{Key: id, Bytes: b, Life: store.Live}
	}
	for name, c := range map[string]struct {
		rows  []store.Row
		keeps bool
	}{
		"no instance has reported":             {nil, true},
		"one still has another document":       {[]store.Row{row("a", "s"), row("b", "lost")}, true},
		"one has no document yet":              {[]store.Row{row("a", "s"), row("b", "")}, true},
		"one cannot be read":                   {[]store.Row{row("a", "s"), {Key: "b", Bytes: []byte("{"), Life: store.Live}}, true},
		"all have adopted it":                  {[]store.Row{row("a", "s"), row("b", "s")}, false},
		"all live ones have adopted it":        {[]store.Row{row("a", "s"), {Key: "b", Life: store.Expired}}, false},
		"a row names an id that cannot be one": {[]store.Row{row("a", "s"), row("b", "not an id")}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, !c.keeps, adopted(c.rows, "s"))
		})
	}
}
