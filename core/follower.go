package core

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"weak"

	cryptorand "crypto/rand"

	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

// follower reads the store and decides which snapshot is current. The pure function step holds
// its logic. follower is the shell around step: one timer, a goroutine for each read and each
// write of the row, and the log. No goroutine waits between steps. The timer and the goroutines
// hold only weak pointers to the follower, so a gate that is never shut down can be
// garbage-collected.
type follower struct {
	set     *settings
	current *atomic.Pointer[snapshot] // the gate's
	row     period.Row                // the part of the row that never changes
	calls   context.Context           //nolint:containedctx // for the calls of the store; Shutdown cancels it
	cancel  context.CancelFunc
	gone    *departure
	// overrideFile is used by one goroutine at a time.
	overrideFile *overrideFile

	mu      sync.Mutex
	state   state
	timer   *time.Timer
	ticks   time.Time // when the prepared answers change; zero if they do not
	retired []*retired
	streams streams
	held    atomic.Int64 // requests that wait until the gate opens
	decided tally        // requests that were decided under snapshots no longer in retired
	waiters []waiter
	logs    logQueue
	changes *transitions // nil without Config.OnTransition
}

// waiter waits for the end of a read.
type waiter struct {
	read int // the number of the first read that began after the wait
	done chan error
}

// departure cleans up at the store when a gate is shut down or garbage-collected: it ends the
// subscription and deletes the row. It holds no reference to the gate.
type departure struct {
	unsub func()     // of the hints; nil if there are none
	fleet store.Rows // the store, if it keeps rows; else nil
	key   atomic.Pointer[string]
	left  atomic.Bool
}

// setKey stores a copy of the key of the row. A pointer into the follower would keep the gate
// alive.
func (d *departure) setKey(key string) { d.key.Store(&key) }

// collected runs when a gate that was never shut down is garbage-collected.
func (d *departure) collected() {
	if d.unsub != nil {
		d.unsub()
	}
	go func() { _ = d.delete(context.Background()) }() // after an error the lease ends, and the store prunes the row
}

// delete deletes the row. Only its first call has an effect. While the store fails it tries again,
// until ctx ends, and for at most leavingLimit: otherwise the row of an instance that has ended
// stays live until its lease ends.
func (d *departure) delete(ctx context.Context) error {
	if d.fleet == nil || !d.left.CompareAndSwap(false, true) {
		return nil
	}
	limited, cancel := context.WithTimeout(ctx, leavingLimit)
	defer cancel()
	for pause := firstRetry; ; pause = min(2*pause, lastRetry) {
		err := d.deleteOnce(ctx)
		if err == nil || errors.Is(err, store.ErrReadOnly) {
			return err
		}
		select {
		case <-limited.Done():
			return err
		case <-time.After(pause):
		}
	}
}

// deleteOnce also tries if ctx has ended.
func (d *departure) deleteOnce(ctx context.Context) error {
	return guarded(context.WithoutCancel(ctx), func(ctx context.Context) error {
		return d.fleet.DeleteRow(ctx, *d.key.Load(), []byte(period.NoteLeft))
	})
}

// guarded calls the store with a deadline. It returns a panic of the store as an error.
func guarded(ctx context.Context, call func(ctx context.Context) error) (err error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("store panicked: %v", p)
		}
	}()
	return call(ctx)
}

// newFollower makes a follower that replaces the snapshot in current. begin starts it.
func newFollower(set *settings, current *atomic.Pointer[snapshot]) *follower {
	now := time.Now()
	f := &follower{set: set, current: current, logs: logQueue{log: set.log}, gone: &departure{}, overrideFile: &overrideFile{}}
	if set.OnTransition != nil {
		f.changes = &transitions{call: set.OnTransition, log: set.log}
	}
	f.calls, f.cancel = context.WithCancel(context.Background())
	f.state.begun, f.state.seed = now, rand.Uint64() //nolint:gosec // a spread, not a secret
	f.state.file.due, f.state.read.due, f.state.row.due = now, now, now
	if rows, ok := set.Store.(store.Rows); ok {
		f.gone.fleet = rows
		f.row = set.ownRow(now)
		f.state.row.key = newRowKey()
		f.gone.setKey(f.state.row.key)
	}
	return f
}

// newRowKey is a random key for a row.
func newRowKey() string { return strings.ToLower(cryptorand.Text())[:16] }

// begin subscribes, then registers, then reads. It waits for the first read until ctx ends, and
// for at most 2 s.
func (f *follower) begin(ctx context.Context) {
	if h, ok := f.set.Store.(store.Hinter); ok {
		f.gone.unsub = h.Subscribe(f.later(hint{}))
	}
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	var first any = tick{}
	if f.set.OverrideFile != "" {
		first = f.overrideFile.read(ctx, f.set)
	}
	if f.set.Store == nil {
		f.handle(first)
		return
	}
	_ = f.await(ctx, first) // state and log have the error
	f.handle(waited{})
}

