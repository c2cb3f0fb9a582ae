package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/go-downtime/downtime/core"
)

const holder = "bench"

// fleet is a number of instances on one store, and a command's own handle on it.
type fleet struct {
	members []member
	gates   []*core.Gate // of those that are real
	writer  core.Store
	poll    time.Duration // the store's interval now
	close   func() error
}

// newFleet makes instances on so many handles, in turn, and waits until all of them are
// there, and are told of changes where the store can do that.
func newFleet(ctx context.Context, t target, app string, of size) (f *fleet, err error) {
	var closers []func() error
	f = &fleet{close: func() error {
		var errs []error
		for _, m := range f.members {
			errs = append(errs, m.stop(context.WithoutCancel(ctx)))
		}
		for _, c := range closers {
			errs = append(errs, c())
		}
		return errors.Join(errs...)
	}}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("%s: %w", t.name, err), f.close())
		}
	}()
	open := func() (core.Store, error) {
		h, err := t.open(app)
		if err != nil {
			return nil, err
		}
		closers = append(closers, h.close)
		return h.store, nil
	}
	if f.writer, err = open(); err != nil {
		return f, err
	}
	if _, err := core.Init(ctx, f.writer, core.InitOptions{}); err != nil {
		return f, err
	}
	stores := make([]core.Store, of.handles)
	for i := range stores {
		if stores[i], err = open(); err != nil {
			return f, err
		}
	}
	for i := range of.instances {
		st := stores[i%of.handles]
		if of.simulated {
			m, err := newSimulated(ctx, st)
			if err != nil {
				return f, err
			}
			f.members = append(f.members, m)
			continue
		}
		g, err := core.New(core.Config{Store: st, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			return f, err
		}
		f.gates, f.members = append(f.gates, g), append(f.members, newReal(g))
	}
	pushed := func() bool {
		for _, st := range stores {
			if p, ok := st.(interface{ PushState() (bool, string) }); ok {
				if healthy, _ := p.PushState(); !healthy {
					return false
				}
			}
		}
		return true
	}
	if err := until(ctx, "the subscriptions are not there", pushed); err != nil {
		return f, err
	}
	if p, ok := stores[0].(core.Pacer); ok {
		f.poll = p.PollInterval()
	}
	return f, f.settled(ctx, 1)
}

// settled waits until every instance serves, and every row says so: nothing is under way.
func (f *fleet) settled(ctx context.Context, revision int64) error {
	err := until(ctx, "an instance does not open", func() bool {
		return !slices.ContainsFunc(f.members, func(m member) bool { return !m.open() })
	})
	if err != nil || len(f.gates) == 0 {
		return err
	}
	return until(ctx, "a row is not up to date", func() bool {
		_, rows, err := core.Instances(ctx, f.writer)
		current := 0
		for _, row := range rows {
			if row.Open && row.Revision == revision {
				current++
			}
		}
		return err == nil && current == len(f.gates)
	})
}

// propagated is what rounds have measured. All count from the return of core.Start, but
// for the last.
type propagated struct {
	each, last   sample // each instance; the last one of each round
	lastFromCall sample // from the moment in which core.Start was called
}

// measure takes the site down and brings it back so often, each time after before.
func (f *fleet) measure(ctx context.Context, rounds int, before func() error) (p propagated, err error) {
	type event struct {
		at  time.Time
		err error
	}
	for range rounds {
		if err := before(); err != nil {
			return p, err
		}
		events := make(chan event, len(f.members))
		for _, m := range f.members {
			closing := m.closing()
			go func() {
				select {
				case <-closing:
					err := m.refuse()
					events <- event{time.Now(), err}
				case <-ctx.Done():
					events <- event{time.Now(), context.Cause(ctx)}
				}
			}()
		}
		called := time.Now()
		if _, err := core.Start(ctx, f.writer, core.StartOptions{Holder: holder}); err != nil {
			return p, err
		}
		returned := time.Now()
		var last time.Time
		for range f.members {
			e := <-events
			if e.err != nil {
				return p, e.err
			}
			p.each = append(p.each, max(e.at.Sub(returned), 0))
			if e.at.After(last) {
				last = e.at
			}
		}
		p.last = append(p.last, max(last.Sub(returned), 0))
		p.lastFromCall = append(p.lastFromCall, last.Sub(called))
		ended, err := core.End(ctx, f.writer, core.EndOptions{Holder: holder})
		if err != nil {
			return p, err
		}
		if err := f.settled(ctx, ended.After.Revision); err != nil {
			return p, err
		}
	}
	return p, nil
}

// until waits for what must come.
func until(ctx context.Context, otherwise string, ok func() bool) error {
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for !ok() {
		select {
		case <-look.C:
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", otherwise, context.Cause(ctx))
		}
	}
	return nil
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
