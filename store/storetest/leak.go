package storetest

import (
	"bytes"
	"context"
	"crypto/rand"
	"runtime/pprof"
	"strings"
	"testing"
	"time"
)

// checkLeaks runs f as a subtest, and fails t if goroutines that f started outlive it. It
// finds them by a label, which a goroutine inherits from the one that started it. So it does
// not count the goroutines of tests that run at the same time.
func checkLeaks(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	id := rand.Text()
	t.Run("store", func(t *testing.T) {
		pprof.Do(t.Context(), pprof.Labels("storetest", id), func(context.Context) { f(t) })
	})
	left := goroutines(id, 5*time.Second)
	must(t, left == "", "goroutines are left after the cleanup:\n%s", left)
}

// goroutines returns the stacks of the goroutines with the label that still run after wait.
func goroutines(id string, wait time.Duration) string {
	deadline := time.After(wait)
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for {
		var buf bytes.Buffer
		_ = pprof.Lookup("goroutine").WriteTo(&buf, 1) // a Buffer takes everything
		var left []string
		for stack := range strings.SplitSeq(buf.String(), "\n\n") {
			if strings.Contains(stack, id) {
				left = append(left, stack)
			}
		}
		if left == nil {
			return ""
		}
		select {
		case <-again.C:
		case <-deadline:
			return strings.Join(left, "\n\n")
		}
	}
}