// handle passes an event to step and carries out the output. After a read it wakes the callers that
// wait for it.
func (f *follower) handle(event any) {
	f.mu.Lock()
	f.advanceLocked(event)
	if done, ok := event.(readDone); ok {
		f.wakeLocked(done)
	}
	f.mu.Unlock()
	f.logs.flush(&f.mu)
}

// later returns a function that handles the event. The function holds the follower weakly.
func (f *follower) later(event any) func() {
	w := weak.Make(f)
	return func() {
		if f := w.Value(); f != nil {
			f.handle(event)
		}
	}
}

// async runs call on a new goroutine, which holds the follower weakly, and handles the result. call
// must not use f.
func (f *follower) async(call func() (event any)) {
	w := weak.Make(f)
	go func() {
		event := call()
		if f := w.Value(); f != nil {
			f.handle(event)
		}
	}()
}

// advanceLocked runs step until no further step is due at once.
func (f *follower) advanceLocked(event any) {
	for {
		in := f.inputLocked(time.Now())
		var out output
		f.state, out = f.set.step(f.state, event, in)
		f.logs.add(out.lines...)
		if out.install {
			f.installLocked(in.now)
		}
		if f.changes != nil && f.changes.add(out.changes...) {
			f.logs.add(logLine{slog.LevelWarn, "OnTransition is slow, transitions are dropped", []slog.Attr{slog.Int("waiting", maxTransitions)}})
		}
		if out.read {
			f.readLocked()
		}
		if out.put {
			f.putLocked(in)
		}
		if out.readFile {
			f.readFileLocked()
		}
		if !out.install {
			f.sleepLocked(in.now, out.wake)
			return
		}
		event = tick{} // look at the snapshot that was replaced
	}
}

// inputLocked collects the input of the next step.
func (f *follower) inputLocked(now time.Time) input {
	in := input{now: now, quiet: true, idle: true, key: newRowKey()}
	in.pace, in.warning = f.info()
	f.retired = slices.DeleteFunc(f.retired, func(r *retired) bool {
		admitted, exempt := r.admitted.look(), r.exempt.look()
		if admitted && exempt {
			f.decided.add(r.snapshot)
			return true
		}
		in.idle = false
		in.quiet = in.quiet && (admitted || !r.waits)
		return false
	})
	return in
}

// info returns the time between two polls, and the store's warning.
func (f *follower) info() (pace time.Duration, warning string) {
	var info store.Info
	if f.set.Store != nil {
		info = f.set.Store.Info()
	}
	pace = cmp.Or(f.set.PollInterval, max(info.Poll, 0), defaultPoll)
	return max(pace, time.Millisecond), info.Warning
}

// installLocked replaces the snapshot by a new one for the closure in the state.
func (f *follower) installLocked(now time.Time) {
	old, closure := f.current.Load(), f.state.now.closure
	next := openSnapshot(f)
	if closure != nil {
		copied := *closure // the one in state stays without answers
		copied.answers = f.set.answer.Prepare(closure.facts(), now.Add(f.state.known.offset), func(err error) {
			f.set.warnOnce(f.current.Load(), "own page failed, the built-in one is shown", slog.Any("error", err))
		})
		if !copied.HoldUntil.IsZero() {
			copied.queue = &queue{over: make(chan struct{})}
		}
		next = closedSnapshot(&copied, old)
	}
	if next.open() && f.state.leaving {
		close(next.closing)
	}
	f.current.Store(next)
	if old.open() && !f.state.leaving {
		close(old.closing)
	}
	if old.closure != nil && old.closure.queue != nil {
		old.closure.queue.end(next.open(), f.held.Load())
	}
	for _, r := range f.retired {
		r.waits = r.waits || r.refusesLess(next)
	}
	f.retired = append(f.retired, retire(old, next))
	f.tickAnswersLocked(now)
}

// tickAnswersLocked brings the prepared answers up to date and notes when they change next.
func (f *follower) tickAnswersLocked(now time.Time) {
	f.ticks = time.Time{}
	if c := f.current.Load().closure; c != nil {
		if next := c.answers.Tick(now.Add(f.state.known.offset)); !next.IsZero() {
			f.ticks = next.Add(-f.state.known.offset)
		}
	}
}

// sleepLocked sets the timer for the next step.
func (f *follower) sleepLocked(now, wake time.Time) {
	if !f.ticks.IsZero() && !now.Before(f.ticks) {
		f.tickAnswersLocked(now)
	}
	if f.timer != nil {
		f.timer.Stop()
	}
	// Refusals of a gate that was shut down stay as they are.
	if !f.state.stopped {
		wake = earliest(time.Time{}, wake, f.ticks)
	}
	if wake.IsZero() {
		return
	}
	// Sub uses the wall clock for edges, because they have no monotonic reading. For other times
	// it uses the monotonic clock.
	f.timer = time.AfterFunc(max(wake.Sub(now), 0), f.later(tick{}))
}

