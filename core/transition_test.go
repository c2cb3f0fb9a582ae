package core_test

import (
	"context"
	"log/slog"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/memstore"
)

// listener keeps the transitions of a gate.
type listener struct {
	mu   sync.Mutex
	list []core.Transition
}

func (h *listener) hear(t core.Transition) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.list = append(h.list, t)
}

func (h *listener) all() []core.Transition {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.list)
}

func (h *listener) kinds() []string {
	kinds := []string{}
	for _, t := range h.all() {
		kinds = append(kinds, t.Kind)
	}
	return kinds
}

func TestOnTransitionHearsOfADowntimeInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st, h := newFaulty(), &listener{}
		gate, _ := newGate(t, core.Config{Store: st, OnTransition: h.hear})
		synctest.Wait()
		require.Empty(t, h.kinds(), "a gate that starts open has no transition")

		refresh := func() {
			_ = gate.Refresh(t.Context())
			synctest.Wait()
		}
		began := time.Now()
		start(t, st, operator.StartOptions{Holder: "kim", Reason: new("schema"), ExpectedEnd: began.Add(time.Minute)})
		refresh()
		require.Equal(t, []string{"closed"}, h.kinds())
		first := h.all()[0]
		require.True(t, first.At.Equal(began))
		require.Nil(t, first.Old.Closure)
		require.Equal(t, core.Summary{Closure: first.New.Closure, Revision: 1, Health: core.StoreFresh}, first.New)
		require.Equal(t, "schema", first.New.Closure.Reason)

		st.fails(store.ErrLost)
		refresh()
		time.Sleep(2 * time.Minute)
		st.reads(nil)
		end(t, st)
		refresh()
		require.Equal(t, []string{"closed", "store-lost", "overdue", "store-back", "opened"}, h.kinds())
		list := h.all()
		lost, overdue, back, opened := list[1], list[2], list[3], list[4]
		require.Equal(t, core.StoreFresh, lost.Old.Health)
		require.Equal(t, core.StoreLost, lost.New.Health)
		require.ErrorIs(t, lost.New.Err, store.ErrLost)
		require.False(t, overdue.Old.Overdue)
		require.True(t, overdue.New.Overdue)
		require.True(t, overdue.At.Equal(began.Add(time.Minute)))
		require.Equal(t, back.New, opened.New, "one read caused both")
		require.Equal(t, core.Summary{Revision: 2, Health: core.StoreFresh}, opened.New)
		require.NotNil(t, opened.Old.Closure)

		require.NoError(t, gate.Shutdown(t.Context()))
		synctest.Wait()
		require.Len(t, h.all(), 5, "Shutdown is no transition")
	})
}

func TestOnTransitionHearsOfAnOverrideAndOfAnotherReason(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st, h := memstore.New(), &listener{}
		id := start(t, st, operator.StartOptions{Holder: "kim"}).Period.ID
		gate, _ := newGate(t, core.Config{Store: st, OnTransition: h.hear})
		_, err := operator.Operator{Store: st}.Edit(t.Context(), id, operator.EditOptions{Reason: new("index")})
		require.NoError(t, err)
		require.NoError(t, gate.Refresh(t.Context()))
		synctest.Wait()
		require.Equal(t, []string{"closed", "changed"}, h.kinds())
		list := h.all()
		require.Equal(t, core.StoreNeverRead, list[0].Old.Health)
		require.Empty(t, list[1].Old.Closure.Reason)
		require.Equal(t, "index", list[1].New.Closure.Reason)

		h = &listener{}
		newGate(t, core.Config{Down: true, OnTransition: h.hear})
		synctest.Wait()
		require.Equal(t, []string{"closed"}, h.kinds())
		require.Equal(t, "down config none", h.all()[0].New.Override+" "+h.all()[0].New.OverrideFrom+" "+string(h.all()[0].New.Health))
	})
}

// A callback that does not return delays neither the gate nor its requests. The newest transitions
// are kept.
func TestASlowOnTransitionDelaysNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const warning = "OnTransition is slow, transitions are dropped"
		st, h, release := memstore.New(), &listener{}, make(chan struct{})
		gate, book := newGate(t, core.Config{Store: st, OnTransition: func(tr core.Transition) {
			<-release
			h.hear(tr)
		}})
		site := gate.Handler(ok)
		const rounds = 50 // two transitions each
		for range rounds {
			start(t, st, operator.StartOptions{Holder: "kim"})
			require.NoError(t, gate.Refresh(t.Context()))
			require.Equal(t, 503, get(site, "/").Code)
			end(t, st)
			require.NoError(t, gate.Refresh(t.Context()))
			require.Equal(t, 200, get(site, "/").Code)
			synctest.Wait()
		}
		require.Empty(t, h.all())
		require.Equal(t, 1, count(book.messages(), warning), "not for each dropped transition")
		close(release)
		synctest.Wait()
		list := h.all()
		require.Len(t, list, 65, "the one that was called, and the 64 that waited")
		require.Equal(t, []int{0, 2*rounds - 65, 0}, []int{list[0].Dropped, list[1].Dropped, list[2].Dropped})
		require.Equal(t, "opened", list[64].Kind)
		require.Equal(t, int64(2*rounds), list[64].New.Revision, "the last call has the present state")
	})
}

// A callback can fail in each way that Go has, and the next transition is reported.
func TestOnTransitionSurvivesItsCallback(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fail func()
		log  string
	}{
		"a panic":           {func() { panic("callback") }, "string"},
		"the goroutine end": {runtime.Goexit, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				st, h := memstore.New(), &listener{}
				gate, book := newGate(t, core.Config{Store: st, OnTransition: func(tr core.Transition) {
					h.hear(tr)
					c.fail()
				}})
				start(t, st, operator.StartOptions{Holder: "kim"})
				require.NoError(t, gate.Refresh(t.Context()))
				end(t, st)
				require.NoError(t, gate.Refresh(t.Context()))
				synctest.Wait()
				require.Equal(t, []string{"closed", "opened"}, h.kinds())
				require.Equal(t, c.log, book.attr("OnTransition panicked", "panic"))
			})
		})
	}
}

func TestOnTransitionMayCallTheGate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st, statuses := memstore.New(), make(chan core.Status, 10)
		var gate *core.Gate
		ready := make(chan struct{})
		gate, _ = newGate(t, core.Config{Store: st, OnTransition: func(core.Transition) {
			<-ready
			_ = gate.Refresh(context.Background())
			_ = gate.Shutdown(context.Background())
			statuses <- gate.Status()
		}})
		close(ready)
		start(t, st, operator.StartOptions{Holder: "kim"})
		require.NoError(t, gate.Refresh(t.Context()))
		require.Equal(t, core.CauseShutdown, (<-statuses).Closure.Cause)
	})
}

func TestACallbackThatNeverReturnsKeepsNoGate(t *testing.T) {
	t.Parallel()
	called, release := make(chan struct{}), make(chan struct{})
	defer close(release)
	abandoned := func() weak.Pointer[core.Gate] {
		gate, err := core.New(core.Config{Down: true, Logger: slog.New(slog.DiscardHandler), OnTransition: func(core.Transition) {
			close(called)
			<-release
		}})
		require.NoError(t, err)
		return weak.Make(gate)
	}
	gate := abandoned()
	<-called
	for range 100 {
		if runtime.GC(); gate.Value() == nil {
			return
		}
	}
	require.Fail(t, "the gate is still there")
}
