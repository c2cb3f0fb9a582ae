package admin

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/internal/wire"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

const (
	// lookTimeout is how long a page waits for the store before it shows what the gate knows.
	lookTimeout = 3 * time.Second
	// rowsTimeout is how much of lookTimeout the list of instances may take.
	rowsTimeout = 2 * time.Second
)

// seen is the input of a page: a read of the store and the status of this instance.
type seen struct {
	wire.Found // without a Document if Err is not nil

	// InForce are the periods in force by the store or, if that cannot be read, by the gate.
	// Verdict and Opens are about the same periods: Opens is when the site opens by itself.
	InForce []period.Period
	Verdict period.Verdict
	Opens   time.Time

	Err     error             // why the document could not be read
	Gate    core.Status       // of this instance
	Fleet   operator.Judgment // without Instances if Rows is false
	Barrier operator.Judgment // Fleet, or the judgment of a period that is not in force any more
	Rows    bool              // the store keeps rows, and they were read
	RowsErr error             // why the rows could not be read
	Clock   clock
	Picked  bool // the operator has picked the time zone
}

// look reads the store. If this instance has another document, look has it read as well.
func (s *site) look(r *http.Request) seen {
	// The request's own time may have been used up by a write.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), lookTimeout)
	defer cancel()
	v := s.judge(ctx, r.URL.Query().Get("watch"))
	v.Found, v.Err = wire.Judged(s.store, v.Fleet), v.Fleet.Err
	v.Time = cmp.Or(v.Time, period.Canonical(time.Now()))
	all := v.Periods()
	if v.InForce = v.Found.InForce(); v.Err != nil {
		all, v.InForce = v.Gate.Periods, v.Gate.Periods
	}
	v.Verdict, v.Opens = period.At(all, v.Time), opens(slices.Values(all), v.Time)
	v.Clock.Now = v.Time
	v.Clock.Zone, v.Picked = s.zoneOf(r)
	return v
}

// judge reads the store, and judges the instances by all periods in force. If the period with the
// id watch is not in force any more, it judges them by that one, see [operator.Superseded].
func (s *site) judge(ctx context.Context, watch string) seen {
	v := seen{}
	set, err := store.Rowset{}, error(nil)
	if rows, ok := s.store.(store.Rows); ok {
		limited, cancel := context.WithTimeout(ctx, rowsTimeout)
		set, err = rows.ListRows(limited, "")
		cancel()
		if v.Rows = rowsValid(err); !v.Rows {
			v.RowsErr = err
		}
	}
	if !v.Rows {
		set.Blob, err = s.store.Get(ctx, "")
	}
	v.Gate = s.gate.Status()
	v.Fleet = operator.Judge(fresh(set, v.Gate), err, operator.Barrier{})
	if v.Fleet.Err == nil && v.Fleet.Document.Mark() != markOf(v.Gate) {
		_ = s.gate.Refresh(ctx) // Status holds the error
		v.Gate = s.gate.Status()
		v.Fleet = operator.Judge(fresh(set, v.Gate), err, operator.Barrier{})
	}
	v.Barrier = v.Fleet
	if v.Fleet.Err == nil && watch != "" && len(watch) <= period.MaxIDLen && !slices.Contains(v.Fleet.Periods, watch) {
		v.Barrier = operator.Judge(fresh(set, v.Gate), err, operator.Barrier{Period: period.Period{ID: watch}})
	}
	if v.Barrier.Err == nil && !v.Rows && v.Barrier.Result != "" && v.Barrier.Result != operator.Superseded {
		v.Barrier.Result, v.Barrier.Why = operator.Unknown, "the instances cannot be listed, so it cannot be known what they do"
	}
	return v
}

// rowsValid reports whether ListRows returned rows beside err.
func rowsValid(err error) bool {
	return err == nil || errors.Is(err, store.ErrNeverWritten) || errors.Is(err, store.ErrLost) || errors.Is(err, store.ErrTampered)
}

// fresh returns set with the row of this instance as it is now. The instance writes its row
// some time after it acts.
func fresh(set store.Rowset, g core.Status) store.Rowset {
	i := slices.IndexFunc(set.Rows, func(r store.Row) bool { return r.Key == g.Instance })
	if i < 0 {
		return set
	}
	row, err := period.DecodeRow(g.Instance, set.Rows[i].Bytes)
	if err != nil {
		return set
	}
	row.State, row.Cause = rowState(g)
	row.Override, row.Regressed = g.Override, g.Regressed
	row.StoreID, row.Revision, row.WriteID = g.StoreID, g.Revision, g.WriteID
	row.Drained, row.DrainedUntil = g.Drained, time.Time{}
	row.Held, row.Streams = g.Held, g.Streams
	row.InFlight, row.Bypassed, row.Exempt, row.Judged = g.InFlight, g.Bypassed, g.Exempt, g.Judged
	if b, err := row.Encode(); err == nil {
		set.Rows = slices.Clone(set.Rows)
		set.Rows[i].Bytes = b
	}
	return set
}

// markOf identifies the write that this instance has adopted.
func markOf(g core.Status) period.Mark {
	return period.Mark{StoreID: g.StoreID, Revision: g.Revision, WriteID: g.WriteID}
}

// Revision is the revision of the document that the page shows. Its forms carry it.
func (v seen) Revision() int64 { return v.Document.Mark().Revision }

// Lost reports that the store has lost its document.
func (v seen) Lost() bool { return errors.Is(v.Err, store.ErrLost) }

// periodView is a period as pages show it.
type periodView struct {
	period.Period

	Status string // as in package wire
	Clock  clock
	// Overlaps are the ids of other periods that hold the site down at the same time, at most
	// fewIDs of them. The schedule sets it for windows that are to come.
	Overlaps []string
}

// overlaps returns the ids for Overlaps.
func (p periodView) overlaps(all []period.Period) []string {
	if p.Status != wire.Upcoming {
		return nil
	}
	var ids []string
	for _, other := range all {
		if other.ID == p.ID || !other.Enabled || other.Finished(p.Clock.Now) || len(ids) == fewIDs {
			continue
		}
		if (p.End.IsZero() || other.Start.Before(p.End)) && (other.End.IsZero() && other.Kind == period.Window || other.End.After(p.Start)) {
			ids = append(ids, other.ID)
		}
	}
	return ids
}

// View is p as pages show it.
func (v seen) View(p period.Period) periodView {
	return periodView{Period: p, Status: wire.StatusOf(p, v.Time), Clock: v.Clock}
}

// AtOnce reports that the period would be in force as soon as it is enabled.
func (p periodView) AtOnce() bool {
	enabled := p.Period
	enabled.Enabled = true
	return enabled.InForce(p.Clock.Now)
}

// holder is the holder of a period for people or, if it has none, who created it.
func holder(p period.Period) string {
	return cmp.Or(p.Holder, p.CreatedBy, "an unknown operator")
}

// rowState is the state of this instance and its cause, as its row reports them.
func rowState(st core.Status) (state period.RowState, cause string) {
	if st.Open || st.Closure == nil {
		return period.Open, ""
	}
	state = period.Closed
	switch st.Closure.Cause {
	case core.CauseStarting:
		state = period.Starting
	case core.CauseShutdown:
		state = period.Leaving
	}
	return state, st.Closure.Cause.String()
}
