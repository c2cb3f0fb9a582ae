package barrier

import (
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/e2e/internal/network"
	"github.com/go-downtime/downtime/internal/testservers"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/store"
)

const (
	patience = 2 * time.Minute // for a result that must come
	soon     = 5 * time.Second // in this time all reachable instances have drained, also if they poll
)

// TestBarrier lets the instances of one store have accidents, one after the other. A new set of
// rows is incomplete for 20 s, so each store has one story.
func TestBarrier(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot be stopped and continued")
	}
	for name, test := range map[string]struct {
		begin      func(t *testing.T) *site
		knowsDeath bool // the store knows that a process of this host is dead
	}{
		"file": {func(t *testing.T) *site {
			t.Helper()
			return &site{url: "file:" + filepath.Join(t.TempDir(), "state.json")}
		}, true},
		"PostgreSQL": {func(t *testing.T) *site {
			t.Helper()
			pg := testservers.Postgres(t)
			return &site{url: pg.Database(t), server: pg.Server}
		}, false},
		"MariaDB": {func(t *testing.T) *site {
			t.Helper()
			my := testservers.MariaDB(t)
			return &site{url: "mysql:root@tcp(" + my.Addr + ")/" + my.Database(t) + "?interpolateParams=true", server: my.Server}
		}, false},
		"Redis": {func(t *testing.T) *site {
			t.Helper()
			server := testservers.Redis(t, "--appendonly", "yes", "--appendfsync", "always")
			return &site{url: "redis://" + server.Addr, server: server}
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := test.begin(t)
			s.executed = newExecuted(t)
			if s.server != nil {
				s.network = network.New(t, s.server.Addr)
			}
			st, err := open(t.Context(), s.url)
			require.NoError(t, err)
			t.Cleanup(func() { closeStore(st) })
			s.op = operator.Operator{Store: st, Actor: "ann"}
			if p, ok := st.(store.Preparer); ok {
				require.NoError(t, p.Prepare(t.Context()))
			}
			_, err = s.op.Init(t.Context(), operator.InitOptions{})
			require.NoError(t, err)
			s.firstDeployment(t)
			defer s.visit(t)()
			s.drains(t)
			s.joins(t)
			s.pauses(t)
			s.isCutOff(t)
			s.outlivesItsStore(t)
			s.leaves(t)
			s.runs(t, test.knowsDeath)
			s.dies(t, test.knowsDeath)
			s.executed.over(t)
		})
	}
}

// site is the instances of one store, and its operator.
type site struct {
	url       string
	server    *testservers.Server // nil: the store is a file
	network   *network.Network    // between the server and an instance that is cut off; nil: a file
	op        operator.Operator
	instances []*instance
	executed  *executed // the requests of all instances

	mu    sync.Mutex
	addrs []string // that visitors know
}

func (s *site) join(t *testing.T) *instance {
	t.Helper()
	return s.joinAt(t, s.url)
}

// joinAt starts an instance that reaches the store by that URL.
func (s *site) joinAt(t *testing.T, url string) *instance {
	t.Helper()
	i := launch(t, url, executedVar+"="+s.executed.path)
	s.instances = append(s.instances, i)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.addrs = append(s.addrs, i.addr)
	return i
}

// first takes the first instance out of the site. Visitors still send it requests.
func (s *site) first() *instance {
	i := s.instances[0]
	s.instances = s.instances[1:]
	return i
}

// close takes the site down.
func (s *site) close(t *testing.T) operator.Barrier {
	t.Helper()
	res, err := s.op.Start(t.Context(), operator.StartOptions{})
	require.NoError(t, err)
	return res.Barrier()
}

func (s *site) wait(t *testing.T, b operator.Barrier, limit time.Duration) operator.Judgment {
	t.Helper()
	j, err := s.op.Wait(t.Context(), b, operator.WaitOptions{Limit: limit})
	require.NoError(t, err)
	if j.Result == operator.Safe {
		s.executed.safe(t)
	}
	return j
}

