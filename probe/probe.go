// Package probe has the health checks of a process with a gate, with the meaning that Kubernetes
// gives them. They never fail because of downtime: an instance that is down on purpose stays in
// the service, and answers visitors with its 503 page.
//
// Exempt the paths of the probes, or serve them on another port without the gate. Otherwise the
// gate refuses them while it is closed.
package probe

import (
	"errors"
	"net/http"

	"github.com/go-downtime/downtime/core"
)

// Liveness answers 200 as long as the process answers. It asks no gate and no store, because an
// orchestrator restarts a process whose liveness probe fails.
func Liveness() http.Handler { return answer(func() error { return nil }) }

// Readiness answers 200 if [Ready] returns nil, and otherwise 503 with the error. It panics if gate is
// nil.
func Readiness(gate *core.Gate) http.Handler { return of(gate, Ready) }

// Startup answers 200 if [Started] returns nil, and otherwise 503 with the error. It panics if gate is
// nil.
func Startup(gate *core.Gate) http.Handler { return of(gate, Started) }

// Ready returns nil if the instance can have traffic: if the gate is open, or closed for downtime or
// because of a lost store. It returns an error while the gate refuses because it is starting, and
// from the moment at which the gate is told to shut down. Another instance can serve then. Use Ready in
// a handler that also checks other things.
func Ready(gate *core.Gate) error {
	s := gate.Status()
	switch {
	case s.Leaving:
		return errors.New("shutting down")
	case starting(s):
		return errors.New("starting: the gate does not know yet whether the site is down")
	}
	return nil
}

// Started returns an error while the gate refuses because it never read its store or, without a
// store, its override file. It returns nil after the first successful read, also if the store is
// lost later. It also returns nil if the gate needs no read: without a store, under an override, and
// with core.FirstStartOpen.
func Started(gate *core.Gate) error {
	if s := gate.Status(); starting(s) && (s.Health == core.StoreNeverRead || s.Health == core.StoreNone) {
		return errors.New("starting: the store or the override file was not read yet")
	}
	return nil
}

func starting(s core.Status) bool { return s.Closure != nil && s.Closure.Cause == core.CauseStarting }

func of(gate *core.Gate, check func(*core.Gate) error) http.Handler {
	if gate == nil {
		panic("probe: nil gate: look at the error of core.New")
	}
	return answer(func() error { return check(gate) })
}

func answer(check func() error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		if err := check(); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte("ok\n")) // the client has gone
	})
}
