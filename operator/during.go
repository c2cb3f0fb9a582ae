package operator

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-downtime/downtime/internal/wakes"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

const (
	runLease     = time.Minute      // of the row of a run
	beginWithin  = 10 * time.Second // how long a run tries to begin its period
	endRunWithin = 30 * time.Second // how long a run tries to end its period while the store fails
	leastBefore  = time.Second      // how long RunOptions.Before may take if the barrier has used up the time
)

// RunOptions says how [Operator.During] takes the site down.
type RunOptions struct {
	// Holder, Job, Reason, ReasonLang, Reasons, Emergency, ExpectedEnd and ExpectedAfter are those of
	// [StartOptions].
	Holder, Job   string
	Reason        *string
	ReasonLang    *string
	Reasons       map[string]string
	Emergency     *bool
	ExpectedEnd   time.Time
	ExpectedAfter time.Duration
	// AllowBypass lets predicates pass requests as in any other downtime. Otherwise no predicate
	// lets a request pass while the period is in force, and During waits for those that passed
	// before.
	AllowBypass bool
	// Period is the id of a period in force that During takes instead of a new one, for example of
	// a window that is due. Its end becomes its expected end, Holder and Job become those of the run,
	// and During ends it. "" means none.
	Period string
	// Hold is that of [StartOptions]; zero means none, or unchanged. During then waits for the barrier
	// for at most half of it, so that the function has the other half before requests fail.
	Hold time.Duration
	// Wait is how long During waits for the barrier. Zero means a minute.
	Wait time.Duration
	// Expect and AcceptSilent are those of [Barrier]. With AcceptSilent, During also goes on if the
	// result is [Presumed].
	Expect       *int
	AcceptSilent time.Duration
	// EndOnFailure ends the period also if the function fails. Otherwise the site stays down.
	EndOnFailure bool
	// Before, if not nil, is called when the barrier is reached, before the function, for example to
	// take a lock of the database. If it returns an error, During ends the period and does not call
	// the function. Its context ends with what is left of Wait, or of half of Hold, but not within a
	// second.
	Before func(ctx context.Context) error
	// Begun, if not nil, is called when the site was taken down, before During waits.
	Begun func(r Run)
	// Progress, if not nil, is called with each judgment while During waits.
	Progress func(j Judgment)
}

// Run describes what [Operator.During] did.
type Run struct {
	// ID is the id of the run, and the key of its row.
	ID string
	// Period is the period of the run. Its ID is "" if none was begun.
	Period period.Period
	// TakenOver is the ID of the dead run whose period this run has taken over; "" if it began its
	// own.
	TakenOver string
	// Barrier is the last judgment of the fleet. Its Result is [Superseded] or [Unknown] if the run lost
	// its period or its lease after the barrier, and before the function.
	Barrier Judgment
	// Ran is true if the function was called.
	Ran bool
	// Ended is true if During has ended the period.
	Ended bool
	// State is the state after the last write.
	State State
}

