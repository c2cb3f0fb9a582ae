package core

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"time"
)

// reports is what a gate tells the fleet about itself. The gate's mu guards it.
type reports struct {
	base       Instance // what never changes; no ID: the store keeps no rows
	registered bool     // the last report was taken
	err        error    // why it was not
	warned     bool     // and the log says so
	told       news     // what the last report said
	due        time.Time
	left       *atomic.Bool
}

// news is the part of a row that somebody may be waiting for. The rest, counts, may wait
// for the next report.
type news struct {
	open, drained, regressed bool
	override                 override
	mark                     Mark
	closure                  *Closure
}

func (g *Gate) news() news {
	s := &g.state
	o, _, _ := g.override()
	closure := g.current.Load().closure
	return news{
		open: closure == nil, drained: s.drained, regressed: s.regress != nil,
		override: o, mark: s.doc.Mark(), closure: closure,
	}
}

// register prepares the row, and makes sure that it goes when the gate is collected
// without a Shutdown.
func (g *Gate) register() {
	fleet := g.set.fleet
	if fleet == nil {
		return
	}
	r := &g.state.reports
	r.base, r.left = newInstance(g.set, g.state.begun), new(atomic.Bool)
	left, id := r.left, r.base.ID
	runtime.AddCleanup(g, func(fleet Fleet) {
		if left.CompareAndSwap(false, true) {
			go func() {
				ctx, cancel := context.WithTimeout(context.Background(), readTimeout)
				defer cancel()
				_ = fleet.Leave(ctx, id) // else the row goes silent, and is pruned
			}()
		}
	}, fleet)
}

// rowDue is the row to report with the next read; nil if that can wait.
func (g *Gate) rowDue(now time.Time) *Instance {
	r := &g.state.reports
	if g.set.fleet == nil || r.left.Load() {
		return nil
	}
	if now.Before(r.due) && (!r.registered || g.news() == r.told) {
		return nil
	}
	row := g.row(now)
	r.told = g.news()
	return &row
}

// row is what there is to say now.
func (g *Gate) row(now time.Time) Instance {
	s := &g.state
	i, m := s.reports.base, s.doc.Mark()
	o, _, _ := g.override()
	i.StoreID, i.Revision, i.WriteID = m.StoreID, m.Revision, m.WriteID
	i.Override, i.Regressed = o.String(), s.regress != nil
	i.InFlight, i.Passing = g.inFlight(), g.passing.total()
	i.Refuses = []string{}
	closure := g.current.Load().closure
	if i.Open = closure == nil; !i.Open {
		i.Cause = closure.Cause.String()
	}
	// Quiet, and closed for these periods: that is what an acknowledgement says. A gate
	// that knows of a higher revision cannot vouch for a lower one.
	if s.drained && s.regress == nil {
		i.Drained = true
		for _, p := range s.doc.InForce(now.Add(s.offset)) {
			i.Refuses = append(i.Refuses, p.ID)
			if !p.End.IsZero() && (i.RefusesUntil.IsZero() || p.End.Before(i.RefusesUntil)) {
				i.RefusesUntil = p.End
			}
		}
	}
	return i
}

// noteReport takes in what came of a report.
func (g *Gate) noteReport(l loadResult, now time.Time) {
	r := &g.state.reports
	if l.row == nil {
		return
	}
	if l.rowErr == nil {
		if r.warned {
			g.logs.add(slog.LevelInfo, "registered", slog.String("store", g.set.description), slog.String("instance", r.base.ID))
		}
		r.registered, r.warned, r.err, r.due = true, false, nil, now.Add(reportEvery)
		return
	}
	if !r.warned && !g.state.lost { // a lost store is not worth a second line
		r.warned = true
		g.logs.add(slog.LevelWarn, "not registered", slog.String("store", g.set.description), slog.String("instance", r.base.ID),
			slog.Any("error", l.rowErr), slog.String("consequence", "no barrier and no fleet list can see this instance"))
	}
	r.registered, r.err = false, l.rowErr
	if r.due = now; errors.Is(l.rowErr, ErrReadOnly) {
		r.due = now.Add(LeaseTime) // a grant or a mount seldom changes
	}
}

// News are reported so much later, each gate at a moment of its own: a write reaches all
// gates of a fleet at once, and what they have to say about it must not hold up those of
// them that have not read it yet.
const (
	newsDelay  = 10 * time.Millisecond
	newsSpread = 40 * time.Millisecond
)

// armReport sees to it that news are reported soon. The caller holds mu.
func (g *Gate) armReport() {
	s := &g.state
	if g.set.fleet == nil || !s.reports.registered || g.news() == s.reports.told {
		return
	}
	if s.timers.report == nil {
		delay := newsDelay + rand.N(newsSpread) //nolint:gosec // a spread, not a secret
		g.arm(&s.timers.report, delay, func(g *Gate) {
			g.mu.Lock()
			s := &g.state
			s.timers.report = nil
			g.mu.Unlock()
			g.poll()
		})
	}
}

// leave removes the row, once nothing that it counted runs any more, or nobody waits for
// it any longer.
func (g *Gate) leave(ctx context.Context) {
	if g.set.fleet == nil || !g.state.reports.left.CompareAndSwap(false, true) {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readTimeout)
	defer cancel()
	// A report that is under way would bring the row back.
	select {
	case g.reading <- struct{}{}:
		defer func() { <-g.reading }()
		if g.pending != nil {
			select {
			case <-g.pending:
				g.pending = nil
			case <-ctx.Done():
			}
		}
	case <-ctx.Done():
	}
	if err := g.set.fleet.Leave(ctx, g.state.reports.base.ID); err != nil && !errors.Is(err, ErrReadOnly) {
		g.set.log.LogAttrs(ctx, slog.LevelWarn, "not deregistered", slog.String("store", g.set.description), slog.Any("error", err))
	}
}
