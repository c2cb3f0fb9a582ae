package core_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/store/memstore"
)

// exampleGate makes a gate, and functions that take its site down and up. They wait until the gate
// has read the write, which only an example needs.
func exampleGate(cfg core.Config) (gate *core.Gate, down, up func()) {
	st := memstore.New()
	cfg.Store, cfg.Logger = st, slog.New(slog.DiscardHandler)
	gate, err := core.New(cfg)
	if err != nil {
		panic(err)
	}
	op, ctx := operator.Operator{Store: st, Actor: "ann"}, context.Background()
	written := func(err error) {
		if err := errors.Join(err, gate.Refresh(ctx)); err != nil {
			panic(err)
		}
	}
	down = func() {
		_, err := op.Start(ctx, operator.StartOptions{})
		written(err)
	}
	up = func() {
		_, err := op.End(ctx, operator.EndOptions{All: true})
		written(err)
	}
	return gate, down, up
}

// A queue's worker counts each job. While the site is down it leaves the jobs in the queue.
func ExampleGate_Enter_queue() {
	gate, down, up := exampleGate(core.Config{})
	work := func(job string) error {
		ticket, open := gate.Enter(nil)
		if !open {
			return errors.New("down: try " + job + " again later") // the queue delivers it again
		}
		defer ticket.Leave() // a drain waits until here
		fmt.Println("done:", job)
		return nil
	}
	fmt.Println(work("mail 1"))
	down()
	fmt.Println(work("mail 2"))
	up()
	fmt.Println(work("mail 2"))
	// Output:
	// done: mail 1
	// <nil>
	// down: try mail 2 again later
	// done: mail 2
	// <nil>
}

// A cron begins no job while the site is down. A long job stops early when the gate closes, and a
// drain waits until it has stopped.
func ExampleGate_Go_cron() {
	gate, down, _ := exampleGate(core.Config{})
	stopped := make(chan error)
	export := func(ctx context.Context) {
		ctx, cancel := gate.UntilClosing(ctx)
		defer cancel()
		for row := 0; ; row++ {
			select {
			case <-ctx.Done():
				stopped <- context.Cause(ctx) // the next run continues with this row
				return
			case <-time.After(time.Millisecond): // one row
			}
		}
	}
	tick := func() bool { return gate.Go(context.Background(), export) }

	fmt.Println("begun:", tick())
	down()
	fmt.Println("stopped:", <-stopped)
	fmt.Println("begun:", tick())
	// Output:
	// begun: true
	// stopped: the gate is closing
	// begun: false
}

// An event stream declares itself, ends when the gate closes, and is shown by name.
func ExampleStream() {
	gate, down, _ := exampleGate(core.Config{CarryTickets: true})
	site := gate.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := core.Stream(r.Context(), "events"); err != nil {
			slog.Error("it counts as a request", "error", err)
		}
		fmt.Println(gate.Status().InFlight, gate.Status().Streams)
		down() // another process does this
		<-gate.Closing()
		_, _ = fmt.Fprint(w, "event: down\ndata: back soon\n\n")
	}))
	w := httptest.NewRecorder()
	site.ServeHTTP(w, httptest.NewRequestWithContext(context.Background(), http.MethodGet, "/events", http.NoBody))
	fmt.Print(w.Body)
	// Output:
	// 0 map[events:1]
	// event: down
	// data: back soon
}

// The time-out answers after a second, and the handler runs on. Inside counts it.
func ExampleGate_Inside() {
	gate, _, _ := exampleGate(core.Config{CarryTickets: true})
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(http.ResponseWriter, *http.Request) { fmt.Println(gate.Status().InFlight) })
	site := gate.Handler(http.TimeoutHandler(gate.Inside(mux), time.Second, "too slow"))
	site.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(context.Background(), http.MethodGet, "/", http.NoBody))
	// Output: 1
}