// readLocked starts a read with its own deadline.
func (f *follower) readLocked() {
	n, ctx, st, have, key := f.state.read.n, f.calls, f.set.Store, f.state.known.token, f.state.row.key
	var fleet store.Rows
	if f.state.read.list {
		fleet = f.gone.fleet
	}
	f.async(func() any {
		done := readDone{n: n, asked: time.Now()}
		done.err = guarded(ctx, func(ctx context.Context) error { return done.read(ctx, st, fleet, have, key) })
		done.answered = time.Now()
		return done
	})
}

// read reads the document and decodes its state. If fleet is not nil, it also lists the rows, except
// the one with this key. Rows that cannot be listed do not prevent the read.
func (e *readDone) read(ctx context.Context, st store.Store, fleet store.Rows, have store.Token, key string) error {
	var err error
	if fleet != nil {
		err = e.list(ctx, fleet, key)
	}
	if !e.listed {
		e.blob, err = st.Get(ctx, have)
	}
	if err != nil {
		return err
	}
	if e.doc, err = period.DecodeWithoutLog(e.blob.Bytes); err != nil {
		return fmt.Errorf("%s: %w: %w", st.Info().Name, errFormat, err)
	}
	return nil
}

// list reads document and rows together, in half of the time that ctx has. It sets listed if that
// succeeds. The error is then that of the document.
func (e *readDone) list(ctx context.Context, fleet store.Rows, key string) error {
	ctx, cancel := context.WithTimeout(ctx, readTimeout/2)
	defer cancel()
	set, err := fleet.ListRows(ctx, "")
	if err != nil && !errors.Is(err, store.ErrNeverWritten) && !errors.Is(err, store.ErrLost) && !errors.Is(err, store.ErrTampered) {
		return err
	}
	e.listed, e.since, e.blob = true, set.Since, set.Blob
	if seen := set.Newest; seen.StoreID != "" { // the store's own note counts as the row of an instance
		e.rows = append(e.rows, period.Row{ID: "the store", StoreID: seen.StoreID, Revision: seen.Revision, WriteID: seen.WriteID, Regressed: true})
	}
	for _, r := range set.Rows {
		if row, err := period.DecodeRow(r.Key, r.Bytes); err == nil && r.Key != key {
			e.rows = append(e.rows, row)
		}
	}
	return err
}

// wakeLocked wakes the callers that wait for the end of this read.
func (f *follower) wakeLocked(done readDone) {
	err := done.err
	if errors.Is(err, store.ErrUnchanged) || errors.Is(err, store.ErrNeverWritten) && f.state.known.doc == nil {
		err = nil
	}
	f.waiters = slices.DeleteFunc(f.waiters, func(w waiter) bool {
		if w.read > done.n {
			return false
		}
		w.done <- err // it has room for one
		return true
	})
}

// await handles the event and waits for the end of a read that began after it, or for ctx.
func (f *follower) await(ctx context.Context, event any) error {
	f.mu.Lock()
	if f.state.stopped {
		f.mu.Unlock()
		return ErrShutdown
	}
	w := waiter{read: f.state.read.n + 1, done: make(chan error, 1)}
	f.waiters = append(f.waiters, w)
	f.advanceLocked(event)
	f.mu.Unlock()
	f.logs.flush(&f.mu)
	select {
	case err := <-w.done:
		if err != nil {
			return fmt.Errorf("read %s: %w", f.set.description, err)
		}
		return nil
	case <-ctx.Done():
		f.mu.Lock()
		f.waiters = slices.DeleteFunc(f.waiters, func(other waiter) bool { return other.done == w.done })
		f.mu.Unlock()
		return fmt.Errorf("read %s: no answer: %w", f.set.description, context.Cause(ctx))
	}
}

// putLocked starts a write of the row with its own deadline. A slow write never delays a read.
func (f *follower) putLocked(in input) {
	ctx, fleet, row := f.calls, f.gone.fleet, f.set.fillRow(f.row, &f.state, f.countersLocked(), in.pace)
	f.gone.setKey(row.ID)
	f.async(func() any {
		token, err := putRow(ctx, fleet, row)
		return rowDone{token, err}
	})
}

func putRow(ctx context.Context, fleet store.Rows, row period.Row) (token store.Token, err error) {
	err = guarded(ctx, func(ctx context.Context) error {
		b, err := encodeRow(row)
		if err == nil {
			token, _, err = fleet.PutRow(ctx, row.ID, b, leaseTime)
		}
		return err
	})
	return token, err
}

// readFileLocked starts a read of the override file.
func (f *follower) readFileLocked() {
	ctx, file, set := f.calls, f.overrideFile, f.set
	f.async(func() any { return file.read(ctx, set) })
}

// countersLocked adds up the counters of all snapshots.
func (f *follower) countersLocked() counters {
	c := counters{decided: f.decided, held: f.held.Load(), streams: f.streams.running()}
	c.add(f.current.Load())
	for _, r := range f.retired {
		c.add(r.snapshot)
	}
	return c
}
