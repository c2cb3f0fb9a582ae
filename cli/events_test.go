package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/events"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/memstore"
)

const hookSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

func TestEventsRefusesWrongUsage(t *testing.T) {
	t.Parallel()
	secret := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(secret, []byte(hookSecret+"\n"), 0o600))
	receiver := []string{"--follow", "--name", "x"}
	with := func(args ...string) []string { return append(slices.Clip(receiver), args...) }
	for name, tc := range map[string]struct {
		args []string
		says string
	}{
		"two receivers":                 {with("--exec", "true", "--webhook", "https://x"), "a name has one receiver"},
		"a receiver without --follow":   {[]string{"--exec", "true", "--name", "x"}, "need --follow"},
		"a receiver without a name":     {[]string{"--exec", "true", "--follow"}, "--name is missing"},
		"a name without a receiver":     {receiver, "--name needs --exec or --webhook"},
		"a bad name":                    {[]string{"--follow", "--name", "a b", "--exec", "true"}, `--name: "a b": want only`},
		"arguments without a program":   {[]string{"--follow", "x"}, `unexpected argument "x"`},
		"no such program":               {with("--exec", "./nonexistent"), "--exec: "},
		"--secret-file without webhook": {with("--exec", "true", "--secret-file", "x"), "need --webhook"},
		"--give-up without webhook":     {with("--exec", "true", "--give-up", "1h"), "need --webhook"},
		"no secret":                     {with("--webhook", "https://x"), envSecret + ": want 1 to 8 secrets"},
		"no file with a secret":         {with("--webhook", "https://x", "--secret-file", secret+"x"), "--secret-file: open"},
		"a URL that anybody can read":   {with("--webhook", "http://example.com/hidden", "--secret-file", secret), "--webhook: want https:"},
		"no file with the URL":          {with("--webhook", "@"+secret+"x", "--secret-file", secret), "--webhook: open"},
		"a file without a URL":          {with("--webhook", "@"+secret, "--secret-file", secret), "--webhook: it is not a URL"},
		"a revision to come":            {[]string{"--since", "9"}, "--since: 9: want a revision from 0 to 1"},
		"a negative notice":             {[]string{"--notice", "-1m"}, "--notice: "},
		"forget without a name":         {[]string{"forget"}, "too few arguments"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			op := operator.Operator{Store: memstore.New(), Actor: "ann"}
			_, err := op.Init(t.Context(), operator.InitOptions{})
			require.NoError(t, err)
			var out, errs bytes.Buffer
			code := Main(t.Context(), append([]string{"events"}, tc.args...), nil, &out, &errs, WithStore(op.Store))
			require.Equal(t, ExitUsage, code, errs.String())
			require.Contains(t, errs.String(), tc.says)
			require.NotContains(t, errs.String(), "hidden")
			require.Empty(t, out.String())
		})
	}
}

// lines decodes the output of events.
func decodeEvents(t *testing.T, text string) (list []events.Event) {
	t.Helper()
	for line := range strings.Lines(text) {
		var e events.Event
		require.NoError(t, json.Unmarshal([]byte(line), &e), line)
		list = append(list, e)
	}
	return list
}

func TestEventsPrintsTheLog(t *testing.T) {
	t.Parallel()
	st := memstore.New()
	run := func(args ...string) string {
		var out, errs bytes.Buffer
		require.Equal(t, ExitDone, Main(t.Context(), append([]string{"events"}, args...), nil, &out, &errs, WithStore(st)), errs.String())
		return out.String()
	}
	require.Empty(t, run(), "nothing was written")
	op := operator.Operator{Store: st, Actor: "ann"}
	_, err := op.Start(t.Context(), operator.StartOptions{Holder: "ann", Reason: new("\u202ered\x1b[31m " + strings.Repeat("x ", 200))})
	require.NoError(t, err)
	_, err = op.End(t.Context(), operator.EndOptions{All: true})
	require.NoError(t, err)
	all := run()
	list := decodeEvents(t, all)
	require.Len(t, list, 2)
	require.Equal(t, events.Started, list[0].Event)
	require.NotContains(t, all, "\x1b")
	require.NotContains(t, all, "\u202e")
	require.Len(t, decodeEvents(t, run("--since", "1")), 1)
	require.Empty(t, run("--since", "2"))
	require.Contains(t, run("followers"), "delivers events to no receiver")
}

// background runs the command until stop is called, which returns the exit code.
func inBackground(t *testing.T, st store.Store, out, errs *sharedBuffer, args ...string) (stop func() int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	code := make(chan int, 1)
	go func() { code <- Main(ctx, args, nil, out, errs, WithStore(st)) }()
	stopped := false
	stop = func() int {
		if stopped {
			return -1
		}
		stopped = true
		cancel()
		return <-code
	}
	t.Cleanup(func() { stop() })
	return stop
}

