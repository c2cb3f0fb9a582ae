package protocol

import (
	"context"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/go-downtime/downtime/core"
)

// tester is the header of requests that a predicate lets pass.
const tester = "Tester"

func isTester(_ context.Context, r *http.Request) bool { return r.Header.Get(tester) != "" }

// clients sends requests to an instance, one after the other, until the scenario ends. Most are
// short, and some are long.
func (w *world) clients(m *member, n int) {
	w.all.Go(func() {
		for {
			select {
			case <-w.over:
				return
			case <-time.After(w.upTo(time.Duration(w.busy.Load()))):
			}
			w.request(m, n, n == 3)
		}
	})
}

// request is what a middleware and a handler do.
func (w *world) request(m *member, n int, bypass bool) {
	r := httptest.NewRequest(http.MethodPost, "/order", nil)
	if bypass {
		r.Header.Set(tester, "1")
	}
	ticket, ok := m.gate.Enter(r)
	bypassed := false
	if !ok {
		var d core.Decision
		if ticket, d = m.gate.Admit(r.Context, httptest.NewRecorder(), r); !d.Passes() {
			w.refused.Add(1)
			return
		}
		bypassed = d.Outcome == core.Bypassed
	}
	defer ticket.Leave()
	w.admits(m, n, bypassed)
	work := w.upTo(20 * time.Millisecond)
	if w.chance(4) {
		work = w.upTo(time.Duration(w.long.Load()))
	}
	select {
	case <-w.over:
	case <-time.After(work):
	}
	w.leaves(m, n)
}