// During takes the site down, waits until it is safe, calls do, and brings the site back. It begins
// a deployment of its own, beside others of its holder, and ends only that one. If an earlier run
// of the holder died and left its deployment, During takes that over instead.
//
// While it runs, a row with a lease says so. It is no instance. A run whose lease is live is not
// taken over, see [ErrRunning]. If do fails, or if this process dies, the site stays down, and a
// later run, or End, brings it back.
//
// do is not called if the run has lost its period while it waited, or if its lease has ended, for
// example because the store failed for a minute.
//
// If ctx ends while During waits, it ends the period and does not call do. do gets ctx itself.
// After do the end of ctx has no effect.
//
// Errors: [ErrRunning], [ErrNoRows] and those of [Operator.Start], after which nothing was changed.
// [ErrNotReached], after which the period was ended, with the error of ctx or of Before if that is the
// reason, or with [ErrTakenOver], after which the period was left as it is.
// The error of do, unchanged. [ErrTakenOver] and [ErrStillDown] after do has succeeded.
func (o Operator) During(ctx context.Context, opts RunOptions, do func(ctx context.Context) error) (Run, error) {
	opts.Holder, o.Actor = cmp.Or(opts.Holder, o.Actor), cmp.Or(o.Actor, opts.Holder)
	lease, err := o.lease(ctx, runLease)
	if err != nil {
		return Run{}, err
	}
	defer lease.Release()
	run := Run{ID: lease.Key}
	res, err := o.begin(ctx, &run, opts)
	if err != nil {
		return run, err
	}
	run.State = res.State()
	if opts.Begun != nil {
		opts.Begun(run)
	}
	b := res.Barrier()
	b.Expect, b.AcceptSilent = opts.Expect, opts.AcceptSilent
	limit := cmp.Or(opts.Wait, time.Minute)
	if opts.Hold > 0 {
		limit = min(limit, opts.Hold/2)
	}
	begun := time.Now()
	run.Barrier, err = o.Wait(ctx, b, WaitOptions{Limit: limit, Progress: opts.Progress})
	switch {
	case err != nil:
	case !run.Barrier.Reached(b) && (run.Barrier.Result != Presumed || b.AcceptSilent <= 0):
		err = errors.New(run.Barrier.Summary())
	case opts.Before != nil:
		limited, cancel := context.WithTimeout(ctx, max(limit-time.Since(begun), leastBefore))
		err = opts.Before(limited)
		cancel()
	}
	if err == nil {
		err = o.holds(ctx, &run, lease)
	}
	if err != nil {
		return run, fmt.Errorf("%w: %w", ErrNotReached, errors.Join(err, o.endRun(ctx, &run)))
	}
	run.Ran = true
	if err := do(ctx); err != nil {
		if opts.EndOnFailure {
			err = errors.Join(err, o.endRun(ctx, &run))
		}
		return run, err
	}
	if err := o.endRun(ctx, &run); err != nil {
		return run, err
	}
	if left := run.State.InForce(); len(left) > 0 {
		return run, fmt.Errorf("%w because of %s", ErrStillDown, left[0].ID)
	}
	return run, nil
}

// begin begins the period of the run, or takes one over.
func (o Operator) begin(ctx context.Context, run *Run, opts RunOptions) (Result, error) {
	ctx, cancel := context.WithTimeout(ctx, beginWithin)
	defer cancel()
	w := &write{needRows: true}
	w.do = func(d *period.Document, now time.Time, res *Result) (err error) {
		w.action, res.Period, err = o.take(d, now, run, opts, w.rows)
		return err
	}
	res, err := o.write(ctx, w)
	run.Period = res.Period
	return res, err
}

// take changes d, so that the run begins its period or takes one over. It returns the period.
func (o Operator) take(d *period.Document, now time.Time, run *Run, opts RunOptions, rows []store.Row) (period.Action, period.Period, error) {
	i, err := takeable(d, now, opts, rows)
	if err != nil {
		return "", period.Period{}, err
	}
	run.TakenOver = ""
	action := period.ActionStart
	if i >= 0 {
		action, run.TakenOver = period.ActionChange, d.Periods[i].RunID
	}
	p := o.deployment(d, i, now, opts.Holder, opts.Job)
	var held error
	if opts.Hold != 0 {
		held = setHold(p, &opts.Hold)
	}
	promised := moment{"expected_end", opts.ExpectedEnd, opts.ExpectedAfter}
	expected, err := promised.ahead(now)
	if err != nil {
		return "", period.Period{}, err
	}
	p.ExpectedEnd = cmp.Or(expected, p.ExpectedEnd, p.End)
	p.End, p.RunID = time.Time{}, run.ID
	if p.Holder != opts.Holder { // else a second run of the holder would not find it
		p.Holder, p.Job = opts.Holder, opts.Job
	}
	if p.Bypass = period.Suspended; opts.AllowBypass {
		p.Bypass = ""
	}
	setReason(p, opts.Reason, opts.ReasonLang, opts.Reasons)
	set(&p.Emergency, opts.Emergency)
	return action, *p, afterFaults(errors.Join(held, p.Validate()), promised)
}