// reopen ends the downtime, and waits until all instances serve, except for those that are dead or
// paused.
func (s *site) reopen(t *testing.T) {
	t.Helper()
	s.executed.over(t)
	res, err := s.op.End(t.Context(), operator.EndOptions{Holder: "ann"})
	require.NoError(t, err)
	j, err := s.op.WaitAdopted(t.Context(), res, operator.WaitOptions{Limit: patience})
	require.NoError(t, err)
	require.Empty(t, j.Lagging(res))
	for _, i := range s.instances {
		require.Equal(t, http.StatusOK, i.get(t, "/"))
	}
}

// firstDeployment: without instances, the answer comes soon, and is not "safe".
func (s *site) firstDeployment(t *testing.T) {
	t.Helper()
	j := s.wait(t, s.close(t), patience)
	require.Equal(t, operator.NoInstance, j.Result)
	s.reopen(t)
}

// drains: a request that was admitted before holds the barrier up until it has ended.
func (s *site) drains(t *testing.T) {
	t.Helper()
	for range 3 {
		s.join(t)
	}
	for _, i := range s.instances {
		require.Equal(t, http.StatusOK, i.get(t, "/"))
	}
	slow := s.instances[1].begin(t)
	b := s.close(t)
	j := s.wait(t, b, soon)
	require.Equal(t, operator.NotDrained, j.Result)
	require.Contains(t, pids(j.Holdouts()), s.instances[1].pid())
	select {
	case <-slow:
		require.Fail(t, "the request has ended")
	default:
	}
	s.instances[1].release(t)
	require.Equal(t, http.StatusOK, <-slow)
	j = s.wait(t, b, patience) // also until the set of rows is old enough
	require.Equal(t, operator.Safe, j.Result, "%s %+v", j.Why, j.Accepted())
	for _, i := range s.instances {
		require.Equal(t, http.StatusServiceUnavailable, i.get(t, "/"))
	}
}

// joins: an instance that starts while the site is down refuses from its first request.
func (s *site) joins(t *testing.T) {
	t.Helper()
	b := s.close(t)
	require.Equal(t, http.StatusServiceUnavailable, s.join(t).get(t, "/"))
	b.Expect = new(4)
	j := s.wait(t, b, patience)
	// The request may be newer than the last report of the joined instance.
	require.Contains(t, []operator.Safety{operator.Safe, operator.Presumed}, j.Result, "%s %+v", j.Why, j.Holdouts())
	s.reopen(t)
}

// pauses: an instance that is stopped is waited for, until it goes on.
func (s *site) pauses(t *testing.T) {
	t.Helper()
	paused := s.instances[0]
	require.NoError(t, paused.cmd.Process.Signal(syscall.SIGSTOP))
	b := s.close(t)
	j := s.wait(t, b, soon)
	require.Equal(t, operator.NotDrained, j.Result)
	require.Equal(t, []int{paused.pid()}, pids(j.Holdouts()))
	require.NoError(t, paused.cmd.Process.Signal(syscall.SIGCONT))
	j = s.wait(t, b, patience)
	require.Equal(t, operator.Safe, j.Result, "%s %+v", j.Why, j.Accepted())
	require.Equal(t, http.StatusServiceUnavailable, paused.get(t, "/"))
	s.reopen(t)
}

// isCutOff: an instance that cannot reach the store is waited for, until it can.
func (s *site) isCutOff(t *testing.T) {
	t.Helper()
	if s.network == nil {
		return
	}
	far := s.joinAt(t, strings.Replace(s.url, s.server.Addr, s.network.Addr, 1))
	for _, weather := range []network.Weather{network.Refusing, network.Deaf} {
		s.network.Set(weather)
		b := s.close(t)
		j := s.wait(t, b, soon)
		require.Equal(t, operator.NotDrained, j.Result)
		require.Equal(t, []int{far.pid()}, pids(j.Holdouts()))
		require.Equal(t, http.StatusOK, far.get(t, "/"))
		s.network.Set(network.Fine)
		j = s.wait(t, b, patience)
		require.Equal(t, operator.Safe, j.Result, "%s %+v", j.Why, j.Accepted())
		s.reopen(t)
	}
}

