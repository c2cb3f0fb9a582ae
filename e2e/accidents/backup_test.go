package accidents

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
)

// restored: the store is back from a backup, with an older document. The gate keeps what
// either document refuses, until an operator has looked and reconciles.
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
			x.await(t, "the gate takes the backup for the truth", func(st core.Status) bool { return st.Regressed })
			require.False(t, x.gate.Status().Open, "one of both documents refuses")
			x.requireLogged(t, map[string]int{"regressed": 1, "downtime opened": 0})
		}
		wasUp.requireLogged(t, map[string]int{"downtime closed": 0}) // it was closed all the time
		require.Equal(t, known, wasUp.gate.Status().Revision, "what it keeps")
		require.Less(t, wasUp.gate.Status().StoreRevision, known)

		// Whatever is written now was written by somebody who has not seen what was lost.
		for range known {
			_, err := core.Start(t.Context(), wasUp.operator(t), core.StartOptions{Holder: "bob"})
			require.NoError(t, err)
			_, err = core.End(t.Context(), wasUp.operator(t), core.EndOptions{Holder: "bob"})
			require.NoError(t, err)
		}
		wasUp.await(t, "the gate does not read any more", func(st core.Status) bool { return st.StoreRevision > known })
		require.True(t, wasUp.gate.Status().Regressed)
		require.False(t, wasUp.gate.Status().Open, "its own document is still unsaid")

		for _, x := range sites {
			_, err := core.Reconcile(t.Context(), x.operator(t), core.ReconcileOptions{Above: x.gate.Status().Revision})
			require.NoError(t, err)
			x.down = !x.down // the backup's word
			x.await(t, "the gate is not reconciled", func(st core.Status) bool { return !st.Regressed && st.Open == !x.down })
			x.requireUnmoved(t)
			x.follows(t)
		}
	})
}
