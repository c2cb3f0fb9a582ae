package operator

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

func TestReconcileRaisesTheRevisionAndNothingElse(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ above, want, reconciled int64 }{
		"above its own":                          {0, 8, 7},
		"above a later one that a gate has seen": {41, 42, 41},
		"above an earlier one":                   {3, 8, 7},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := mixedStore()
			was := st.doc(t)
			res, err := on(st).Reconcile(t.Context(), ReconcileOptions{Above: test.above})
			require.NoError(t, err)
			require.Equal(t, test.want, res.After.Revision)
			require.Equal(t, test.want, res.After.CloseRev)
			require.Equal(t, test.reconciled, res.After.Reconciled)
			require.Equal(t, was.Periods, res.After.Periods)
			require.Equal(t, was.StoreID, res.After.StoreID)
			require.Empty(t, res.After.Replaces)
			require.False(t, res.After.HandEdited())
			require.Equal(t, []string{"mine", "theirs", "running"}, idsOf(res.InForce()))
		})
	}
}

func TestReconcileWithAnotherDocument(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"other", period.AnyDocument} {
		res, err := on(mixedStore()).Reconcile(t.Context(), ReconcileOptions{Replaces: id})
		require.NoError(t, err)
		require.Equal(t, id, res.After.Replaces)
		require.True(t, res.After.Supersedes(&period.Document{StoreID: "other", Revision: 99}, true))
	}
	_, err := on(mixedStore()).Reconcile(t.Context(), ReconcileOptions{Replaces: "not an id"})
	require.ErrorContains(t, err, `replaces: "not an id": want only a-z`)
	require.Equal(t, CodeInvalid, Explain(err).Code)
}

func TestReconcileRefuses(t *testing.T) {
	t.Parallel()
	for _, above := range []int64{-1, period.MaxRevision} {
		_, err := on(mixedStore()).Reconcile(t.Context(), ReconcileOptions{Above: above})
		require.ErrorAs(t, err, new(*period.FieldError))
		require.ErrorContains(t, err, "above: ")
	}
	full := mixedStore()
	_, err := on(full).Reconcile(t.Context(), ReconcileOptions{Above: 7 + maxRaise + 1})
	require.ErrorAs(t, err, new(*period.FieldError))
	require.ErrorContains(t, err, "is more than 1000000000000 above the document's revision 7")
	require.EqualValues(t, 7, full.doc(t).Revision)
	_, err = on(full).Reconcile(t.Context(), ReconcileOptions{Above: 7 + maxRaise})
	require.NoError(t, err)
	st := storeAt(noonUTC)
	_, err = on(st).Reconcile(t.Context(), ReconcileOptions{Above: 4})
	require.ErrorIs(t, err, ErrNothingWritten)
	require.Nil(t, st.text)
	st.gone = store.ErrLost
	_, err = on(st).Reconcile(t.Context(), ReconcileOptions{Above: 4})
	require.ErrorIs(t, err, store.ErrLost)
}
