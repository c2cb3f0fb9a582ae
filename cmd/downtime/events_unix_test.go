//go:build !fileonly && unix

package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/cli"
	"github.com/go-downtime/downtime/internal/testservers"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

const hookSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// eventReceiver is a receiver of webhooks.
type eventReceiver struct {
	server *httptest.Server

	mu     sync.Mutex
	got    []delivery
	code   int    // of the answers
	before func() // called before an answer, once
}

// delivery is one attempt.
type delivery struct {
	event, key string
	code       int
}

func newEventReceiver(t *testing.T) *eventReceiver {
	t.Helper()
	r := &eventReceiver{code: http.StatusOK}
	r.server = httptest.NewServer(r)
	t.Cleanup(r.server.Close)
	return r
}

func (r *eventReceiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	body, _ := io.ReadAll(req.Body)
	key, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(hookSecret, "whsec_"))
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(req.Header.Get("webhook-id") + "." + req.Header.Get("webhook-timestamp") + "." + string(body)))
	var e struct{ Event, Key string }
	if json.Unmarshal(body, &e) != nil || req.Header.Get("webhook-signature") != "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)) {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if r.before != nil {
		r.before()
		r.before = nil
	}
	r.got = append(r.got, delivery{e.Event, e.Key, r.code})
	w.WriteHeader(r.code)
}

// answer sets the code of the answers, and a function that is called before the next one.
func (r *eventReceiver) answer(code int, before func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.code, r.before = code, before
}

func (r *eventReceiver) deliveries() []delivery {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]delivery{}, r.got...)
}

// follower is a process that follows.
type follower struct {
	cmd    *exec.Cmd
	stderr *lockedBuffer
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// follow starts a follower, and waits until it reports this.
func follow(t *testing.T, url string, r *eventReceiver, reports string) *follower {
	t.Helper()
	itself, err := os.Executable()
	require.NoError(t, err)
	f := &follower{stderr: &lockedBuffer{}}
	f.cmd = exec.CommandContext(t.Context(), itself, "events", "--follow", "--name", "ops", "--webhook", r.server.URL+"/hook", "--store", url)
	f.cmd.Env = append(os.Environ(), beTheCommand+"=1", "GORACE=atexit_sleep_ms=0", "DOWNTIME_WEBHOOK_SECRET="+hookSecret)
	f.cmd.Stderr = f.stderr
	require.NoError(t, f.cmd.Start())
	t.Cleanup(func() {
		_ = f.cmd.Process.Kill()
		_ = f.cmd.Wait() // it may have been waited for
	})
	f.reports(t, reports)
	return f
}

func (f *follower) reports(t *testing.T, text string) {
	t.Helper()
	require.Eventually(t, func() bool { return strings.Contains(f.stderr.String(), "downtime: "+text) }, time.Minute, 10*time.Millisecond, "%s", f.stderr)
}

// stop sends SIGTERM, and returns the exit code.
func (f *follower) stop(t *testing.T) int {
	t.Helper()
	require.NoError(t, f.cmd.Process.Signal(syscall.SIGTERM))
	_ = f.cmd.Wait() // the exit code says it
	return f.cmd.ProcessState.ExitCode()
}

// TestEventsInEveryStore has two processes that follow under one name, and a receiver.
func TestEventsInEveryStore(t *testing.T) {
	t.Parallel()
	pg, my, redis := testservers.Postgres(t), testservers.MariaDB(t), testservers.Redis(t)
	for name, url := range map[string]string{
		"file":       "file:" + filepath.Join(t.TempDir(), "downtime.json"),
		"SQLite":     "sqlite:" + filepath.Join(t.TempDir(), "shop.db") + "?app=shop",
		"PostgreSQL": pg.Database(t) + "&app=shop",
		"MariaDB":    "mysql://root@" + my.Addr + "/" + my.Database(t) + "?app=shop&timeout=5s",
		"Redis":      "redis://" + redis.Addr + "/3?app=shop&dial_timeout=5s",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &story{at: place{url: url}}
			s.must(t, cli.ExitDone, "init")
			deliverAll(t, s)
		})
	}
}

