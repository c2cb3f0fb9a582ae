package operator

import (
	"context"
	"slices"
	"time"

	"github.com/go-downtime/downtime/internal/wakes"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

const (
	firstPause = 50 * time.Millisecond // between two reads of Wait
	lastPause  = time.Second
	alone      = 2 * time.Second // after which Wait does not expect an instance any more
)

// WaitOptions says how long [Operator.Wait] waits.
type WaitOptions struct {
	// Limit is how long Wait waits. Zero or less means until its context ends.
	Limit time.Duration
	// Progress, if not nil, is called with each judgment, on the goroutine of Wait.
	Progress func(j Judgment)
}

// Wait waits until the fleet has drained the period of b. It returns the last judgment, also after
// the limit and after the end of the context. It returns as soon as the result is [Safe], [Presumed]
// or [Superseded]. It returns [NoInstance] after 2 s, or at once if b expects no instance. If the
// store cannot be read, the result is [Unknown], and Wait reads again. Wait writes nothing.
//
// Errors: [ErrNoRows]; the error of the context, if it ended before the limit.
func (o Operator) Wait(ctx context.Context, b Barrier, opts WaitOptions) (Judgment, error) {
	return o.poll(ctx, b, opts, func(j Judgment, waited time.Duration) bool {
		switch j.Result {
		case Safe, Presumed, Superseded:
			return true
		case NoInstance:
			return j.Reached(b) || waited >= alone
		}
		return false
	})
}

// WaitAdopted waits until each live instance has adopted the write of res, or a later one, and does
// what the document says. It is for a write that opens the site. [Judgment.Lagging] names the
// instances that it waits for. Options and errors are those of [Operator.Wait].
func (o Operator) WaitAdopted(ctx context.Context, res Result, opts WaitOptions) (Judgment, error) {
	return o.poll(ctx, Barrier{}, opts, func(j Judgment, _ time.Duration) bool {
		return j.Err == nil && len(j.Lagging(res)) == 0
	})
}

// Lagging returns the live instances that have not adopted the write of res, or a later one, and
// those that do not do what the document says.
func (j Judgment) Lagging(res Result) []Instance {
	return j.Which(func(i Instance) bool {
		return i.Live() && i.State != period.Leaving &&
			(i.Disagrees != "" || i.StoreID != res.written.StoreID || i.Revision < res.written.Revision)
	})
}

// poll reads and judges until done accepts a judgment.
func (o Operator) poll(ctx context.Context, b Barrier, opts WaitOptions, done func(j Judgment, waited time.Duration) bool) (Judgment, error) {
	if _, err := o.rows(); err != nil {
		return Judgment{}, err
	}
	hints := make(chan struct{}, 1)
	if h, ok := o.Store.(store.Hinter); ok {
		defer h.Subscribe(func() {
			select {
			case hints <- struct{}{}:
			default:
			}
		})()
	}
	begun := time.Now()
	b.Seen = slices.Clone(b.Seen)
	for {
		set, err := o.list(ctx)
		j := Judge(set, err, b)
		b.see(set.Rows)
		if opts.Progress != nil {
			opts.Progress(j)
		}
		waited := time.Since(begun)
		if done(j, waited) {
			return j, nil
		}
		if err := ctx.Err(); err != nil {
			return j, err
		}
		// Instances report within 50 ms. Later, a pause of a quarter of the time so far delays the
		// answer little, and spares the store.
		next := min(max(waited/4, firstPause), lastPause)
		if opts.Limit > 0 {
			if waited >= opts.Limit {
				return j, nil
			}
			next = min(next, opts.Limit-waited)
		}
		if err := wakes.Wait(ctx, hints, next, min(next, firstPause)); err != nil {
			return j, err
		}
	}
}

// see adds the rows to those that were seen, and keeps the newest row of each instance.
func (b *Barrier) see(rows []store.Row) {
	at := make(map[string]int, len(b.Seen))
	for n, r := range b.Seen {
		at[r.Key] = n
	}
	for _, r := range rows {
		n, ok := at[r.Key]
		if !ok {
			b.Seen = append(b.Seen, r)
			continue
		}
		if !newer(b.Seen[n], r) {
			b.Seen[n] = r
		}
	}
}
