package core

import (
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCellsSpreadRequests(t *testing.T) {
	t.Parallel()
	c := newCells(nil)
	require.Zero(t, len(c)&(len(c)-1), "a power of two")
	used := map[*cell]bool{}
	var keep []*http.Request
	for range 1000 {
		r := new(http.Request)
		keep = append(keep, r)
		came := c.of(r)
		require.Same(t, came, c.of(r), "a request leaves through the cell it came in by")
		used[came] = true
	}
	require.NotNil(t, keep)
	require.NotNil(t, c.of(nil))
	require.Greater(t, len(used), len(c)/2)
}

func TestQuietNeedsEachCellEmptyOnce(t *testing.T) {
	t.Parallel()
	c := newCells(nil)
	c[1].entered.Add(1)
	q := quiet{cells: c}
	require.False(t, q.look())
	c[0].entered.Add(1) // this cell was empty once: a request that counts itself in now looks again and leaves
	require.False(t, q.look())
	c[1].left.Add(1)
	require.True(t, q.look())
}

func TestCellsCountRunningAndJudgedRequests(t *testing.T) {
	t.Parallel()
	c := newCells(nil)
	c[0].entered.Add(3)
	c[1].entered.Add(1)
	c[0].left.Add(1)
	c[1].refused.Add(5)
	require.EqualValues(t, 3, c.running())
	admitted, refused := c.judged()
	require.EqualValues(t, 9, admitted+refused)
	require.Zero(t, cells(nil).running(), "an open snapshot has no cells for exempt requests")
}

// The second look: a request that read the snapshot before the swap, and counts itself in
// after it, is not admitted.
func TestAStaleSnapshotAdmitsNoRequest(t *testing.T) {
	t.Parallel()
	g, err := New(Config{})
	require.NoError(t, err)
	stale := g.current.Load()
	require.True(t, g.enter(stale, stale.admitted.of(nil)))
	Ticket{cell: stale.admitted.of(nil)}.Leave()
	g.current.Store(closedSnapshot(&Closure{}, stale))
	require.False(t, g.enter(stale, stale.admitted.of(nil)))
	require.Zero(t, stale.admitted.running())
}

// BenchmarkCount compares the gate's counting with one shared counter, on all processors. In some
// processes two goroutines share a cell, because of their random addresses. Compare medians over
// several processes; -count does not start new ones.
func BenchmarkCount(b *testing.B) {
	b.Run("shared", func(b *testing.B) {
		var n atomic.Int64
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				n.Add(1)
				n.Add(-1)
			}
		})
	})
	b.Run("gate", func(b *testing.B) {
		g, err := New(Config{})
		require.NoError(b, err)
		b.RunParallel(func(pb *testing.PB) {
			r := new(http.Request)
			for pb.Next() {
				ticket, ok := g.Enter(r)
				if !ok {
					b.Error("closed")
				}
				ticket.Leave()
			}
		})
	})
}
