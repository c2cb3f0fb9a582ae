package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

// idle is the cost of a fleet for its server while nothing happens.
type idle struct {
	poll        time.Duration
	perInterval float64 // statements per instance and poll interval
	perSecond   float64 // statements per instance and second
	connections float64 // per instance
}

const (
	idleGates = 10
	// An instance reads once in an interval, and renews its row at most as often.
	idleBudget = 2.0
	// Intervals are spread by 20 %. Over 90 s with 15 s between two statements, the count of
	// ten instances has a standard deviation of 2 %.
	idleTolerance = 0.1
)

// measureIdle counts the statements of gates, each on a handle of its own, in the window. It
// waits for settle before the window begins.
func measureIdle(ctx context.Context, t target, settle, window time.Duration) (i idle, err error) {
	t.counting(true)
	defer t.counting(false)
	before, err := t.connections()
	if err != nil {
		return i, err
	}
	f, err := newFleet(ctx, t, "idle", size{instances: idleGates, handles: idleGates})
	if err != nil {
		return i, err
	}
	defer func() { _ = f.close() }() // the servers end as well
	// In a set of rows that is new, gates look for rows that are written again. That is not idle.
	if err := wait(ctx, settle); err != nil {
		return i, err
	}
	first, err := t.statements()
	if err != nil {
		return i, err
	}
	began := time.Now()
	if err := wait(ctx, window); err != nil {
		return i, err
	}
	last, err := t.statements()
	if err != nil {
		return i, err
	}
	took := time.Since(began)
	now, err := t.connections()
	if err != nil {
		return i, err
	}
	i.poll = f.poll
	i.perSecond = float64(last-first) / took.Seconds() / idleGates
	i.perInterval = i.perSecond * f.poll.Seconds()
	i.connections = float64(now-before) / idleGates
	return i, nil
}

// measureReport is the processor time of one renewal of a row, server and client together. As
// many clients as keep the machine busy renew rows.
func measureReport(ctx context.Context, t target, length time.Duration) (time.Duration, error) {
	const clients = 8
	f, err := newFleet(ctx, t, "busy", size{instances: clients, handles: clients})
	if err != nil {
		return 0, err
	}
	defer func() { _ = f.close() }() // the servers end as well
	h, err := t.open("busy")
	if err != nil {
		return 0, err
	}
	defer func() { _ = h.close() }() // it was only used to write rows
	rows, ok := h.store.(store.Rows)
	if !ok {
		return 0, fmt.Errorf("%s keeps no rows", t.name)
	}
	var n atomic.Int64
	var failed atomic.Value
	var group sync.WaitGroup
	end := time.Now().Add(length)
	for c := range clients {
		group.Go(func() {
			row := period.Row{ID: fmt.Sprintf("busy%d", c), State: period.Open, Host: "web-1.example", Revision: 1}
			b, err := row.Encode()
			if err != nil {
				failed.Store(err)
				return
			}
			for time.Now().Before(end) {
				if _, _, err := rows.PutRow(ctx, row.ID, b, time.Minute); err != nil {
					failed.Store(err)
					return
				}
				n.Add(1)
			}
		})
	}
	group.Wait()
	if err, _ := failed.Load().(error); err != nil {
		return 0, err
	}
	return length * time.Duration(runtime.NumCPU()) / time.Duration(max(n.Load(), 1)), nil
}

// idleCost counts the statements on all servers at the same time.
func (p plan) idleCost(ctx context.Context, out io.Writer, _ testing.TB, all []target) (bool, error) {
	results := make([]idle, len(all))
	errs := make([]error, len(all))
	var group sync.WaitGroup
	for n, t := range all {
		if t.statements != nil {
			group.Go(func() { results[n], errs[n] = measureIdle(ctx, t, p.settle, p.idle) })
		}
	}
	group.Wait()
	if err := errors.Join(errs...); err != nil {
		return false, err
	}
	within := true
	w := table(out, fmt.Sprintf("While nothing happens: statements counted by the server, %d instances for %v. The heartbeats of push are not counted:\n"+
		"each 5 s, a PING or a Sync of the protocol, which neither read nor write. Budget: at most two small statements per interval and\n"+
		"instance, one that reads and one that renews the row, with a tolerance of %.0f %% because intervals are spread by 20 %%.\n"+
		"A report: the time of this machine's processors for one renewal of a row, server and client together.", idleGates, p.idle, idleTolerance*100),
		"store", "interval", "statements per instance and interval", "budget", "per second", "connections per instance", "a report, µs of a processor")
	for n, t := range all {
		if t.statements == nil {
			continue
		}
		cost, err := measureReport(ctx, t, p.busy)
		if err != nil {
			return false, err
		}
		r := results[n]
		ok := r.perInterval <= idleBudget*(1+idleTolerance)
		within = within && ok
		fmt.Fprintf(w, "%s\t%v\t%.2f\t%s\t%.3f\t%.1f\t%d\t\n", t.name, r.poll, r.perInterval, verdict(fmt.Sprintf("≤ %.0f + %.0f %%", idleBudget, idleTolerance*100), ok), r.perSecond, r.connections, cost.Microseconds())
	}
	return within, w.Flush()
}
