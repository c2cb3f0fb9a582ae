package wakes

import (
	"context"
	"time"
)

// Wait waits for pause. After a hint it waits for hinted instead, counted from the hint, and takes no
// further hint. It returns the error of ctx if ctx ends first.
func Wait(ctx context.Context, hints <-chan struct{}, pause, hinted time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
			return nil
		case <-hints:
			timer.Reset(hinted)
			hints = nil
		}
	}
}

// Pause waits. It returns the error of ctx if ctx ends first.
func Pause(ctx context.Context, pause time.Duration) error { return Wait(ctx, nil, pause, 0) }