// until waits until ok.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.NewTimer(30 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline.C:
			require.Fail(t, what)
		case <-tick.C:
		}
	}
}

func (s *sharedBuffer) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func TestEventsDeliversToAProgram(t *testing.T) {
	t.Parallel()
	st, dir := memstore.New(), t.TempDir()
	op := operator.Operator{Store: st, Actor: "ann"}
	_, err := op.Init(t.Context(), operator.InitOptions{})
	require.NoError(t, err)
	script := filepath.Join(dir, "tell")
	require.NoError(t, os.WriteFile(script, []byte(`#!/bin/sh
cat >> "$1/stdin"
echo "$DOWNTIME_EVENT|$DOWNTIME_EVENT_KEY|$DOWNTIME_EVENT_TEXT|$DOWNTIME_EVENT_PERIOD|$DOWNTIME_EVENT_AT|$2" >> "$1/environment"
echo "from the program" >&2
[ -e "$1/failed" ] || { touch "$1/failed"; exit 3; }
`), 0o700))
	var out, errs sharedBuffer
	stop := inBackground(t, st, &out, &errs, "events", "--follow", "--name", "ops", "--exec", script, "--", dir, "an argument; $(with) signs")
	until(t, "it does not follow", func() bool { return strings.Contains(errs.text(), "following") })
	res, err := op.Start(t.Context(), operator.StartOptions{Holder: "ann", Reason: new("x\x00y $(reboot)\nz")})
	require.NoError(t, err)
	until(t, "it was not delivered", func() bool { return out.text() != "" })
	list := decodeEvents(t, out.text())
	require.Len(t, list, 1)
	text, err := os.ReadFile(filepath.Join(dir, "environment"))
	require.NoError(t, err)
	line := strings.Join([]string{
		"started", list[0].Key, "Downtime has begun: x y $(reboot) z. Its end is not known.", res.Period.ID, list[0].At.Format(time.RFC3339), "an argument; $(with) signs",
	}, "|") + "\n"
	require.Equal(t, line+line, string(text), "the program was started again after it had failed")
	stdin, err := os.ReadFile(filepath.Join(dir, "stdin"))
	require.NoError(t, err)
	require.Len(t, decodeEvents(t, string(stdin)), 2)
	require.Contains(t, errs.text(), "exit status 3; next attempt in")
	require.Contains(t, errs.text(), "from the program")

	var followers, nothing bytes.Buffer
	until(t, "the position was not written", func() bool {
		followers.Reset()
		require.Equal(t, ExitDone, Main(t.Context(), []string{"events", "followers"}, nil, &followers, &nothing, WithStore(st)))
		return regexp.MustCompile(`(?m)^ops +live +\d+ on .* 2 of 2 `).MatchString(followers.String())
	})
	require.Equal(t, ExitFailed, Main(t.Context(), []string{"events", "forget", "ops"}, nil, &followers, &nothing, WithStore(st)))
	require.Contains(t, nothing.String(), "another process follows under this name: process ")
	require.Equal(t, ExitInterrupted, stop())
	followers.Reset()
	require.Equal(t, ExitDone, Main(t.Context(), []string{"events", "followers", "--json"}, nil, &followers, &nothing, WithStore(st)))
	require.Contains(t, followers.String(), `"live": false`)
	require.Equal(t, ExitDone, Main(t.Context(), []string{"events", "forget", "ops"}, nil, &followers, &nothing, WithStore(st)))
	require.Equal(t, ExitFailed, Main(t.Context(), []string{"events", "forget", "ops"}, nil, &followers, &nothing, WithStore(st)))
}

