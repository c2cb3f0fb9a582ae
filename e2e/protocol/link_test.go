package protocol

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

var errCut = errors.New("connection refused")

// link is the connection of one party to the store. It delays each call before and after it reaches
// the store, refuses calls or lets them hang, and delivers rows after their writer has given up.
type link struct {
	w   *world
	who int // the instance; operatorLink for operators

	dead atomic.Bool // the process has crashed

	mu      sync.Mutex
	random  *rand.Rand
	delay   time.Duration // the longest before a call reaches the store, and after
	deaf    bool          // no hint arrives
	late    bool          // rows that were given up still reach the store
	cut     time.Time     // no call reaches the store before
	cutRows time.Time     // no row does
	wakes   []*func()
	swapped func()           // called once when the next Swap has reached the store; may be nil
	listed  *period.Document // in the last answered listing
}

const operatorLink = -1

var (
	_ store.Rows   = (*link)(nil)
	_ store.Hinter = (*link)(nil)
)

func (l *link) set(change func(l *link)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change(l)
}

// cutFor cuts the connection for this time.
func (l *link) cutFor(d time.Duration) { l.set(func(l *link) { l.cut = time.Now().Add(d) }) }

func (l *link) pause() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.delay <= 0 {
		return 0
	}
	d := time.Duration(l.random.Int64N(int64(l.delay)))
	if l.random.IntN(2) == 0 {
		d /= 20 // most calls are fast
	}
	return d
}

// call makes one call of the store. It returns an error if the answer did not arrive.
func (l *link) call(ctx context.Context, row bool, do func()) error {
	if l.dead.Load() {
		return errCut
	}
	l.mu.Lock()
	cut, hangs, late := l.cut, l.random.IntN(2) == 0, row && l.late
	if row && l.cutRows.After(cut) {
		cut = l.cutRows
	}
	l.mu.Unlock()
	if time.Now().Before(cut) {
		if hangs {
			<-ctx.Done()
			return ctx.Err()
		}
		if !wait(ctx, l.pause()) {
			return ctx.Err()
		}
		return errCut
	}
	before := l.pause()
	if !wait(ctx, before) {
		if late {
			go func() {
				sleep(before)
				do()
			}()
		}
		return ctx.Err()
	}
	do()
	if !wait(ctx, l.pause()) {
		return ctx.Err()
	}
	if l.dead.Load() {
		return errCut
	}
	return nil
}

// wait returns false if ctx ends first.
func wait(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// within is the context of a call that has reached the store: the store finishes it.
func within(ctx context.Context) context.Context { return context.WithoutCancel(ctx) }

func (l *link) Info() store.Info { return l.w.store().Info() }

func (l *link) Get(ctx context.Context, have store.Token) (blob store.Blob, err error) {
	var doc *period.Document
	var visible bool
	if lost := l.call(ctx, false, func() {
		blob, err = l.w.store().Get(within(ctx), have)
		doc, visible = l.w.sample(l.who)
	}); lost != nil {
		return store.Blob{}, lost
	}
	if err == nil || errors.Is(err, store.ErrUnchanged) {
		l.w.heard(l.who, doc, blob.Token, visible)
	}
	blob.Now = l.w.shifted(blob.Now)
	return blob, err
}

func (l *link) Swap(ctx context.Context, old store.Token, next []byte) (err error) {
	if lost := l.call(ctx, false, func() {
		err = l.w.store().Swap(within(ctx), old, next)
		l.mu.Lock()
		then := l.swapped
		l.swapped = nil
		l.mu.Unlock()
		if then != nil {
			then()
		}
		l.w.hint()
	}); lost != nil {
		return lost
	}
	return err
}

func (l *link) PutRow(ctx context.Context, key string, b []byte, lease time.Duration) (store.Token, time.Time, error) {
	if l.dead.Load() {
		return "", time.Time{}, errCut
	}
	l.w.sends(l.who, key, b)
	var token store.Token
	var now time.Time
	var err error
	fresh := false
	if lost := l.call(ctx, true, func() { // it can run after this function has returned
		token, now, err = l.w.store().PutRow(within(ctx), key, b, lease)
		fresh = l.w.written(l.who, key, token, err)
	}); lost != nil {
		return "", time.Time{}, lost
	}
	if err == nil && fresh {
		l.w.confirmed(l.who, token)
	}
	return token, l.w.shifted(now), err
}

func (l *link) DeleteRow(ctx context.Context, key string, note []byte) (err error) {
	if lost := l.call(ctx, false, func() {
		err = l.w.store().DeleteRow(within(ctx), key, note)
		l.w.watchRows()
	}); lost != nil {
		return lost
	}
	return err
}

func (l *link) ListRows(ctx context.Context, have store.Token) (set store.Rowset, err error) {
	var doc *period.Document
	var visible bool
	if lost := l.call(ctx, false, func() {
		set, err = l.w.store().ListRows(within(ctx), have)
		doc, visible = l.w.sample(l.who)
	}); lost != nil {
		return store.Rowset{}, lost
	}
	l.set(func(l *link) { l.listed = doc })
	if err == nil {
		l.w.heard(l.who, doc, set.Blob.Token, visible)
	}
	set.Blob.Now, set.Since = l.w.shifted(set.Blob.Now), l.w.shifted(set.Since)
	for n := range set.Rows {
		r := &set.Rows[n]
		r.Seen, r.Lease = l.w.shifted(r.Seen), l.w.shifted(r.Lease)
	}
	return set, err
}

// Subscribe calls wake some time after a change, or not at all.
func (l *link) Subscribe(wake func()) (cancel func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.wakes = append(l.wakes, &wake)
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		for n, other := range l.wakes {
			if other == &wake {
				l.wakes = append(l.wakes[:n:n], l.wakes[n+1:]...)
				return
			}
		}
	}
}

func (l *link) Hints() (ok bool, note string) { return true, "in this process" }

// hint sends the hint of a change. Some are lost.
func (l *link) hint() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, wake := range l.wakes {
		pause := time.Duration(l.random.Int64N(int64(20 * time.Millisecond)))
		if l.deaf || l.random.IntN(4) == 0 || l.dead.Load() || time.Now().Add(pause).Before(l.cut) {
			continue
		}
		time.AfterFunc(pause, *wake)
	}
}
