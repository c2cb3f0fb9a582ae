package cutover

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestRollingRestart replaces one instance after the other under load. Each has a gate that the
// adapter's New has made, and no code that shuts it down. No request is refused, and the barrier
// waits for no instance that was replaced. One that was killed is waited for until an operator says
// that it is dead.
func TestRollingRestart(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	var shops []*instance
	for range instances {
		shops = append(shops, s.launch(t, newVar+"=yes"))
	}
	v := newVisitors(t, shops...)
	v.during(t.Context(), func() {
		for n, old := range shops {
			shops[n] = s.launch(t, newVar+"=yes")
			v.replace(old, shops[n])
			finished := make(chan error, 1)
			if n == 0 {
				finished <- nil // it is idle when it stops
			} else {
				go func() { finished <- v.order(t.Context(), old.addr, true) }()
				for line := range old.lines {
					if line == slowLine {
						break
					}
				}
			}
			old.terminate(t)
			require.NoError(t, <-finished)
		}
	})
	v.requireKept(t, s)
	code, said := s.downtime(t, "start", "--holder", "first")
	require.Contains(t, said, "\nRESULT safe\n")
	require.Zero(t, code, said)
	code, said = s.downtime(t, "end", "--holder", "first", "--wait", "1m")
	require.Zero(t, code, said)
	if testing.Short() {
		return
	}

	shops[1].kill(t)
	code, said = s.downtime(t, "start", "--holder", "second", "--wait", "65s") // a lease is a minute
	require.Equal(t, 3, code, said)
	require.Contains(t, said, "\nRESULT not-drained\n")
	lines := regexp.MustCompile(`(?m)^ *(?:if dead|wait on) +(downtime .*)$`).FindAllStringSubmatch(said, -1)
	require.Len(t, lines, 2, said)
	require.True(t, strings.HasPrefix(lines[0][1], "downtime fleet forget "), said)
	code, forgot := s.shell(t, lines[0][1])
	require.Zero(t, code, forgot)
	code, said = s.shell(t, lines[1][1])
	require.Equal(t, 7, code, said)
	require.Contains(t, said, "\nRESULT presumed\n")
	code, said = s.downtime(t, "end", "--holder", "second")
	require.Zero(t, code, said)
}
