package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-downtime/downtime/e2e/internal/load"
	"github.com/go-downtime/downtime/operator"
)

const (
	heldWork   = 300 * time.Millisecond // the time of the work for which requests are held
	heldLimit  = 20 * time.Second
	heldRest   = 250 * time.Millisecond
	heldHeader = "X-Held"
)

// held are the rounds of one store: the barrier, from the write until the work begins; the time of
// each visitor who was held; and the part of it beyond the barrier and the work.
type held struct {
	barrier, added, beyond sample
}

// hold measures how long visitors wait while During works with a hold.
func (p plan) hold(ctx context.Context, out io.Writer, _ testing.TB, all []target) (within bool, err error) {
	results, fleets := make([]held, len(all)), make([]*fleet, len(all))
	err = onFleets(ctx, "hold", all, ofAll(all, gates(barrierFleet, barrierFleet, 0)), func(n int, f *fleet) (err error) {
		fleets[n] = f
		rounds := p.holds.polled
		if all[n].floor != nil {
			rounds = p.holds.pushed
		}
		results[n], err = f.hold(ctx, rounds, p.visitEvery)
		return err
	})
	if err != nil {
		return false, err
	}
	within = true
	w := table(out, fmt.Sprintf("Hold: ms that a visitor of %d instances waits while run works for %v. The barrier is the time from the write until the work begins. "+
		"Beyond: the wait less the barrier and the work.\nBudget of its p99: %d ms, and two intervals more if the store is polled each second. "+fullLog,
		barrierFleet, heldWork, heldRest.Milliseconds()),
		"store", "rounds", "held", "barrier p50", "barrier p99", "wait p50", "wait p99", "wait max", "beyond p50", "beyond p99", "budget")
	for n, t := range all {
		r, limit := results[n], heldRest
		if poll := fleets[n].poll; t.floor == nil && poll >= time.Second {
			limit += 2 * poll
		}
		ok := r.beyond.quantile(0.99) <= limit
		within = within && ok
		fmt.Fprintf(w, "%s\t%d\t%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", t.name, len(r.barrier), len(r.added), ms(r.barrier.quantile(0.5)), ms(r.barrier.quantile(0.99)),
			ms(r.added.quantile(0.5)), ms(r.added.quantile(0.99)), ms(r.added.max()), ms(r.beyond.quantile(0.5)), ms(r.beyond.quantile(0.99)), verdict("≤ "+ms(limit), ok))
	}
	return within, w.Flush()
}

// hold takes the site down for the work, in rounds, while visitors come, one in every.
func (f *fleet) hold(ctx context.Context, rounds int, every time.Duration) (h held, err error) {
	urls, stop, err := f.serve(ctx)
	if err != nil {
		return h, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1000}}
	defer client.CloseIdleConnections()
	for range rounds {
		var mu sync.Mutex
		var waits sample
		var failed error
		var over atomic.Bool
		come := func(n int) {
			begun := time.Now()
			wasHeld, err := visit(ctx, client, urls[n%len(urls)])
			mu.Lock()
			defer mu.Unlock()
			if wasHeld {
				waits = append(waits, time.Since(begun))
			}
			failed = errors.Join(failed, err)
		}
		visited := make(chan struct{})
		go func() {
			defer close(visited)
			_, wait := load.Arrive(every, func(int) bool { return !over.Load() && ctx.Err() == nil }, come)
			wait()
		}()
		var written, begun, done time.Time
		run, err := f.operator.During(ctx, operator.RunOptions{
			Hold: heldLimit, Begun: func(operator.Run) { written = time.Now() },
		}, func(ctx context.Context) error {
			begun = time.Now()
			err := wait(ctx, heldWork)
			done = time.Now()
			return err
		})
		if err == nil {
			err = f.settled(ctx, run.State.Document.Revision)
		}
		over.Store(true)
		<-visited
		if err := errors.Join(err, failed); err != nil {
			return h, err
		}
		h.barrier = append(h.barrier, begun.Sub(written))
		for _, w := range waits {
			h.added, h.beyond = append(h.added, w), append(h.beyond, max(w-done.Sub(written), 0))
		}
	}
	return h, nil
}

// serve starts a server for each gate, and returns their URLs.
func (f *fleet) serve(ctx context.Context) (urls []string, stop func() error, err error) {
	var servers []*http.Server
	stop = func() error {
		var errs []error
		for _, s := range servers {
			errs = append(errs, s.Close())
		}
		return errors.Join(errs...)
	}
	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Header().Set(heldHeader, r.Header.Get(heldHeader)) })
	for _, gate := range f.gates {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return nil, nil, errors.Join(err, stop())
		}
		s := &http.Server{Handler: gate.Handler(page), ReadTimeout: 2 * time.Second, WriteTimeout: 2 * time.Second, IdleTimeout: time.Minute}
		servers, urls = append(servers, s), append(urls, "http://"+l.Addr().String())
		go func() { _ = s.Serve(l) }() // it says that it was closed
	}
	return urls, stop, nil
}

// visit sends a request, which must be served, and reports whether it was held.
func visit(ctx context.Context, client *http.Client, url string) (wasHeld bool, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return false, err
	}
	res, err := client.Do(r)
	if err != nil {
		return false, err
	}
	_, err = io.Copy(io.Discard, res.Body)
	if err = errors.Join(err, res.Body.Close()); err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("a visitor gets %s", res.Status)
	}
	return res.Header.Get(heldHeader) != "", err
}
