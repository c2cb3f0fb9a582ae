// Command propagation measures how long a change takes to reach every instance, how many
// statements an idle fleet sends to its store, and whether a frozen store slows requests
// down. The document has a full log meanwhile. The command starts its servers, prints tables,
// and ends: make bench-propagation
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"iter"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// plan lists the measurements, and the number of their rounds.
type plan struct {
	pushed, polled []size
	barriers       barrierSizes
	holds          struct{ pushed, polled int } // rounds
	visitEvery     time.Duration                // between two visitors of a hold
	settle         time.Duration                // before counting
	idle, busy     time.Duration                // of counting, and of reporting
	requests       int                          // of each turn, while the store answers or is frozen
	only           string                       // text in the names of the targets
	part           string                       // the only one; "" means all
	limit          time.Duration
}

// full takes about twenty minutes.
func full() plan {
	return plan{
		pushed: []size{gates(1, 1, 200), gates(10, 10, 200), gates(100, 100, 100), simulations(crowd, 10, 100), gates(crowd, 10, 30)},
		polled: []size{gates(1, 1, 15), gates(10, 10, 15), gates(100, 100, 15), simulations(crowd, 10, 10), gates(crowd, 10, 5)},
		barriers: barrierSizes{
			pushed: []size{gates(barrierFleet, barrierFleet, 50), gates(10, 10, 20), gates(100, 100, 20), reporting(crowd, 10, 10)},
			polled: []size{gates(barrierFleet, barrierFleet, 15), gates(100, 100, 5), reporting(crowd, 10, 5)},
		},
		holds:      struct{ pushed, polled int }{20, 10},
		visitEvery: 5 * time.Millisecond,
		settle:     youngSet,
		idle:       90 * time.Second,
		busy:       2 * time.Second,
		requests:   20_000_000,
		limit:      25 * time.Minute,
	}
}

func main() {
	p := full()
	flag.StringVar(&p.only, "only", "", "measure only stores whose name contains `TEXT`")
	flag.StringVar(&p.part, "part", "", "measure only this `PART`: push, poll, barrier, hold, idle or frozen")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := p.run(ctx, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "propagation:", err)
		os.Exit(1)
	}
}

// errBudget means that a result is not within its budget.
var errBudget = errors.New("a budget is exceeded")

func (p plan) run(ctx context.Context, out io.Writer) error {
	ctx, cancel := context.WithTimeoutCause(ctx, p.limit, fmt.Errorf("it takes more than %v", p.limit))
	defer cancel()
	return hosted(ctx, func(t *host) error {
		within, err := p.measure(ctx, out, t)
		if err == nil && !within {
			err = errBudget
		}
		return err
	})
}

// measure starts servers, which end with t, and reports whether all budgets are kept.
func (p plan) measure(ctx context.Context, out io.Writer, t testing.TB) (within bool, err error) {
	all, err := targets(t)
	if err != nil {
		return false, err
	}
	all = slices.DeleteFunc(all, func(t target) bool { return !strings.Contains(t.name, p.only) })
	fmt.Fprintf(out, "%s, %d processors, %s/%s, loopback, servers and gates on one machine\n", runtime.Version(), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH)
	within = true
	for name, part := range p.parts() {
		if p.part != "" && p.part != name {
			continue
		}
		ok, err := part(ctx, out, t, all)
		if err != nil {
			return false, err
		}
		within = within && ok
	}
	return within, nil
}

// part measures and prints one table, and reports whether its budgets are kept.
type part func(ctx context.Context, out io.Writer, t testing.TB, all []target) (within bool, err error)

// parts returns the parts, the one that freezes servers last.
func (p plan) parts() iter.Seq2[string, part] {
	return func(yield func(string, part) bool) {
		_ = yield("push", p.push) && yield("poll", p.poll) && yield("barrier", p.barrier) && yield("hold", p.hold) && yield("idle", p.idleCost) && yield("frozen", p.freeze)
	}
}
