package cli

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/stores/memstore"
)

// regressed puts the rows of three instances into st: open, and two that have seen revision
// 41 and refuse, one of them by its override.
func regressed(t *testing.T, st *memstore.Store) {
	t.Helper()
	report(
		t, st, asReported,
		func(i *core.Instance) {
			i.Open, i.Cause, i.Regressed, i.Revision, i.WriteID = false, "period", true, 41, "later"
		},
		func(i *core.Instance) {
			i.Open, i.Cause, i.Override, i.Regressed, i.Revision, i.WriteID = false, "override", "down", true, 40, "earlier"
		},
	)
}

func TestReconcileFindsTheRevisionInTheRows(t *testing.T) {
	t.Parallel()
	st := begun(t)
	regressed(t, st)
	code, stdout, _ := run(t, st, "reconcile", "--dry-run")
	require.Equal(t, ExitDone, code)
	require.Contains(t, stdout, "raised     revision 2 to 42\n")
	require.Contains(t, stdout, "because    web2/4712 has seen revision 41\n")
	require.Contains(t, stdout, "opens      1 instance that refused: web2/4712: the document holds nothing in force\n")
	require.Contains(t, stdout, "RESULT dry-run\n")

	_, stdout, _ = run(t, st, "reconcile", "--json", "--above", "5")
	var got resultJSON
	require.NoError(t, json.Unmarshal([]byte(stdout), &got))
	require.Equal(t, &reconciledJSON{
		From: 2, To: 42, Refusing: []string{"bbbbbbbbbbbbbbbb", "cccccccccccccccc"}, Opens: []string{"bbbbbbbbbbbbbbbb"},
	}, got.Reconciled)
	require.EqualValues(t, 42, got.State.Revision)
}

func TestReconcileGoesAboveWhatIsSaid(t *testing.T) {
	t.Parallel()
	st := begun(t)
	regressed(t, st)
	_, stdout, _ := run(t, st, "reconcile", "--above", "99")
	require.Contains(t, stdout, "raised     revision 2 to 100\n")
}

// TestReconcileDoesNotBelieveARowEverything: whoever may write a row could use up the
// revisions, so that nothing could be written any more.
func TestReconcileDoesNotBelieveARowEverything(t *testing.T) {
	t.Parallel()
	const absurd = 2 + maxLead + 1
	far := func(revision int64) func(i *core.Instance) {
		return func(i *core.Instance) { i.Open, i.Cause, i.Regressed, i.Revision = false, "period", true, revision }
	}
	t.Run("a million ahead is believed", func(t *testing.T) {
		t.Parallel()
		st := begun(t)
		report(t, st, far(absurd-1))
		_, stdout, _ := run(t, st, "reconcile")
		require.Contains(t, stdout, "raised     revision 2 to 1000003\n")
	})
	t.Run("more has to be said", func(t *testing.T) {
		t.Parallel()
		st := begun(t)
		report(t, st, far(absurd), far(41))
		for _, args := range [][]string{{"reconcile"}, {"reconcile", "--dry-run"}} {
			code, _, stderr := run(t, st, args...)
			require.Equal(t, ExitUsage, code)
			require.Contains(t, stderr, "web1/4711 reports revision 1000003, more than 1000000 above the store's 2")
			require.Contains(t, stderr, "say --above 1000003 if a gate has seen that indeed, else --above 41")
		}
		state, err := st.Load(t.Context(), core.Mark{})
		require.NoError(t, err)
		require.EqualValues(t, 2, state.Document.Revision)

		_, stdout, _ := run(t, st, "reconcile", "--above", "5")
		require.Contains(t, stdout, "raised     revision 2 to 42\n", "what can be believed is taken all the same")
		require.Contains(t, stdout, "not above revision 1000003, which web1/4711 reports")
		_, stdout, _ = run(t, st, "reconcile", "--above", "1000003")
		require.Contains(t, stdout, "raised     revision 42 to 1000004\n")
		require.NotContains(t, stdout, "not above")
	})
	t.Run("nothing is raised to the end", func(t *testing.T) {
		t.Parallel()
		code, _, stderr := run(t, begun(t), "reconcile", "--above", "9007199254740990")
		require.Equal(t, ExitUsage, code)
		require.Contains(t, stderr, "--above: 9007199254740990: is more than 1000000000000 above")
	})
}

func TestReconcileOfAStoreThatHoldsTheSiteDown(t *testing.T) {
	t.Parallel()
	st := memstore.New()
	_, err := core.Start(t.Context(), st, core.StartOptions{Holder: "x"})
	require.NoError(t, err)
	regressed(t, st)
	_, stdout, _ := run(t, st, "reconcile")
	require.Contains(t, stdout, "refusing   2 instances before and after: web2/4712, web3/4713\n")
	require.NotContains(t, stdout, "opens")
	require.Contains(t, stdout, "RESULT down\n")
}

func TestReconcileIgnoresRevisionsOfAnotherDocument(t *testing.T) {
	t.Parallel()
	st := begun(t)
	report(t, st, func(i *core.Instance) { i.StoreID, i.Revision = "another", 41 })
	_, stdout, _ := run(t, st, "reconcile")
	require.Contains(t, stdout, "raised     revision 2 to 3\n")
	require.NotContains(t, stdout, "because")
}

func TestReconcileWithoutRowsNeedsToBeTold(t *testing.T) {
	t.Parallel()
	st := mute{begun(t)}
	code, _, stderr := run(t, st, "reconcile")
	require.Equal(t, ExitFailed, code)
	require.Contains(t, stderr, "no grant")
	code, stdout, _ := run(t, st, "reconcile", "--above", "41")
	require.Equal(t, ExitDone, code)
	require.Contains(t, stdout, "raised     revision 2 to 42\n")
	code, _, stderr = run(t, st, "reconcile", "--above", "-1")
	require.Equal(t, ExitUsage, code, stderr)
}
