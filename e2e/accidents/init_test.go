package accidents

import (
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/operator"
)

// anew: the document is lost while the site is down, and a script runs `downtime init`. No
// instance opens. An instance that starts afterwards does not open either. `init --yes` says that
// the new document replaces the lost one.
func anew(t *testing.T, s *shared) {
	t.Run("init runs after a loss", func(t *testing.T) {
		sites := []*site{newSite(t, s, "anew", true)}
		for range 4 {
			x := &site{operator: sites[0].operator, log: &lines{}, down: true}
			x.join(t, s, "anew")
			sites = append(sites, x)
		}
		s.empty(t)

		_, err := sites[0].operator(t).Init(t.Context(), operator.InitOptions{})
		require.NoError(t, err)
		late := &site{operator: sites[0].operator, log: &lines{}, down: true}
		late.begin(t, s, "anew")
		sites = append(sites, late)
		for i, x := range sites {
			x.await(t, "instance "+strconv.Itoa(i)+" has not noticed", func(st core.Status) bool { return st.Regressed })
			x.requireUnmoved(t)
			x.requireLogged(t, map[string]int{"regressed": 1, "opened": 0})
		}
		j, err := sites[0].operator(t).Fleet(t.Context())
		require.NoError(t, err)
		require.Contains(t, j.Disagreement(), "instances refuse: host")

		_, err = sites[0].operator(t).Reconcile(t.Context(), operator.ReconcileOptions{
			Above: sites[0].gate.Status().Revision, Replaces: sites[0].gate.Status().StoreID,
		})
		require.NoError(t, err)
		for _, x := range sites {
			x.down = false
			x.await(t, "it is not reconciled", func(st core.Status) bool { return st.Open && !st.Regressed })
			x.requireUnmoved(t)
		}
	})
}

// rowLock is a lock on the rows of the instances.
type rowLock struct {
	take   func(t *testing.T) (release func())
	writes int // of an operator under this lock; 0 if it also blocks them
}

// lockedRows: a client locks the rows of the instances. The gates still read and follow.
func lockedRows(t *testing.T, s *shared) {
	n := 0
	for name, lock := range s.rowLocks {
		n++
		app := "rows" + strconv.Itoa(n)
		t.Run("the rows are locked by "+name, func(t *testing.T) {
			x := newSite(t, s, app, false)
			strict := &site{operator: x.operator, log: &lines{}}
			strict.join(t, s, app, func(cfg *core.Config) { cfg.OnStoreLost, cfg.MaxStale = core.Refuse, time.Second })
			sites := []*site{x, strict}
			release := sync.OnceFunc(lock.take(t))
			t.Cleanup(release)
			for range lock.writes {
				x.follows(t)
				strict.down = x.down
				strict.await(t, "the strict gate does not follow", func(st core.Status) bool { return st.Open == !x.down })
			}
			for _, x := range sites {
				x.await(t, "its report does not fail", func(st core.Status) bool { return st.RowErr != nil })
				x.requireUnmoved(t)
				require.NoError(t, x.gate.Refresh(t.Context()))
			}
			release()
			for _, x := range sites {
				x.await(t, "it does not report again", func(st core.Status) bool { return st.Registered })
				x.requireUnmoved(t)
				x.requireLogged(t, map[string]int{"store lost": 0})
			}
		})
	}
}