func TestEventsDeliversToAWebhook(t *testing.T) {
	t.Parallel()
	st, dir := memstore.New(), t.TempDir()
	op := operator.Operator{Store: st, Actor: "ann"}
	_, err := op.Init(t.Context(), operator.InitOptions{})
	require.NoError(t, err)
	got := make(chan events.Event, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var e events.Event
		if err := json.NewDecoder(r.Body).Decode(&e); err != nil || !strings.HasPrefix(r.Header.Get("webhook-signature"), "v1,") {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		if e.Event == events.Started {
			w.WriteHeader(http.StatusNotFound) // final
		}
		got <- e
	}))
	t.Cleanup(server.Close)
	url, secret := filepath.Join(dir, "url"), filepath.Join(dir, "secret")
	require.NoError(t, os.WriteFile(url, []byte(server.URL+"/hidden\n"), 0o600))
	require.NoError(t, os.WriteFile(secret, []byte(hookSecret+"\n"), 0o600))
	var out, errs sharedBuffer
	stop := inBackground(t, st, &out, &errs, "events", "--follow", "--name", "ops", "--webhook", "@"+url, "--secret-file", secret)
	until(t, "it does not follow", func() bool { return strings.Contains(errs.text(), "following") })
	_, err = op.Start(t.Context(), operator.StartOptions{Holder: "ann"})
	require.NoError(t, err)
	require.Equal(t, events.Started, (<-got).Event)
	_, err = op.End(t.Context(), operator.EndOptions{All: true})
	require.NoError(t, err)
	require.Equal(t, events.Ended, (<-got).Event)
	until(t, "it was not printed", func() bool { return out.text() != "" })
	require.Equal(t, ExitInterrupted, stop())
	list := decodeEvents(t, out.text())
	require.Len(t, list, 1, "what was given up is not printed")
	require.Equal(t, events.Ended, list[0].Event)
	require.Contains(t, errs.text(), "GIVEN UP")
	require.Contains(t, errs.text(), "404 Not Found")
	for _, hidden := range []string{"hidden", hookSecret} {
		require.NotContains(t, errs.text()+out.text(), hidden)
	}
}

func TestEventsFollowsWithoutAReceiver(t *testing.T) {
	t.Parallel()
	st := memstore.New()
	op := operator.Operator{Store: st, Actor: "ann"}
	_, err := op.Init(t.Context(), operator.InitOptions{})
	require.NoError(t, err)
	before := read(t, st)
	var out, errs sharedBuffer
	stop := inBackground(t, st, &out, &errs, "events", "--follow", "--since", "0")
	_, err = op.Start(t.Context(), operator.StartOptions{Holder: "ann"})
	require.NoError(t, err)
	until(t, "nothing was printed", func() bool { return strings.Contains(out.text(), `"started"`) })
	require.Equal(t, ExitInterrupted, stop())
	require.Empty(t, errs.text())
	after := read(t, st)
	require.Equal(t, before.Document.Revision+1, after.Document.Revision)
	require.Empty(t, after.Document.Followers, "no position is written")
}

// full is a writer whose reader is gone.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestEventsEndsIfItsReaderIsGone(t *testing.T) {
	t.Parallel()
	st := memstore.New()
	op := operator.Operator{Store: st, Actor: "ann"}
	_, err := op.Start(t.Context(), operator.StartOptions{Holder: "ann"})
	require.NoError(t, err)
	var errs bytes.Buffer
	require.Equal(t, ExitFailed, Main(t.Context(), []string{"events", "--follow", "--since", "0"}, nil, full{}, &errs, WithStore(st)))
	require.Contains(t, errs.String(), "broken pipe")
}

func TestAProgramOfEventsHasATimeOut(t *testing.T) {
	t.Parallel()
	p, err := newEventProgram("sh", []string{"-c", "sleep 1000 & sleep 1000"}, t.Output())
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	require.ErrorContains(t, p.deliver(ctx, events.Event{}), "was ended")

	p, err = newEventProgram("sh", []string{"-c", "exec <&-; exit 0"}, t.Output())
	require.NoError(t, err)
	large := events.Event{Text: strings.Repeat("x", 100<<10)}
	large.Period = &period.Period{Reason: strings.Repeat("x", 1<<20)}
	require.NoError(t, p.deliver(t.Context(), large), "it need not read the event")
}

// TestAPositionIsNoNews: status --watch and fleet --watch show nothing when a follower writes its
// position, and say when no process follows any more.
func TestAPositionIsNoNews(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{"status": {"status", "--watch"}, "fleet": {"fleet", "--watch"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := memstore.New()
			op := operator.Operator{Store: st, Actor: "ann"}
			_, err := op.Init(t.Context(), operator.InitOptions{})
			require.NoError(t, err)
			var lease *operator.Lease
			var f period.Follower
			shown, _ := watchingOn(
				t, st, args,
				func() {
					var err error
					lease, err = op.Lease(t.Context())
					require.NoError(t, err)
					f, err = op.Follow(t.Context(), "ops", lease.Key, func(s operator.State) period.Follower { return period.Follower{Revision: 1, At: s.Time} })
					require.NoError(t, err)
				},
				func() {
					f.At = f.At.Add(time.Second)
					require.NoError(t, op.Advance(t.Context(), lease.Key, f))
				},
				func() { lease.Release() },
			)
			require.Empty(t, shown[1])
			require.Empty(t, shown[2])
			if name == "status" {
				require.Contains(t, shown[3], "events     not delivered to ops: no process follows: downtime events followers\n")
			}
		})
	}
}
