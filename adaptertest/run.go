package adaptertest

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/go-downtime/downtime/internal/rawhttp"
)

// Run runs all checks, each as a parallel subtest. Call it for each way to put the gate into the
// framework. It takes a few seconds; with -short it sends fewer spellings of paths.
func Run(t *testing.T, build Build) {
	t.Helper()
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(advised{TB: t, advice: c.advice, given: &sync.Once{}}, build)
		})
	}
}

// RunPaths runs only the last check of [Run], that unusual spellings of paths reach no handler that is not
// exempt. Call it for further configurations of the router, such as middleware that cleans paths. The site
// has a gate, and needs no front.
func RunPaths(t *testing.T, build Build) {
	t.Helper()
	pathCheck.run(advised{TB: t, advice: pathCheck.advice, given: &sync.Once{}}, build)
}

// check is one promise of an adapter. advice says what to do if it does not hold.
type check struct {
	name, advice string
	run          func(t testing.TB, build Build)
}

var checks = slices.Concat(tableChecks, bodyChecks, writerChecks, countingChecks, []check{rewritingCheck, pathCheck})

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
