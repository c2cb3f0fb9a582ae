package operator

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

// mixedStore holds one period of each sort, at noon.
func mixedStore() *trialStore {
	running := aWindow("running", noonUTC.Add(-time.Hour), noonUTC.Add(time.Hour))
	running.Holder = "x"
	disabled := aWindow("disabled", noonUTC.Add(-time.Hour), noonUTC.Add(time.Hour))
	disabled.Enabled = false
	return storeAt(
		noonUTC,
		aDeployment("mine", "x"), aDeployment("theirs", "y"), running, disabled,
		aWindow("coming", noonUTC.Add(time.Hour), noonUTC.Add(2*time.Hour)),
		aWindow("over", noonUTC.Add(-time.Hour), noonUTC),
	)
}

func TestEndRemovesWhatItEnds(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		given            EndOptions
		ended, inForce   []string
		stillInDocuments []string
	}{
		"the holder's own deployments": {
			given: EndOptions{Holder: "x"},
			ended: []string{"mine"}, inForce: []string{"theirs", "running"},
			stillInDocuments: []string{"theirs", "running", "disabled", "coming", "over"},
		},
		"another holder's by id": {
			given: EndOptions{ID: "theirs"},
			ended: []string{"theirs"}, inForce: []string{"mine", "running"},
			stillInDocuments: []string{"mine", "running", "disabled", "coming", "over"},
		},
		"a window in force by id": {
			given: EndOptions{ID: "running"},
			ended: []string{"running"}, inForce: []string{"mine", "theirs"},
			stillInDocuments: []string{"mine", "theirs", "disabled", "coming", "over"},
		},
		"everything in force, and nothing else": {
			given: EndOptions{All: true},
			ended: []string{"mine", "theirs", "running"}, inForce: []string{},
			stillInDocuments: []string{"disabled", "coming", "over"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res, err := on(mixedStore()).End(t.Context(), test.given)
			require.NoError(t, err)
			require.Equal(t, test.ended, idsOf(res.Ended))
			require.Equal(t, test.inForce, idsOf(res.InForce()))
			require.Equal(t, test.stillInDocuments, idsOf(res.After.Periods))
			require.Equal(t, int64(8), res.After.Revision)
			require.Equal(t, int64(5), res.After.CloseRev)
		})
	}
}

func TestEndOfNothingTellsTheState(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		given EndOptions
		want  error
		text  string
	}{
		"a holder without deployments":       {EndOptions{Holder: "z"}, ErrNothingToEnd, "nothing to end"},
		"an unknown id":                      {EndOptions{ID: "zzz"}, ErrNothingToEnd, `"zzz": no such period`},
		"a window that is over":              {EndOptions{ID: "over"}, ErrNothingToEnd, "was over at 2026-03-08T12:00:00Z"},
		"a window that is to come":           {EndOptions{ID: "coming"}, ErrNotInForce, "begins at 2026-03-08T13:00:00Z"},
		"a disabled window whose time it is": {EndOptions{ID: "disabled"}, ErrNotInForce, `"disabled" is disabled`},
		"neither holder nor id nor all":      {EndOptions{}, nil, "holder: is missing"},
		"an id and all, which contradict":    {EndOptions{ID: "mine", All: true}, nil, `id: "mine": want one of id, all and holder`},
		"a job without a holder":             {EndOptions{All: true, Job: new("j")}, nil, `job: "j": is a part of a holder`},
		"an id and a holder":                 {EndOptions{ID: "mine", Holder: "x"}, nil, `id: "mine": want one of id, all and holder`},
		"all and a holder":                   {EndOptions{All: true, Holder: "x"}, nil, `holder: "x": want one of id, all and holder`},
		"a blank holder":                     {EndOptions{Holder: " "}, nil, "holder: \" \": is missing"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := mixedStore()
			was := st.text
			res, err := on(st).End(t.Context(), test.given)
			require.ErrorContains(t, err, test.text)
			if test.want != nil {
				require.ErrorIs(t, err, test.want)
			}
			require.Equal(t, []string{"mine", "theirs", "running"}, idsOf(res.InForce()))
			require.Equal(t, st.doc(t), res.After)
			require.Equal(t, was, st.text)
			require.Equal(t, noonUTC, res.Time)
			require.Nil(t, res.Ended)
		})
	}
}

func TestEndWhereNothingWasEverWritten(t *testing.T) {
	t.Parallel()
	for _, o := range []EndOptions{{Holder: "x"}, {ID: "a"}, {All: true}} {
		st := storeAt(noonUTC)
		res, err := on(st).End(t.Context(), o)
		require.ErrorIs(t, err, ErrNothingToEnd)
		require.Nil(t, st.text)
		require.Nil(t, res.After)
		require.Equal(t, []period.Period{}, res.InForce())
	}
}

func TestEndAfterTheDocumentWasLost(t *testing.T) {
	t.Parallel()
	st := storeAt(noonUTC)
	st.gone = store.ErrLost
	for _, o := range []EndOptions{{Holder: "x"}, {ID: "a"}, {ID: "a", All: true}} {
		_, err := on(st).End(t.Context(), o)
		require.ErrorIs(t, err, store.ErrLost)
		require.Nil(t, st.text)
	}
	res, err := on(st).End(t.Context(), EndOptions{All: true})
	require.NoError(t, err)
	require.Equal(t, []period.Period{}, res.Ended)
	require.Empty(t, res.After.Periods)
	require.Equal(t, int64(1), res.After.Revision)
	require.NotEmpty(t, res.After.StoreID)
	require.Equal(t, period.AnyDocument, res.After.Replaces)
	require.False(t, res.After.HandEdited())
	require.Equal(t, "lost", st.log(t)[0].Anew)
}

func TestAnEndMayBeConditional(t *testing.T) {
	t.Parallel()
	st := mixedStore()
	was := st.text
	_, err := on(st).End(t.Context(), EndOptions{ID: "mine", IfVersion: new(int64(2))})
	require.ErrorIs(t, err, store.ErrConflict)
	require.ErrorContains(t, err, `"mine" has version 1 now, not 2`)
	_, err = on(st).End(t.Context(), EndOptions{All: true, IfVersion: new(int64(1))})
	require.ErrorContains(t, err, "version: 1: is that of one period; give its id")
	require.Equal(t, was, st.text)
	res, err := on(st).End(t.Context(), EndOptions{ID: "mine", IfVersion: new(int64(1))})
	require.NoError(t, err)
	require.Equal(t, []string{"mine"}, idsOf(res.Ended))
}
