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
)

// poll measures stores that are polled. It measures them at the same time, because the times
// are seconds, except the crowds.
func (p plan) poll(ctx context.Context, out io.Writer, _ testing.TB, all []target) (bool, error) {
	type result struct {
		interval time.Duration
		propagated
	}
	results := map[string]result{}
	key := func(t target, s size) string { return fmt.Sprint(t.name, s.instances, s.simulated) }
	var mu sync.Mutex
	var errs []error
	var crowds []func()
	var group sync.WaitGroup
	for _, t := range all {
		for n, s := range p.polled {
			if t.floor != nil {
				continue
			}
			measure := func() {
				f, err := newFleet(ctx, t, fmt.Sprintf("poll%d", n), s)
				r := result{interval: f.poll}
				if err == nil {
					r.propagated, err = f.measure(ctx, s.rounds, func() error {
						return wait(ctx, rand.N(r.interval)) // at any time between two polls
					})
					err = errors.Join(err, f.close())
				}
				mu.Lock()
				defer mu.Unlock()
				results[key(t, s)] = r
				if err != nil {
					errs = append(errs, fmt.Errorf("%s, %d instances: %w", t.name, s.instances, err))
				}
			}
			if s.instances >= crowd {
				crowds = append(crowds, measure)
			} else {
				group.Go(measure)
			}
		}
	}
	group.Wait()
	for _, measure := range crowds {
		measure()
	}
	if err := errors.Join(errs...); err != nil {
		return false, err
	}
	within := true
	w := table(out, "Without push: ms from the return of Start to the first refused request. "+fullLog+"\n"+
		"budget: 1.2 intervals + 1 s",
		"store", "instances", "kind", "handles", "rounds", "interval", "each p50", "each p99", "last p50", "last p99", "last max", "budget")
	for _, t := range all {
		for _, s := range p.polled {
			r, measured := results[key(t, s)]
			if !measured {
				continue
			}
			limit := r.interval*6/5 + time.Second
			budget, ok := s.verdict("≤ "+ms(limit), r.last.max() <= limit)
			within = within && ok
			fmt.Fprintf(w, "%s\t%d\t%s\t%d\t%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", t.name, s.instances, s.kind(), s.handles, s.rounds, ms(r.interval),
				ms(r.each.quantile(0.5)), ms(r.each.quantile(0.99)), ms(r.last.quantile(0.5)), ms(r.last.quantile(0.99)), ms(r.last.max()),
				budget)
		}
	}
	return within, w.Flush()
}
