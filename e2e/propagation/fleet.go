package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

const (
	// A gate begins at most one read for hints in 50 ms. A round begins after this time, so that
	// the gate reads at once, as it does for a single change.
	hintPause = 60 * time.Millisecond
	// youngSet is the age below which a barrier does not trust a set of rows.
	youngSet = 20 * time.Second
)

// fleet is a number of instances on one store, and an operator with a handle of its own.
type fleet struct {
	members  []member
	gates    []*core.Gate // of the real members
	rows     int          // members that keep a row
	operator operator.Operator
	poll     time.Duration // the store's interval now
	close    func() error
}

// newFleet makes instances, spread over the handles, on a document whose log is full. It
// returns when all of them serve, and get hints if the store gives them.
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
	open := func() (store.Store, error) {
		h, err := t.open(app)
		if err != nil {
			return nil, err
		}
		closers = append(closers, h.close)
		return h.store, nil
	}
	f.operator.Actor = "bench"
	if f.operator.Store, err = open(); err != nil {
		return f, err
	}
	revision, err := initFull(ctx, f.operator)
	if err != nil {
		return f, err
	}
	stores := make([]store.Store, of.handles)
	for i := range stores {
		if stores[i], err = open(); err != nil {
			return f, err
		}
	}
	for i := range of.instances {
		st := stores[i%of.handles]
		if of.simulated {
			m, err := newSimulated(ctx, st, of.reports)
			if err != nil {
				return f, err
			}
			f.members = append(f.members, m)
			continue
		}
		g, err := core.New(core.Config{Store: st, OnDecision: markHeld, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			return f, err
		}
		f.gates, f.members = append(f.gates, g), append(f.members, newReal(g))
	}
	hinted := func() bool {
		for _, st := range stores {
			if h, ok := st.(store.Hinter); ok {
				if healthy, _ := h.Hints(); !healthy {
					return false
				}
			}
		}
		return true
	}
	if err := until(ctx, "the subscriptions are not there", hinted); err != nil {
		return f, err
	}
	if !of.simulated || of.reports {
		f.rows = of.instances
	}
	f.poll = stores[0].Info().Poll
	return f, f.settled(ctx, revision)
}

// initFull writes a document whose log is full: period.MaxEntries entries, which take
// period.MaxLog bytes. Later writes keep it full. It returns the revision.
func initFull(ctx context.Context, op operator.Operator) (revision int64, err error) {
	if _, err := op.Init(ctx, operator.InitOptions{}); err != nil {
		return 0, err
	}
	state, err := op.Read(ctx)
	if err != nil {
		return 0, err
	}
	doc := *state.Document
	doc.Revision++
	entry := period.Entry{
		Time: state.Time, Revision: doc.Revision, Write: "0123456789abcdef",
		Action: period.ActionEdit, Actor: "bench", Origin: strings.Repeat("x", originLen),
	}
	for range period.MaxEntries {
		if doc.Log, err = doc.Log.With(entry); err != nil {
			return 0, err
		}
	}
	doc.Seal()
	b, err := doc.Fit(store.MaxOf(op.Store))
	if err != nil {
		return 0, err
	}
	return doc.Revision, op.Store.Swap(ctx, state.Token, b)
}

// originLen makes an entry take period.MaxLog / period.MaxEntries bytes, 327.
const originLen = 192

// settled waits until every instance serves, and every row says so.
func (f *fleet) settled(ctx context.Context, revision int64) error {
	err := until(ctx, "an instance does not open", func() bool {
		return !slices.ContainsFunc(f.members, func(m member) bool { return !m.open() })
	})
	if err != nil || f.rows == 0 {
		return err
	}
	return until(ctx, "a row is not up to date", func() bool {
		judged, err := f.operator.Fleet(ctx)
		current := judged.Which(func(i operator.Instance) bool { return i.Serves() && i.Revision == revision })
		return err == nil && len(current) == f.rows
	})
}

// propagated is the result of rounds: the time of each instance, and of the last one of each
// round. It is measured from the return of Start, and for lastFromCall from its call.
type propagated struct {
	each, last, lastFromCall sample
}

// measure takes the site down and opens it again, in rounds. It calls before ahead of each.
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
		if _, err := f.operator.Start(ctx, operator.StartOptions{}); err != nil {
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
		ended, err := f.operator.End(ctx, operator.EndOptions{Holder: f.operator.Actor})
		if err != nil {
			return p, err
		}
		if err := f.settled(ctx, ended.After.Revision); err != nil {
			return p, err
		}
	}
	return p, nil
}

// until waits until ok. If ctx ends before, the error begins with otherwise.
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

// markHeld marks a request that a gate holds.
func markHeld(_ context.Context, r *http.Request, d core.Decision) {
	if d.Outcome == core.Held {
		r.Header.Set(heldHeader, "yes")
	}
}
