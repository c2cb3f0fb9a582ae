package operator

import (
	"context"
	"time"
)

// rest waits for pause. If a hint comes, rest waits for hinted instead, counted from the hint, and takes
// no further hint. It returns the error of ctx if ctx ends first.
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
