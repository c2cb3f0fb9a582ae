package adaptertest

import (
	"cmp"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/go-downtime/downtime/internal/rawhttp"
)

// check is one promise of an adapter. advice says what to do if it does not hold.
type check struct {
	name, advice string
	run          func(t testing.TB, build Build)
}

// advised adds the advice to the first failure.
type advised struct {
	testing.TB

	advice string
	given  *sync.Once
	wait   time.Duration // for events that do not come; 0 means rawhttp.Patience
}

// patience is how long a check waits for an event.
func patience(t testing.TB) time.Duration {
	a, _ := t.(advised)
	return cmp.Or(a.wait, rawhttp.Patience)
}

func (a advised) Errorf(format string, args ...any) {
	a.Helper()
	a.TB.Errorf("%s", a.with(fmt.Sprintf(format, args...)))
}

func (a advised) Fatalf(format string, args ...any) {
	a.Helper()
	a.TB.Fatalf("%s", a.with(fmt.Sprintf(format, args...)))
}

func (a advised) with(failure string) string {
	a.given.Do(func() { failure += "\n" + a.advice })
	return failure
}
