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

// checkLeaks runs f as a subtest, and fails t if goroutines that f began outlive it. They
// are known by a label, which goroutines inherit from the one that began them: others, of
// tests that run beside this one, do not count.
func checkLeaks(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	id := rand.Text()
	t.Run("store", func(t *testing.T) {
		pprof.Do(t.Context(), pprof.Labels("storetest", id), func(context.Context) { f(t) })
	})
	if left := goroutines(id, 5*time.Second); left != "" {
		t.Fatalf("goroutines are left after the cleanup:\n%s", left)
	}
}

// goroutines returns the stacks of those with the label that are still there after wait.
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
