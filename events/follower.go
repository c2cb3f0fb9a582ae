package events

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/go-downtime/downtime/internal/wakes"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

const (
	fastestPoll  = time.Second
	slowestPoll  = 5 * time.Second // so that an overdue end reaches a person within a minute
	callTimeout  = 5 * time.Second // of one read or write of the store
	freshRead    = 2 * time.Second // after which a claim is read again before a delivery
	maxBehind    = 8               // revisions without events, after which the position is written
	firstReread  = time.Second
	hintDistance = 100 * time.Millisecond // at most one read in this time, even if there are more hints
)

// Follower follows the events of a store. Its fields must not change while Run runs.
type Follower struct {
	// Operator has the store. Its Actor and Origin are not used, because the write of a position adds no
	// entry to the log.
	Operator operator.Operator
	// Name is the name under which the position is kept in the document. Only one process at a time
	// follows under a name. If Name is "", the document keeps no position. Run then writes nothing and
	// begins at From, and several processes can follow.
	Name string
	// From is the position at which Run begins if the document has no position for Name. [Since] makes
	// one. Nil means the present position.
	From *Position
	// Notice is how long before the start of a window Run delivers about-to-begin. Zero means that Run
	// never delivers it.
	Notice time.Duration
	// Deliver delivers one event. It is called for one event at a time, in their order, and again
	// after an error that is not a [*FinalError]. Its context does not end with the context of Run, so
	// that the current delivery can finish. Therefore Deliver needs a time-out of its own.
	Deliver func(ctx context.Context, e Event) error
	// Retry says how often a delivery is tried.
	Retry Retry
	// Report, if not nil, is called with each change of state and with each failed attempt.
	Report func(Report)
}

// Run follows until ctx ends, and returns the error of ctx. Before it returns, it finishes the current
// delivery, writes the position and deletes its row. Another process can then follow at once.
//
// Before the first event, Run returns the errors of [operator.Operator.Lease] and
// [operator.Operator.Follow], except ErrFollowed and ErrNothingWritten. On these two errors, Run waits.
// Run reports later errors of the store, and continues.
func (f *Follower) Run(ctx context.Context) error {
	r := &run{Follower: f, hints: make(chan struct{}, 1)}
	if h, ok := f.Operator.Store.(store.Hinter); ok {
		defer h.Subscribe(r.again)()
	}
	if f.Name == "" {
		if f.From != nil {
			r.position = new(*f.From)
		}
		return r.follow(ctx)
	}
	if err := period.NameFault(f.Name); err != nil {
		return err
	}
	lease, err := f.Operator.Lease(ctx)
	if err != nil {
		return err
	}
	defer lease.Release()
	r.holder = lease.Key
	for {
		if err := r.claim(ctx); err != nil {
			return err
		}
		if err := r.follow(ctx); err != nil {
			_ = r.advance(ctx, "") // no process follows any more
			return err
		}
	}
}

// run is one call of Run.
type run struct {
	*Follower

	hints  chan struct{}
	holder string

	position *Position       // in memory; nil before the first read
	written  period.Follower // in the document
	first    time.Time       // when this process saw that there was no document; zero if it did not
	began    bool            // the store could be used once
	said     string          // the last report, so that it is not repeated
}

// begin sets the position, if there is none yet. A process that has waited for the first document
// begins before it.
func (r *run) begin(d *period.Document, now time.Time) {
	switch {
	case r.position != nil:
	case !r.first.IsZero():
		r.position = &Position{StoreID: d.StoreID, At: r.first}
	default:
		r.position = &Position{StoreID: d.StoreID, Revision: d.Revision, At: now}
	}
}

// claim waits until this process is the follower of its name.
func (r *run) claim(ctx context.Context) error {
	for {
		call, cancel := context.WithTimeout(ctx, callTimeout)
		held, err := r.Operator.Follow(call, r.Name, r.holder, func(s operator.State) period.Follower {
			switch {
			case r.position != nil && r.position.StoreID != s.Document.StoreID: // it is told that events are missing
				return period.Follower{At: r.position.At}
			case r.From != nil:
				return period.Follower{Revision: r.From.Revision, At: r.From.At}
			}
			r.begin(s.Document, s.Time)
			return period.Follower{Revision: r.position.Revision, At: r.position.At}
		})
		cancel()
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil:
			r.written = held
			if r.position == nil || r.position.Revision < held.Revision || r.position.At.Before(held.At) {
				r.position = &Position{Revision: held.Revision, At: held.At, Told: held.Told}
			}
			r.report(Report{Kind: Following})
			r.began = true
			return nil
		case errors.Is(err, operator.ErrFollowed):
			r.report(Report{Kind: StandBy, Err: err})
		case errors.Is(err, operator.ErrNothingWritten):
			_ = r.missing(ErrNoDocument)
		case r.began && ofStore(err):
			r.report(Report{Kind: Unreadable, Err: err})
		default:
			return err
		}
		r.began = true
		if err := r.wait(ctx, nil); err != nil {
			return err
		}
	}
}

