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

// barrierSizes are the fleets of a store.
type barrierSizes struct{ pushed, polled []size }

// of returns the fleets of a target. The first one has the budget.
func (b barrierSizes) of(t target) []size {
	if t.floor != nil {
		return b.pushed
	}
	return b.polled
}

// barrier measures how long operators wait for an idle fleet.
func (p plan) barrier(ctx context.Context, out io.Writer, _ testing.TB, all []target) (within bool, err error) {
	results := make([][]barriers, len(all))
	measure := func(n int, s size, f *fleet) error {
		before := func() error { return wait(ctx, rand.N(f.poll)) }
		if all[n].floor != nil {
			before = func() error { return wait(ctx, hintPause) }
		}
		r, err := f.barrier(ctx, s.rounds, before)
		results[n] = append(results[n], r)
		return err
	}
	for i := range max(len(p.barriers.pushed), len(p.barriers.polled)) {
		of := map[int]size{}
		for n, t := range all {
			if sizes := p.barriers.of(t); i < len(sizes) {
				of[n] = sizes[i]
			}
		}
		err := onFleets(ctx, fmt.Sprintf("barrier%d", i), all, of, func(n int, f *fleet) error { return measure(n, of[n], f) })
		if err != nil {
			return false, err
		}
	}
	within = true
	w := table(out, "Barrier: ms from the return of Start until each idle instance has refused, and until Wait says that it is safe. "+fullLog,
		"store", "instances", "kind", "rounds", "last p50", "last p99", "safe p50", "safe p99", "safe max", "budget")
	for n, t := range all {
		for i, s := range p.barriers.of(t) {
			r := results[n][i]
			bound, ok := "none", true
			if i == 0 {
				limit := barrierFactor*r.last.quantile(0.99) + barrierRest
				ok = r.reached.quantile(0.99) <= limit
				bound = verdict("≤ "+ms(limit), ok)
			}
			within = within && ok
			fmt.Fprintf(w, "%s\t%d\t%s\t%d\t%s\t%s\t%s\t%s\t%s\t%s\t\n", t.name, s.instances, s.kind(), len(r.last), ms(r.last.quantile(0.5)), ms(r.last.quantile(0.99)),
				ms(r.reached.quantile(0.5)), ms(r.reached.quantile(0.99)), ms(r.reached.max()), bound)
		}
	}
	return within, w.Flush()
}

// onFleets makes a fleet on each target that has a size, and calls measure with it when its set of rows
// is old enough for a barrier. Small fleets whose stores are polled are measured at the same time. A
// crowd is alone.
func onFleets(ctx context.Context, app string, all []target, of map[int]size, measure func(n int, f *fleet) error) error {
	together := map[int]size{}
	for n := range all {
		switch s, ok := of[n]; {
		case !ok:
		case s.instances < crowd:
			together[n] = s
		default:
			if err := fleetsOf(ctx, app, all, map[int]size{n: s}, measure); err != nil {
				return err
			}
		}
	}
	if len(together) == 0 {
		return nil
	}
	return fleetsOf(ctx, app, all, together, measure)
}

const small = 10 // instances

func fleetsOf(ctx context.Context, app string, all []target, of map[int]size, measure func(n int, f *fleet) error) (err error) {
	fleets := map[int]*fleet{}
	defer func() {
		for _, f := range fleets {
			err = errors.Join(err, f.close())
		}
	}()
	for n, s := range of {
		f, err := newFleet(ctx, all[n], app, s)
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
	atOnce := func(n int) bool { return all[n].floor == nil && of[n].instances <= small }
	for n := range of {
		if atOnce(n) {
			group.Go(func() { errs[n] = measure(n, fleets[n]) })
		}
	}
	group.Wait()
	for n := range of {
		if !atOnce(n) {
			errs[n] = measure(n, fleets[n])
		}
	}
	return errors.Join(errs...)
}

// ofAll gives each target a fleet of this size.
func ofAll(all []target, s size) map[int]size {
	of := map[int]size{}
	for n := range all {
		of[n] = s
	}
	return of
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
