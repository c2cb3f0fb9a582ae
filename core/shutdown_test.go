package core

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/memstore"
)

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// An edge can pass between the last step and Shutdown, so that leave itself replaces the
// snapshot.
func TestShutdownAtAnEdgeClosesClosingOnce(t *testing.T) {
	t.Parallel()
	for name, opens := range map[string]bool{"a period begins": false, "a period ends": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g, err := New(Config{})
			require.NoError(t, err)
			f := g.follower
			if opens {
				f.mu.Lock()
				f.state.file.value = directionDown
				f.advanceLocked(tick{})
				f.mu.Unlock()
			}
			before := g.Closing()
			f.mu.Lock()
			f.state.file.value = directionDown
			if opens {
				f.state.file.value = directionNone
			}
			f.mu.Unlock()
			f.leave()
			require.True(t, closed(before))
			require.True(t, closed(g.Closing()))
			require.Equal(t, opens, g.current.Load().open())
		})
	}
}

// The cleanup of a collected gate deletes its row. A ticket keeps its gate, so the row stays
// while a request that the gate admitted runs.
func TestAGateIsNotCollectedWhileARequestRuns(t *testing.T) {
	t.Parallel()
	st := memstore.New()
	ticket := func() Ticket {
		g, err := New(Config{Store: st})
		require.NoError(t, err)
		ticket, open := g.Enter(nil)
		require.True(t, open)
		return ticket
	}()
	life := func() store.Life {
		set, _ := st.ListRows(t.Context(), "")
		require.Len(t, set.Rows, 1)
		return set.Rows[0].Life
	}
	for range 20 {
		runtime.GC()
		require.Equal(t, store.Live, life())
	}
	ticket.Leave()
	for life() != store.Deleted {
		runtime.GC()
		runtime.Gosched()
	}
}
