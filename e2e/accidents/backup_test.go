package accidents

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/operator"
)

// restored: a backup is restored, with an older document. The gate refuses what either
// document refuses, until an operator reconciles.
func restored(t *testing.T, s *shared) {
	t.Run("a backup is restored", func(t *testing.T) {
		wasUp, wasDown := newSite(t, s, "was-up", false), newSite(t, s, "was-down", true)
		restore := s.backup(t)
		sites := []*site{wasUp, wasDown}
		for _, x := range sites {
			x.follows(t)
			x.await(t, "the store is away", func(st core.Status) bool { return st.Health == core.StoreFresh })
			x.log.forget()
		}
		known := wasUp.gate.Status().Revision

		restore()

		for _, x := range sites {
			x.await(t, "the gate has not noticed that the store went back", func(st core.Status) bool { return st.Regressed })
			require.False(t, x.gate.Status().Open, "one of both documents refuses")
			x.requireLogged(t, map[string]int{"regressed": 1, "opened": 0})
		}
		wasUp.requireLogged(t, map[string]int{"closed": 0}) // it was closed all the time
		require.Equal(t, known, wasUp.gate.Status().Revision, "the adopted document stays")
		require.Less(t, wasUp.gate.Status().StoreRevision, known)

		late := &site{operator: wasDown.operator, log: &lines{}, down: true}
		wasDown.await(t, "no report since the backup", func(st core.Status) bool {
			return st.Registered && reports(t, wasDown, st)
		})
		late.begin(t, s, "was-down")
		late.await(t, "an instance that starts believes the backup", func(st core.Status) bool { return st.Regressed })
		late.requireUnmoved(t)

		// These writes are based on the backup, so they do not settle the lost ones.
		for range known {
			bob := wasUp.operator(t)
			bob.Actor = "bob"
			_, err := bob.Start(t.Context(), operator.StartOptions{})
			require.NoError(t, err)
			_, err = bob.End(t.Context(), operator.EndOptions{Holder: "bob"})
			require.NoError(t, err)
		}
		wasUp.await(t, "the gate does not read any more", func(st core.Status) bool { return st.StoreRevision > known })
		require.True(t, wasUp.gate.Status().Regressed)
		require.False(t, wasUp.gate.Status().Open, "the document that it keeps refuses")

		for _, x := range sites {
			_, err := x.operator(t).Reconcile(t.Context(), operator.ReconcileOptions{Above: x.gate.Status().Revision})
			require.NoError(t, err)
			x.down = !x.down // as in the backup
			x.await(t, "the gate is not reconciled", func(st core.Status) bool { return !st.Regressed && st.Open == !x.down })
			x.requireUnmoved(t)
			x.follows(t)
		}
	})
}

// reports returns true if the row of the gate is in the store and names the document of the gate.
func reports(t *testing.T, x *site, st core.Status) bool {
	t.Helper()
	j, err := x.operator(t).Fleet(t.Context())
	require.NoError(t, err)
	for _, i := range j.Instances {
		if i.ID == st.Instance {
			return i.Revision == st.Revision && i.Regressed
		}
	}
	return false
}
