package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
)

const pushFactor = 3

// push measures stores that give hints, one after the other, because the times are milliseconds.
func (p plan) push(ctx context.Context, out io.Writer, _ testing.TB, all []target) (bool, error) {
	within := true
	w := table(out, "With push: ms from the return of Start to the first refused request of the last instance. "+fullLog+"\n"+
		"floor: the last of as many raw notifications, from its call, + as many parallel raw reads of the document, p99 of each",
		"store", "instances", "kind", "handles", "rounds", "each p50", "each p99", "last p50", "last p99", "last max", "floor p50", "floor p99", "ratio p50", "ratio p99", "budget", "from call p99")
	for _, t := range all {
		if t.floor == nil {
			continue
		}
		for n, s := range p.pushed {
			app := fmt.Sprintf("push%d", n)
			m, raw, err := paired(ctx, t, app, s)
			if err != nil {
				return false, fmt.Errorf("%s, %d instances: %w", t.name, s.instances, err)
			}
			share := func(q float64) float64 {
				return float64(m.last.quantile(q)) / float64(raw.notified.quantile(q)+raw.read.quantile(q))
			}
			budget, ok := s.verdict(fmt.Sprintf("≤ %d", pushFactor), share(0.99) <= pushFactor)
			within = within && ok
			fmt.Fprintf(w, "%s\t%d\t%s\t%d\t%d\t%s\t%s\t%s\t%s\t%s\t%s + %s\t%s + %s\t%.2f\t%.2f\t%s\t%s\t\n",
				t.name, s.instances, s.kind(), s.handles, s.rounds, ms(m.each.quantile(0.5)), ms(m.each.quantile(0.99)),
				ms(m.last.quantile(0.5)), ms(m.last.quantile(0.99)), ms(m.last.max()),
				ms(raw.notified.quantile(0.5)), ms(raw.read.quantile(0.5)), ms(raw.notified.quantile(0.99)), ms(raw.read.quantile(0.99)),
				share(0.5), share(0.99), budget, ms(m.lastFromCall.quantile(0.99)))
		}
	}
	return within, w.Flush()
}

// paired measures a fleet and its floor in turns, so that other load affects both.
func paired(ctx context.Context, t target, app string, s size) (p propagated, m measured, err error) {
	f, err := newFleet(ctx, t, app, s)
	if err != nil {
		return p, m, err
	}
	defer func() { err = errors.Join(err, f.close()) }()
	connections := s.instances
	if s.handles < s.instances {
		connections = poolSize * s.handles
	}
	r, err := t.floor.begin(ctx, app, s.instances, s.instances, connections)
	if err != nil {
		return p, m, err
	}
	defer r.stop()
	p, err = f.measure(ctx, s.rounds, func() error { return errors.Join(r.round(ctx), wait(ctx, hintPause)) })
	return p, r.measured, err
}
