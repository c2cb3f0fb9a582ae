package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/go-downtime/downtime/operator"
)

const (
	barrierFleet  = 3 // instances
	barrierFactor = 5 // of the propagation in the same rounds
	barrierRest   = 150 * time.Millisecond
)

// barriers are the rounds of one store: from the return of Start until the last instance refuses, and
// until the barrier is reached.
type barriers struct {
	last, reached sample
}

// barrier measures how long operators wait for an idle fleet.
func (p plan) barrier(ctx context.Context, out io.Writer, _ testing.TB, all []target) (within bool, err error) {
	results := make([]barriers, len(all))
	err = onFleets(ctx, "barrier", all, func(n int, f *fleet) (err error) {
		rounds, before := p.barriers.polled, func() error { return wait(ctx, rand.N(f.poll)) }
		if all[n].floor != nil {
			rounds, before = p.barriers.pushed, func() error { return wait(ctx, hintPause) }
		}
		results[n], err = f.barrier(ctx, rounds, before)
		return err
	})
	if err != nil {
		return false, err
	}
	within = true
	w := table(out, fmt.Sprintf("Barrier: ms from the return of Start until each of %d idle instances has refused, and until Wait says that it is safe. "+fullLog, barrierFleet),
		"store", "rounds", "last p50", "last p99", "safe p50", "safe p99", "safe max", "budget")
	for n, t := range all {
		r := results[n]
		limit := barrierFactor*r.last.quantile(0.99) + barrierRest
		ok := r.reached.quantile(0.99) <= limit
		within = within && ok
		fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%s\t%s\t%s\t%s\t\n", t.name, len(r.last), ms(r.last.quantile(0.5)), ms(r.last.quantile(0.99)),
			ms(r.reached.quantile(0.5)), ms(r.reached.quantile(0.99)), ms(r.reached.max()), verdict("≤ "+ms(limit), ok))
	}
	return within, w.Flush()
}

// onFleets makes a small fleet on each target, whose sets of rows are old enough for a barrier, and
// calls measure with it. Stores that are polled are measured at the same time.
func onFleets(ctx context.Context, app string, all []target, measure func(n int, f *fleet) error) (err error) {
	fleets := make([]*fleet, len(all))
	defer func() {
		for _, f := range fleets {
			if f != nil {
				err = errors.Join(err, f.close())
			}
		}
	}()
	for n, t := range all {
		f, err := newFleet(ctx, t, app, size{barrierFleet, barrierFleet, 0, false})
		if err != nil {
			return err
		}
		fleets[n] = f
	}
	if err := wait(ctx, youngSet); err != nil {
		return err
	}
	errs := make([]error, len(all))
	var group sync.WaitGroup
	for n, t := range all {
		if t.floor == nil {
			group.Go(func() { errs[n] = measure(n, fleets[n]) })
		}
	}
	group.Wait()
	for n, t := range all {
		if t.floor != nil {
			errs[n] = measure(n, fleets[n])
		}
	}
	return errors.Join(errs...)
}

// barrier takes the site down and opens it again, in rounds.
func (f *fleet) barrier(ctx context.Context, rounds int, before func() error) (b barriers, err error) {
	for range rounds {
		if err := before(); err != nil {
			return b, err
		}
		refused := make(chan time.Time, len(f.members))
		for _, m := range f.members {
			closing := m.closing()
			go func() {
				select {
				case <-closing:
				case <-ctx.Done():
				}
				refused <- time.Now()
			}()
		}
		begun, err := f.operator.Start(ctx, operator.StartOptions{})
		if err != nil {
			return b, err
		}
		returned := time.Now()
		j, err := f.operator.Wait(ctx, begun.Barrier(), operator.WaitOptions{})
		if err != nil {
			return b, err
		}
		if j.Result != operator.Safe {
			return b, errors.New(j.Summary())
		}
		b.reached = append(b.reached, time.Since(returned))
		var last time.Duration
		for range f.members {
			last = max(last, (<-refused).Sub(returned))
		}
		b.last = append(b.last, last)
		ended, err := f.operator.End(ctx, operator.EndOptions{Holder: f.operator.Actor})
		if err != nil {
			return b, err
		}
		if err := f.settled(ctx, ended.After.Revision); err != nil {
			return b, err
		}
	}
	return b, nil
}
