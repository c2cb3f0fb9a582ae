package barrier

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/filestore"
	"github.com/go-downtime/downtime/store/pgstore"
	"github.com/go-downtime/downtime/store/redisstore"
	"github.com/go-downtime/downtime/store/sqlstore"
)

// roleVar makes this test binary an instance on the store with that URL, and runVar a run on it.
const (
	roleVar     = "BARRIER_TEST_STORE"
	runVar      = "BARRIER_TEST_RUN"
	executedVar = "BARRIER_TEST_EXECUTED" // the path of the record of executed requests
)

func open(_ context.Context, url string) (store.Store, error) {
	switch {
	case strings.HasPrefix(url, "file:"):
		return filestore.New(strings.TrimPrefix(url, "file:"))
	case strings.HasPrefix(url, "redis:"):
		opts, err := redis.ParseURL(url)
		if err != nil {
			return nil, err
		}
		opts.ContextTimeoutEnabled = true
		return redisstore.New(redis.NewClient(opts), redisstore.Options{App: "shop"})
	case strings.HasPrefix(url, "mysql:"):
		db, err := sql.Open("mysql", strings.TrimPrefix(url, "mysql:"))
		if err != nil {
			return nil, err
		}
		return sqlstore.New(db, sqlstore.MySQL, sqlstore.Options{App: "shop"})
	}
	return pgstore.Open(url, pgstore.Options{App: "shop"})
}

// silenceDrivers keeps the lines about connections that a test has cut out of its output.
func silenceDrivers() {
	logging.Disable()
	_ = mysql.SetLogger(&mysql.NopLogger{}) // it is not nil
}

// serve is an instance: a server behind a gate. GET /slow answers after the next POST, which is
// exempt. The instance stops gracefully when stdin ends.
func serve(ctx context.Context, url string) error {
	silenceDrivers()
	record, err := os.OpenFile(os.Getenv(executedVar), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	st, err := open(ctx, url)
	if err != nil {
		return err
	}
	defer closeStore(st)
	gate, err := core.New(core.Config{Store: st, ExemptPaths: []string{"/release"}, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	released := make(chan struct{})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /slow", func(_ http.ResponseWriter, r *http.Request) {
		fmt.Println("slow")
		select {
		case <-released:
		case <-r.Context().Done():
		}
	})
	mux.HandleFunc("POST /release", func(http.ResponseWriter, *http.Request) { released <- struct{}{} })
	mux.HandleFunc("GET /", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /visit", func(http.ResponseWriter, *http.Request) { <-time.After(5 * time.Millisecond) })
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: gate.Handler(recorded(mux, record)), ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(l) }()
	fmt.Println(l.Addr())
	_, _ = io.Copy(io.Discard, os.Stdin)
	return errors.Join(server.Shutdown(ctx), gate.Shutdown(ctx))
}

// run takes the site down, says so, and lasts until stdin ends.
func run(ctx context.Context, url string) error {
	st, err := open(ctx, url)
	if err != nil {
		return err
	}
	defer closeStore(st)
	_, err = operator.Operator{Store: st, Actor: "ann"}.During(ctx, operator.RunOptions{}, func(context.Context) error {
		fmt.Println("it runs")
		_, err := io.Copy(io.Discard, os.Stdin)
		return err
	})
	return err
}

// instance is a process that runs serve.
type instance struct {
	cmd   *exec.Cmd
	stdin io.Closer
	out   *bufio.Reader
	addr  string
}

func launch(t *testing.T, url string, env ...string) *instance {
	t.Helper()
	itself, err := os.Executable()
	require.NoError(t, err)
	i := &instance{cmd: exec.CommandContext(t.Context(), itself)}
	i.cmd.Env = append(append(os.Environ(), roleVar+"="+url, "GORACE=atexit_sleep_ms=0"), env...)
	i.cmd.Stderr = os.Stderr
	stdin, err := i.cmd.StdinPipe()
	require.NoError(t, err)
	i.stdin = stdin
	stdout, err := i.cmd.StdoutPipe()
	require.NoError(t, err)
	i.out = bufio.NewReader(stdout)
	require.NoError(t, i.cmd.Start())
	t.Cleanup(func() { _ = i.cmd.Process.Kill(); _ = i.cmd.Wait() })
	i.addr = i.line(t)
	return i
}

func (i *instance) pid() int { return i.cmd.Process.Pid }

func (i *instance) line(t *testing.T) string {
	t.Helper()
	line, err := i.out.ReadString('\n')
	require.NoError(t, err)
	return strings.TrimSpace(line)
}

// stop stops it gracefully.
func (i *instance) stop(t *testing.T) {
	t.Helper()
	require.NoError(t, i.stdin.Close())
	require.NoError(t, i.cmd.Wait())
}

func (i *instance) do(ctx context.Context, method, path string) (int, error) {
	r, err := http.NewRequestWithContext(ctx, method, "http://"+i.addr+path, http.NoBody)
	if err != nil {
		return 0, err
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err
	}
	return res.StatusCode, res.Body.Close()
}

func (i *instance) get(t *testing.T, path string) int {
	t.Helper()
	code, err := i.do(t.Context(), http.MethodGet, path)
	require.NoError(t, err)
	return code
}

// begin sends a request, and returns when its handler runs. The channel gets its status.
func (i *instance) begin(t *testing.T) <-chan int {
	t.Helper()
	status := make(chan int, 1)
	go func() {
		code, _ := i.do(t.Context(), http.MethodGet, "/slow")
		status <- code
	}()
	require.Equal(t, "slow", i.line(t))
	return status
}

// release lets the slow request end.
func (i *instance) release(t *testing.T) {
	t.Helper()
	code, err := i.do(t.Context(), http.MethodPost, "/release")
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, code)
}