func deliverAll(t *testing.T, s *story) {
	t.Helper()
	r := newEventReceiver(t)
	has := func(want ...string) func() bool {
		return func() bool {
			var got []string
			for _, d := range r.deliveries() {
				if d.code == http.StatusOK {
					got = append(got, d.event)
				}
			}
			return strings.Join(got, " ") == strings.Join(want, " ")
		}
	}
	await := func(ok func() bool) {
		require.Eventually(t, ok, time.Minute, 10*time.Millisecond, "%s", printer(func() string {
			b, _ := json.Marshal(r.deliveries())
			return string(b)
		}))
	}
	first := follow(t, s.at.url, r, "following")
	second := follow(t, s.at.url, r, "stand-by: another process follows under this name: process ")

	// Two followers tell each event once. So does a follower that is stopped gracefully.
	s.must(t, cli.ExitNoInstance, "start", "--holder", "x", "--wait", "1s")
	await(has("started"))
	s.must(t, cli.ExitDone, "end", "--holder", "x")
	await(has("started", "ended"))
	require.Equal(t, cli.ExitTerminated, first.stop(t), first.stderr)
	second.reports(t, "following")
	require.Len(t, r.deliveries(), 2)

	// The receiver is away for a while.
	r.answer(http.StatusServiceUnavailable, nil)
	s.must(t, cli.ExitDone, "start", "--holder", "x", "--no-wait")
	await(func() bool { return len(r.deliveries()) == 4 })
	r.answer(http.StatusOK, nil)
	await(has("started", "ended", "started"))
	all := r.deliveries()
	require.Equal(t, all[2].key, all[3].key, "each attempt has the same key")

	// The follower is killed after the receiver got the event, and before the position was written.
	third := follow(t, s.at.url, r, "stand-by")
	r.answer(http.StatusOK, func() { _ = second.cmd.Process.Kill() })
	s.must(t, cli.ExitDone, "end", "--holder", "x")
	await(has("started", "ended", "started", "ended"))
	_ = second.cmd.Wait()
	s.expireLease(t)
	await(has("started", "ended", "started", "ended", "ended"))
	all = r.deliveries()
	require.Equal(t, all[len(all)-2].key, all[len(all)-1].key, "it is told again with the same key")
	require.Equal(t, cli.ExitTerminated, third.stop(t))

	// What happened while no process followed is told afterwards.
	s.must(t, cli.ExitDone, "start", "--holder", "x", "--no-wait", "--until", "+1s")
	s.must(t, cli.ExitDone, "status")
	fourth := follow(t, s.at.url, r, "following")
	await(has("started", "ended", "started", "ended", "ended", "started", "overdue"))
	await(func() bool {
		stdout, _ := s.must(t, cli.ExitDone, "events", "followers")
		return regexp.MustCompile(`(?m)^ops +live +\d+ on .* 6 of 6 `).MatchString(stdout)
	})
	require.Equal(t, cli.ExitTerminated, fourth.stop(t))
	s.must(t, cli.ExitDone, "events", "forget", "ops")
}

// expireLease ends the lease of the process that has followed, as 40 seconds would. A file store knows
// that a process is dead.
func (s *story) expireLease(t *testing.T) {
	t.Helper()
	if strings.HasPrefix(s.at.url, "file:") {
		return
	}
	for scheme, open := range map[string]cli.Opener{"sqlite": openSQLite, "postgres": openPostgres, "mysql": openMySQL, "redis": openRedis} {
		if !strings.HasPrefix(s.at.url, scheme+":") {
			continue
		}
		st, err := open(t.Context(), s.at.url)
		require.NoError(t, err)
		defer closeStore(t, st)
		rows := st.(store.Rows)
		set, err := rows.ListRows(t.Context(), "")
		require.NoError(t, err)
		d, err := period.Decode(set.Blob.Bytes)
		require.NoError(t, err)
		f, found := d.Follower("ops")
		require.True(t, found)
		for _, row := range set.Rows {
			if row.Key == f.Holder {
				_, _, err := rows.PutRow(t.Context(), row.Key, row.Bytes, 0)
				require.NoError(t, err)
				return
			}
		}
	}
	require.Fail(t, "no row of the follower")
}