// outlivesItsStore: a store that crashes, and starts again, changes nothing.
func (s *site) outlivesItsStore(t *testing.T) {
	t.Helper()
	if s.server == nil {
		return
	}
	b := s.close(t)
	j := s.wait(t, b, patience)
	require.Equal(t, operator.Safe, j.Result, "%s %+v", j.Why, j.Accepted())
	s.server.Kill(t)
	for _, i := range s.instances {
		require.Equal(t, http.StatusServiceUnavailable, i.get(t, "/"))
	}
	s.server.Start(t)
	j = s.wait(t, b, patience)
	require.Equal(t, operator.Safe, j.Result, "%s %+v", j.Why, j.Accepted())
	s.reopen(t)
}

// leaves: an instance that stops gracefully leaves nothing to wait for.
func (s *site) leaves(t *testing.T) {
	t.Helper()
	s.first().stop(t)
	j := s.wait(t, s.close(t), patience)
	require.Equal(t, operator.Safe, j.Result, "%s %+v", j.Why, j.Accepted())
	s.reopen(t)
}

// runs: a run that is killed leaves the site down. Where the store knows that it is dead, the next
// run takes the deployment over at once, else after its lease.
func (s *site) runs(t *testing.T, known bool) {
	t.Helper()
	refuses := func(context.Context) error {
		s.executed.safe(t)
		defer s.executed.over(t)
		for _, i := range s.instances {
			require.Equal(t, http.StatusServiceUnavailable, i.get(t, "/"))
		}
		return nil
	}
	run, err := s.op.During(t.Context(), operator.RunOptions{}, refuses)
	require.NoError(t, err)
	require.Equal(t, operator.Safe, run.Barrier.Result)

	killed := launch(t, s.url, runVar+"=yes") // its line says that it runs
	_, err = s.op.During(t.Context(), operator.RunOptions{}, refuses)
	require.ErrorIs(t, err, operator.ErrRunning)
	require.NoError(t, killed.cmd.Process.Kill())
	_ = killed.cmd.Wait()
	require.NoError(t, refuses(t.Context()))
	run, err = s.op.During(t.Context(), operator.RunOptions{}, refuses)
	if !known {
		require.ErrorIs(t, err, operator.ErrRunning)
		s.reopen(t)
		return
	}
	require.NoError(t, err)
	require.NotEmpty(t, run.TakenOver)
}

// dies: a file store knows that an instance is dead. Others cannot tell, and the lease still lasts.
func (s *site) dies(t *testing.T, known bool) {
	t.Helper()
	s.executed.over(t)
	dead := s.first()
	require.NoError(t, dead.cmd.Process.Kill())
	_ = dead.cmd.Wait()
	s.executed.dead(t, dead.pid())
	b := s.close(t)
	if known {
		j := s.wait(t, b, patience)
		require.Equal(t, operator.Safe, j.Result, "%s %+v", j.Why, j.Accepted())
		return
	}
	j := s.wait(t, b, soon)
	require.Equal(t, operator.NotDrained, j.Result)
	require.Equal(t, []int{dead.pid()}, pids(j.Holdouts()))
	_, err := s.op.Forget(t.Context(), operator.ForgetOptions{ID: j.Holdouts()[0].ID})
	require.ErrorIs(t, err, operator.ErrLive)
}

func pids(instances []operator.Instance) []int {
	out := make([]int, 0, len(instances))
	for _, i := range instances {
		out = append(out, i.PID)
	}
	return out
}

func closeStore(st store.Store) {
	if c, ok := st.(io.Closer); ok {
		_ = c.Close()
	}
}

func TestMain(m *testing.M) {
	if url := os.Getenv(roleVar); url != "" {
		role := serve
		if os.Getenv(runVar) != "" {
			role = run
		}
		if err := role(context.Background(), url); err != nil {
			panic(err)
		}
		return
	}
	silenceDrivers()
	os.Exit(m.Run())
}
