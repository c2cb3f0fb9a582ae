package barrier

import (
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/go-downtime/downtime/e2e/internal/load"
)

// executed is the record of the requests that the instances of a site execute. Each line is the
// process, the number of the request in it, "begin" or "end", and the time. Times are those of the
// machine's monotonic clock, which all processes share.
type executed struct {
	path  string
	since int64         // since then the site is safe; 0: it is not
	died  map[int]int64 // processes that were killed, and the latest time at which they ran
}

func newExecuted(t *testing.T) *executed {
	t.Helper()
	e := &executed{path: filepath.Join(t.TempDir(), "executed"), died: map[int]int64{}}
	require.NoError(t, os.WriteFile(e.path, nil, 0o600))
	return e
}

// now is the time of the machine's monotonic clock, in ns.
func now() int64 {
	var at unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &at); err != nil {
		panic(err)
	}
	return at.Nano()
}

// recorded writes a line before and after each request that the gate has admitted and that is not
// exempt. A line is one write, so that it stays if the process is killed.
func recorded(next http.Handler, w io.Writer) http.Handler {
	var requests atomic.Int64
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/release" {
			next.ServeHTTP(rw, r)
			return
		}
		n := requests.Add(1)
		write := func(what string) {
			if _, err := fmt.Fprintf(w, "%d %d %s %d\n", os.Getpid(), n, what, now()); err != nil {
				panic(err)
			}
		}
		write("begin")
		defer func() { write("end") }()
		next.ServeHTTP(rw, r)
	})
}

// safe is called when the barrier has said so.
func (e *executed) safe(t *testing.T) {
	t.Helper()
	if e.since == 0 {
		e.since = now()
	}
}

// dead is called after a process was killed.
func (e *executed) dead(t *testing.T, pid int) {
	t.Helper()
	e.died[pid] = now()
}

// over is called before the site is opened. It fails if an instance has executed a request since the
// site was safe.
func (e *executed) over(t *testing.T) {
	t.Helper()
	since, until := e.since, now()
	if e.since = 0; since == 0 {
		return
	}
	b, err := os.ReadFile(e.path)
	require.NoError(t, err)
	type request struct{ pid, n int }
	began, ended := map[request]int64{}, map[request]int64{}
	for line := range strings.Lines(string(b)) {
		var r request
		var what string
		var at int64
		_, err := fmt.Sscan(line, &r.pid, &r.n, &what, &at)
		require.NoError(t, err, line)
		if what == "begin" {
			began[r] = at
		} else {
			ended[r] = at
		}
	}
	require.NotEmpty(t, ended)
	for r, begin := range began {
		end, ok := ended[r]
		if !ok {
			end = int64(math.MaxInt64) // it runs
			if died, ok := e.died[r.pid]; ok {
				end = died
			}
		}
		require.False(t, begin < until && end > since, "process %d executed request %d from %s to %s, and the site was safe from 0 to %s",
			r.pid, r.n, ms(begin-since), ms(end-since), ms(until-since))
	}
}

func ms(ns int64) string { return strconv.FormatFloat(float64(ns)/1e6, 'f', 3, 64) + " ms" }

// visit sends requests to all instances until stop is called, and does not look at the answers.
func (s *site) visit(t *testing.T) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	transport := &http.Transport{MaxIdleConnsPerHost: 100}
	client := &http.Client{Transport: transport}
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		_, wait := load.Arrive(5*time.Millisecond, func(int) bool { return ctx.Err() == nil }, func(n int) {
			s.mu.Lock()
			addrs := s.addrs
			s.mu.Unlock()
			if len(addrs) == 0 {
				return
			}
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addrs[n%len(addrs)]+"/visit", http.NoBody)
			if err != nil {
				return
			}
			if res, err := client.Do(r); err == nil {
				_, _ = io.Copy(io.Discard, res.Body)
				_ = res.Body.Close()
			}
		})
		wait()
	}()
	return func() {
		cancel()
		<-stopped
		transport.CloseIdleConnections()
	}
}