// takeable returns the index of the period that the run takes: the one that it names, or that of a
// dead run of the holder. It returns -1 if the run begins its own.
func takeable(d *period.Document, now time.Time, opts RunOptions, rows []store.Row) (int, error) {
	if strings.TrimSpace(opts.Holder) == "" {
		return 0, &period.FieldError{Field: "holder", Value: opts.Holder, Problem: "is missing; say whose deployment it is"}
	}
	take := -1
	for i, p := range d.Periods {
		named := opts.Period != "" && p.ID == opts.Period
		if named && !p.InForce(now) {
			return 0, fmt.Errorf("%q: %w", p.ID, ErrNotInForce)
		}
		if !named && (p.RunID == "" || p.Holder != opts.Holder || !p.InForce(now)) {
			continue
		}
		switch _, life := rowOf(rows, p.RunID); {
		case p.RunID != "" && life == store.Live:
			return 0, fmt.Errorf("%w: run %s of %s holds period %s", ErrRunning, p.RunID, cmp.Or(p.Holder, "unknown"), p.ID)
		case named, opts.Period == "" && life != 0:
			take = i
		}
	}
	if opts.Period != "" && take < 0 {
		return 0, fmt.Errorf("%q: %w", opts.Period, ErrNotFound)
	}
	return take, nil
}

// holds returns an error if the function of the run must not begin: the period is not its own any
// more, or another run may be about to take it over. Wait does not notice a take-over, because the
// period stays in force. With an error, the result of the barrier is [Superseded] or [Unknown].
func (o Operator) holds(ctx context.Context, run *Run, lease *Lease) error {
	ctx, cancel := context.WithTimeout(ctx, rowsTimeout)
	defer cancel()
	s, err := o.Read(ctx)
	result := Unknown
	switch {
	case err != nil:
	case !run.owns(s.Document):
		err, result = ErrTakenOver, Superseded
	case !lease.kept():
		err = errLapsed
	default:
		return nil
	}
	run.Barrier.Result, run.Barrier.Why = result, err.Error()
	return err
}

// owns reports whether d has the period of the run, and no other run has taken it over.
func (r *Run) owns(d *period.Document) bool {
	if d == nil {
		return false
	}
	i, err := index(d, r.Period.ID)
	return err == nil && d.Periods[i].RunID == r.ID
}

// remove removes the period of the run, if the run still owns it.
func (r *Run) remove(d *period.Document) error {
	if !r.owns(d) {
		return ErrTakenOver
	}
	d.Periods = slices.DeleteFunc(d.Periods, func(p period.Period) bool { return p.ID == r.Period.ID })
	return nil
}

// endRun ends the period of the run, unless another has ended it or taken it over. While the store
// fails it tries again, also after the end of ctx.
func (o Operator) endRun(ctx context.Context, run *Run) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endRunWithin)
	defer cancel()
	for unconfirmed := false; ; {
		gone := false
		res, err := o.write(ctx, &write{action: period.ActionEnd, do: func(d *period.Document, _ time.Time, _ *Result) error {
			_, found := d.Find(run.Period.ID)
			gone = !found
			return run.remove(d)
		}})
		if res.After != nil {
			run.State = res.State()
		}
		if err == nil || unconfirmed && gone && errors.Is(err, ErrTakenOver) {
			run.Ended = true // perhaps by the unconfirmed write
			return nil
		}
		unconfirmed = unconfirmed || errors.Is(err, ErrUnconfirmed)
		_, ofStore := errors.AsType[*StoreError](err)
		if !ofStore && !errors.Is(err, ErrUnconfirmed) {
			return err
		}
		if wakes.Pause(ctx, time.Second) != nil {
			return err
		}
	}
}
