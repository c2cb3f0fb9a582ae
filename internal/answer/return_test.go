package answer

import (
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestClientsReturnSpreadAndWithinAMinute simulates 1,000 open pages by the times in the script of
// the page, and counts in which second after the end of downtime each of them asks.
func TestClientsReturnSpreadAndWithinAMinute(t *testing.T) {
	t.Parallel()
	ms := func(name string) time.Duration {
		m := regexp.MustCompile(`\b` + name + ` = (\d+)[,;]`).FindStringSubmatch(pageHTML)
		require.NotNil(t, m, name)
		n, err := strconv.Atoi(m[1])
		require.NoError(t, err)
		return time.Duration(n) * time.Millisecond
	}
	shortest, spread := ms("shortest"), ms("spread")
	require.Contains(t, pageHTML, "due = Date.now() + shortest + spread * Math.random();")
	const clients = 1000
	for name, opened := range map[string]time.Duration{"opened over an hour": time.Hour, "opened in one second": time.Second} {
		for _, end := range []time.Duration{time.Minute, 10 * time.Minute, 2 * time.Hour} {
			random := rand.New(rand.NewPCG(1, uint64(end)))
			pause := func() time.Duration { return shortest + time.Duration(random.Float64()*float64(spread)) }
			var waits []time.Duration
			perSecond := map[time.Duration]int{}
			for range clients {
				at := time.Duration(random.Float64()*float64(min(opened, end))) + pause()
				for at < end {
					at += pause()
				}
				waits = append(waits, at-end)
				perSecond[(at-end)/time.Second]++
			}
			slices.Sort(waits)
			busiest := 0
			for _, n := range perSecond {
				busiest = max(busiest, n)
			}
			t.Logf("%s, end after %s: half of %d clients are back after %.1f s, the last after %.1f s; the busiest second has %d",
				name, end, clients, waits[clients/2].Seconds(), waits[clients-1].Seconds(), busiest)
			require.Less(t, waits[clients-1], time.Minute-10*time.Second, "with an answer of 10 seconds")
			require.Less(t, busiest, clients/10)
		}
	}
}
