package cli

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store/memstore"
)

// regressed puts the rows of three instances into st: open, and two that have seen revision
// 41 and refuse, one of them by its override.
func regressed(t *testing.T, st *memstore.Store) {
	t.Helper()
	report(
		t, st, asReported,
		func(r *period.Row) {
			r.State, r.Cause, r.Regressed, r.Revision, r.WriteID = period.Closed, "period", true, 41, "later"
		},
		func(r *period.Row) {
			r.State, r.Cause, r.Override, r.Regressed, r.Revision, r.WriteID = period.Closed, "override", "down", true, 40, "earlier"
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

// TestReconcileDoesNotBelieveARowEverything: a process that may write a row could use up the
// range of revisions, and then nothing could be written any more.
func TestReconcileDoesNotBelieveARowEverything(t *testing.T) {
	t.Parallel()
	const absurd = 2 + maxLead + 1
	far := func(revision int64) func(r *period.Row) {
		return func(r *period.Row) {
			r.State, r.Cause, r.Regressed, r.Revision = period.Closed, "period", true, revision
		}
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
			require.Contains(t, stderr, "use --above 1000003 if a gate has seen that indeed, else --above 41")
		}
		require.EqualValues(t, 2, read(t, st).Document.Revision)

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
	_, err := operator.Operator{Store: st}.Start(t.Context(), operator.StartOptions{Holder: "x"})
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
	report(t, st, func(r *period.Row) { r.StoreID, r.Revision = "another", 41 })
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

func TestReconcileReplacesTheDocumentThatGatesHaveSeen(t *testing.T) {
	t.Parallel()
	of := func(id string) func(r *period.Row) {
		return func(r *period.Row) {
			r.State, r.Cause, r.Regressed, r.StoreID, r.Revision = period.Closed, "period", true, id, 41
		}
	}
	for name, test := range map[string]struct {
		rows     []func(r *period.Row)
		args     []string
		replaces string
	}{
		"the rows agree":        {[]func(r *period.Row){asReported, of("another"), of("another")}, nil, "another"},
		"the rows do not agree": {[]func(r *period.Row){of("another"), of("third")}, []string{"--replaces", "*"}, "*"},
		"no row names it":       {nil, []string{"--replaces", "another"}, "another"},
		"none is said":          {[]func(r *period.Row){asReported}, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := begun(t)
			report(t, st, test.rows...)
			code, stdout, stderr := run(t, st, append([]string{"reconcile", "--json"}, test.args...)...)
			require.Equal(t, ExitDone, code, stderr)
			var got resultJSON
			require.NoError(t, json.Unmarshal([]byte(stdout), &got))
			require.Equal(t, test.replaces, got.Reconciled.Replaces)
			require.Equal(t, test.replaces, read(t, st).Document.Replaces)
			require.EqualValues(t, 3, got.State.Revision)
		})
	}
	st := begun(t)
	report(t, st, of("another"), of("third"))
	code, _, stderr := run(t, st, "reconcile")
	require.Equal(t, ExitUsage, code)
	require.Contains(t, stderr, "instances have seen 2 other documents: see fleet; use --replaces with one of another, third, or --replaces '*' for all\n")
	code, stdout, _ := run(t, st, "fleet")
	require.Equal(t, ExitDone, code)
	require.Contains(t, stdout, "regressed  web1/4711 has seen revision 41, of another document: it refuses what either document refuses, until downtime reconcile\n")
	_, stdout, _ = run(t, st, "reconcile", "--replaces", "third")
	require.Contains(t, stdout, "replaces   document third, which gates have seen\n")
	code, _, stderr = run(t, st, "reconcile", "--replaces", "a b\x1b")
	require.Equal(t, ExitUsage, code)
	require.Contains(t, stderr, "--replaces: ")
}
