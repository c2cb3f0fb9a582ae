package wakes

import (
	"context"
	"time"

	"github.com/go-downtime/downtime/store"
)

// Hints tells one reader of a store when to read again. It keeps at most one hint.
type Hints chan struct{}

// HintsOf subscribes to the hints of st until cancel is called. If st gives none, only Give does.
func HintsOf(st store.Store) (h Hints, cancel func()) {
	h = make(Hints, 1)
	if hinter, ok := st.(store.Hinter); ok {
		return h, hinter.Subscribe(h.Give)
	}
	return h, func() {}
}

// Give gives a hint. It does not block.
func (h Hints) Give() {
	select {
	case h <- struct{}{}:
	default:
	}
}

// Pause waits. It returns the error of ctx if ctx ends before.
func Pause(ctx context.Context, pause time.Duration) error { return Hints(nil).Wait(ctx, pause, 0) }

// Wait waits for the time of pause, and after a hint for that of hinted, during which it takes no
// further hint. It returns the error of ctx if ctx ends before.
func (h Hints) Wait(ctx context.Context, pause, hinted time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
			return nil
		case <-h:
			timer.Reset(hinted)
			h = nil
		}
	}
}
