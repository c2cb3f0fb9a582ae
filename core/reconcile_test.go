package core

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReconcileRaisesTheRevisionAndNothingElse(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ above, want int64 }{
		"above its own":                          {0, 8},
		"above a later one that a gate has seen": {41, 42},
		"above an earlier one":                   {3, 8},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := mixedStore()
			was := st.doc
			res, err := Reconcile(t.Context(), st, ReconcileOptions{Above: test.above})
			require.NoError(t, err)
			require.Equal(t, test.want, res.After.Revision)
			require.Equal(t, test.want, res.After.CloseRev)
			require.Equal(t, was.Periods, res.After.Periods)
			require.Equal(t, was.StoreID, res.After.StoreID)
			require.False(t, res.After.HandEdited())
			require.Equal(t, []string{"mine", "theirs", "running"}, idsOf(res.InForce))
		})
	}
}

func TestReconcileRefuses(t *testing.T) {
	t.Parallel()
	for _, above := range []int64{-1, MaxRevision} {
		_, err := Reconcile(t.Context(), mixedStore(), ReconcileOptions{Above: above})
		require.ErrorAs(t, err, new(*FieldError))
		require.ErrorContains(t, err, "above: ")
	}
	full := mixedStore()
	_, err := Reconcile(t.Context(), full, ReconcileOptions{Above: full.doc.Revision + maxRaise + 1})
	require.ErrorAs(t, err, new(*FieldError))
	require.ErrorContains(t, err, "is more than 1000000000000 above the document's revision 7")
	require.EqualValues(t, 7, full.doc.Revision)
	_, err = Reconcile(t.Context(), full, ReconcileOptions{Above: full.doc.Revision + maxRaise})
	require.NoError(t, err)
	st := storeAt(noonUTC)
	_, err = Reconcile(t.Context(), st, ReconcileOptions{Above: 4})
	require.ErrorContains(t, err, "nothing was ever written")
	require.Nil(t, st.doc)
	st.load = func(int) error { return ErrLost }
	_, err = Reconcile(t.Context(), st, ReconcileOptions{Above: 4})
	require.ErrorIs(t, err, ErrLost)
}
