package load_test

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/e2e/internal/load"
)

func TestVisitsBeginOnTimeAndDoNotWaitForEachOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var at []time.Duration
		begun := time.Now()
		more := func(n int) bool {
			if n == 2 {
				time.Sleep(25 * time.Millisecond) // visits 2, 3 and 4 are late
			}
			return n < 6
		}
		n, wait := load.Arrive(10*time.Millisecond, more, func(int) {
			mu.Lock()
			at = append(at, time.Since(begun)/time.Millisecond)
			mu.Unlock()
			time.Sleep(time.Second)
		})
		require.Equal(t, 6, n)
		require.Equal(t, 60*time.Millisecond, time.Since(begun))
		wait()
		slices.Sort(at)
		require.Equal(t, []time.Duration{0, 10, 45, 45, 45, 50}, at)
		require.Equal(t, 1050*time.Millisecond, time.Since(begun))
	})
}
