package operator

import (
	"context"
	"time"
)

// rest waits for the time of pause, and after a hint for that of hinted, during which it takes no further
// hint. It returns the error of ctx if ctx ends before.
func rest(ctx context.Context, hints <-chan struct{}, pause, hinted time.Duration) error {
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