// follow delivers events until ctx ends, or until another process follows under the name. Then it
// returns nil.
func (r *run) follow(ctx context.Context) error {
	for {
		seen, err := r.read(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil {
			if f, _ := seen.Document.Follower(r.Name); f.Holder != r.holder {
				return nil
			}
			r.begin(seen.Document, seen.Now)
			if r.position.StoreID == "" {
				r.position.StoreID = seen.Document.StoreID // of the entry in this document
			}
			if taken, err := r.tell(ctx, seen); taken || err != nil {
				return err
			}
		}
		if err := r.wait(ctx, r.missing(err)); err != nil {
			return err
		}
	}
}

// tell delivers the events of one read. It stops if another process follows, and returns early if the
// read is too old for a claim.
func (r *run) tell(ctx context.Context, seen Observation) (taken bool, err error) {
	read := time.Now()
	batch := Next(*r.position, seen, r.Notice)
	for n, e := range batch.Events {
		if r.Name != "" && time.Since(read) > freshRead {
			r.again()
			return false, nil
		}
		if err := r.deliver(ctx, e); err != nil {
			return errors.Is(err, operator.ErrTakenOver), ctx.Err()
		}
		*r.position = batch.After(n + 1)
		if taken := r.advance(ctx, r.holder); taken {
			return true, nil
		}
	}
	*r.position = batch.After(len(batch.Events))
	if seen.Document.Revision >= r.written.Revision+maxBehind || r.position.Revision < r.written.Revision {
		return r.advance(ctx, r.holder), nil
	}
	return false, nil
}

// advance writes the position and the holder into the document. An empty holder means that no process
// follows. advance reports whether another process follows. If the store cannot be written, the next
// event writes the position. Without a name, advance writes nothing.
func (r *run) advance(ctx context.Context, holder string) (taken bool) {
	if r.Name == "" {
		return false
	}
	call, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTimeout)
	defer cancel()
	next := period.Follower{Name: r.Name, Holder: holder, Revision: r.position.Revision, At: r.position.At, Told: r.position.Told}
	err := r.Operator.Advance(call, r.holder, next)
	switch {
	case errors.Is(err, operator.ErrTakenOver):
		return true
	case err != nil:
		r.report(Report{Kind: Unreadable, Err: err})
	default:
		r.written = next
	}
	return false
}

// deliver tries until the event is delivered or given up. It returns the error of ctx, or
// ErrTakenOver if another process follows.
func (r *run) deliver(ctx context.Context, e Event) error {
	begun := time.Now()
	for attempt := 1; ; attempt++ {
		err := r.Deliver(context.WithoutCancel(ctx), e)
		if err == nil {
			return nil
		}
		pause, giveUp := r.Retry.next(err, attempt, time.Since(begun))
		if giveUp {
			r.report(Report{Kind: GivenUp, Event: &e, Err: err})
			return nil
		}
		r.report(Report{Kind: Retrying, Event: &e, Err: err, After: pause})
		if err := wakes.Pause(ctx, pause); err != nil {
			return err
		}
		if r.Name != "" && !r.holds(ctx) {
			return operator.ErrTakenOver
		}
	}
}

// holds reports whether this process is still the follower. If the store cannot be read, it is not
// known to be another one.
func (r *run) holds(ctx context.Context) bool {
	call, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	s, err := r.Operator.Read(call)
	if err != nil || s.Document == nil {
		return true
	}
	f, found := s.Document.Follower(r.Name)
	return !found || f.Holder == r.holder
}

// missing reports that the store could not be read, or has no document. It returns the error, so that
// the next read comes soon.
func (r *run) missing(err error) error {
	switch {
	case err == nil:
		r.said = ""
	case errors.Is(err, ErrNoDocument):
		if r.first.IsZero() && r.position == nil {
			r.first = time.Now()
		}
		r.report(Report{Kind: Waiting, Err: err})
	default:
		r.report(Report{Kind: Unreadable, Err: err})
	}
	return err
}

func (r *run) report(p Report) {
	said := string(p.Kind)
	if p.Err != nil {
		said += p.Err.Error()
	}
	if r.Report == nil || said == r.said && p.Event == nil {
		return
	}
	r.said = said
	r.Report(p)
}

// again makes the next wait short.
func (r *run) again() {
	select {
	case r.hints <- struct{}{}:
	default:
	}
}

// wait waits until the next read: for the poll interval, or less after a hint or an error.
func (r *run) wait(ctx context.Context, failed error) error {
	pause := min(max(cmp.Or(r.Operator.Store.Info().Poll, slowestPoll), fastestPoll), slowestPoll)
	if failed != nil {
		pause = min(pause, firstReread)
	}
	return wakes.Wait(ctx, r.hints, pause, hintDistance)
}

// read reads the document and the rows.
func (r *run) read(ctx context.Context) (Observation, error) {
	call, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return Observe(call, r.Operator)
}

// ofStore reports whether err is a fault of the store that can pass.
func ofStore(err error) bool {
	_, fault := errors.AsType[*operator.StoreError](err)
	return fault || errors.Is(err, store.ErrLost) || errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrUnconfirmed) || errors.Is(err, operator.ErrUnreadable)
}
