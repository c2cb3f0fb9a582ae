package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/internal/testservers"
)

// handler is a gate around an application that does nothing.
func handler(g *core.Gate) http.Handler {
	return g.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
}

// requests sends n requests through h, and returns the time of one in ns: the best of some
// runs, because other programs use the machine too.
func requests(h http.Handler, n int) float64 {
	const runs = 10
	w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil)
	best := time.Duration(math.MaxInt64)
	for range runs {
		began := time.Now()
		for range n / runs {
			h.ServeHTTP(w, r)
		}
		best = min(best, time.Since(began))
	}
	return float64(best) / float64(n/runs)
}

// frozen is the time of a request through an open gate while its store answers, and while
// the store is stopped by SIGSTOP.
type frozen struct{ answers, frozen float64 } // ns

func measureFrozen(ctx context.Context, t testing.TB, target target, n int) (out frozen, err error) {
	const rounds = 3
	f, err := newFleet(ctx, target, "frozen", size{instances: 1, handles: 1})
	if err != nil {
		return out, err
	}
	defer func() { _ = f.close() }() // the servers end as well
	h := handler(f.gates[0])
	var fresh, stopped []float64
	for range rounds { // in turns, so that other load affects both
		fresh = append(fresh, requests(h, n))
		target.server.Freeze(t)
		err := lost(ctx, f.gates[0])
		if err == nil {
			stopped = append(stopped, requests(h, n))
		}
		target.server.Thaw(t)
		if err != nil {
			return out, err
		}
		if err := until(ctx, "the store is not back", func() bool { return f.gates[0].Refresh(ctx) == nil }); err != nil {
			return out, err
		}
	}
	return frozen{slices.Min(fresh), slices.Min(stopped)}, nil
}

// lost waits until g knows that its store does not answer.
func lost(ctx context.Context, g *core.Gate) error {
	return until(ctx, "the gate has not noticed that its store is lost", func() bool {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		return g.Refresh(ctx) != nil && g.Status().Health == core.StoreLost
	})
}

const frozenFactor = 1.5 // the times are nanoseconds, and other programs use the machine

// freeze stops servers, so it is the last part.
func (p plan) freeze(ctx context.Context, out io.Writer, t testing.TB, all []target) (bool, error) {
	within, frozenBefore := true, map[*testservers.Server]bool{}
	w := table(out, "A request through an open gate, ns: while its store answers, and while it is frozen (SIGSTOP)",
		"store", "answers", "frozen", "ratio", "budget")
	for _, target := range all {
		if target.server == nil || frozenBefore[target.server] {
			continue
		}
		frozenBefore[target.server] = true
		r, err := measureFrozen(ctx, t, target, p.requests)
		if err != nil {
			return false, err
		}
		ratio := r.frozen / r.answers
		ok := ratio <= frozenFactor
		within = within && ok
		fmt.Fprintf(w, "%s\t%.1f\t%.1f\t%.2f\t%s\t\n", target.name, r.answers, r.frozen, ratio, verdict(fmt.Sprintf("≤ %.1f", frozenFactor), ok))
	}
	return within, w.Flush()
}
