package core

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
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
		"anybody's by id": {
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
			res, err := End(t.Context(), mixedStore(), test.given)
			require.NoError(t, err)
			require.Equal(t, test.ended, idsOf(res.Ended))
			require.Equal(t, test.inForce, idsOf(res.InForce))
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
		"a holder without deployments":        {EndOptions{Holder: "z"}, ErrNothingToEnd, "nothing to end"},
		"an unknown id":                       {EndOptions{ID: "zzz"}, ErrNothingToEnd, `"zzz": no such period`},
		"a window that is over":               {EndOptions{ID: "over"}, ErrNothingToEnd, "was over at 2026-03-08T12:00:00Z"},
		"a window that is to come":            {EndOptions{ID: "coming"}, ErrNotInForce, "begins at 2026-03-08T13:00:00Z"},
		"a disabled window whose time it is":  {EndOptions{ID: "disabled"}, ErrNotInForce, `"disabled" is disabled`},
		"neither holder nor id nor all":       {EndOptions{}, nil, "holder: is missing"},
		"an id and all, which contradict":     {EndOptions{ID: "mine", All: true}, nil, `id: "mine": want one of id, all and holder`},
		"an id and a holder":                  {EndOptions{ID: "mine", Holder: "x"}, nil, `id: "mine": want one of id, all and holder`},
		"all and a holder":                    {EndOptions{All: true, Holder: "x"}, nil, `holder: "x": want one of id, all and holder`},
		"a blank holder owns nothing, anyway": {EndOptions{Holder: " "}, nil, "holder: \" \": is missing"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := mixedStore()
			was := st.doc
			res, err := End(t.Context(), st, test.given)
			require.ErrorContains(t, err, test.text)
			if test.want != nil {
				require.ErrorIs(t, err, test.want)
			}
			require.Equal(t, []string{"mine", "theirs", "running"}, idsOf(res.InForce))
			require.Same(t, was, res.After)
			require.Same(t, was, st.doc)
			require.Equal(t, noonUTC, res.Time)
			require.Nil(t, res.Ended)
		})
	}
}

func TestEndWhereNothingWasEverWritten(t *testing.T) {
	t.Parallel()
	for _, o := range []EndOptions{{Holder: "x"}, {ID: "a"}, {All: true}} {
		st := storeAt(noonUTC)
		res, err := End(t.Context(), st, o)
		require.ErrorIs(t, err, ErrNothingToEnd)
		require.Nil(t, st.doc)
		require.Nil(t, res.After)
		require.NotNil(t, res.InForce)
		require.Empty(t, res.InForce)
	}
}

func TestEndAfterTheDocumentWasLost(t *testing.T) {
	t.Parallel()
	st := storeAt(noonUTC)
	st.load = func(int) error {
		if st.doc == nil {
			return ErrLost
		}
		return nil
	}
	for _, o := range []EndOptions{{Holder: "x"}, {ID: "a"}, {ID: "a", All: true}} {
		_, err := End(t.Context(), st, o)
		require.ErrorIs(t, err, ErrLost)
		require.Nil(t, st.doc)
	}
	res, err := End(t.Context(), st, EndOptions{All: true})
	require.NoError(t, err)
	require.Empty(t, res.Ended)
	require.Empty(t, res.After.Periods)
	require.Equal(t, int64(1), res.After.Revision)
	require.NotEmpty(t, res.After.StoreID)
	require.False(t, res.After.HandEdited())
}
