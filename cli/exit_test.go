package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/memstore"
)

// brokenStore answers with these errors, where they are set.
type brokenStore struct {
	store.Store

	get, swap error
}

func (b brokenStore) Get(ctx context.Context, have store.Token) (store.Blob, error) {
	if b.get != nil {
		return store.Blob{Now: time.Now()}, b.get
	}
	return b.Store.Get(ctx, have)
}

func (b brokenStore) Swap(ctx context.Context, old store.Token, next []byte) error {
	if b.swap != nil {
		return b.swap
	}
	return b.Store.Swap(ctx, old, next)
}

// swallowingStore confirms a write, and forgets it.
type swallowingStore struct{ store.Store }

func (swallowingStore) Swap(context.Context, store.Token, []byte) error { return nil }

func TestErrorsAreOneLineThatSaysWhatToDo(t *testing.T) {
	t.Parallel()
	mem := memstore.New()
	for name, test := range map[string]struct {
		st     store.Store
		args   []string
		stderr string
	}{
		"a document that is gone": {
			brokenStore{Store: mem, get: fmt.Errorf("memory: %w", store.ErrLost)},
			[]string{"end", "--holder", "x"},
			"downtime: memory: document is lost: instances keep its state; restore it, or begin a new, empty one: downtime end --all\n",
		},
		"a store that is read-only": {
			brokenStore{Store: mem, swap: store.ErrReadOnly},
			[]string{"start", "--no-wait", "--holder", "x"},
			"downtime: store is read-only: make the change where the store can be written\n",
		},
		"a write that was not seen": {
			swallowingStore{mem},
			[]string{"schedule", "--start", "2097-01-01 00:00", "--for", "1h"},
			"read back no document: look before you do it again: downtime status\n",
		},
		"an error of many lines": {
			brokenStore{Store: mem, swap: store.NotWritten(errors.Join(errors.New("first"), errors.New("second\x1b[31m")))},
			[]string{"start", "--no-wait", "--holder", "x"},
			"downtime: nothing was written: first; second\\x1b[31m\n",
		},
		"a write that may have taken place": {
			brokenStore{Store: mem, swap: errors.New("connection reset")},
			[]string{"start", "--no-wait", "--holder", "x"},
			"the write returned: connection reset: look before you do it again: downtime status\n",
		},
		"a store that ends early": {
			brokenStore{Store: mem, get: context.Canceled},
			[]string{"status"},
			"downtime: context canceled\n",
		},
		"a fault in the document is no wrong usage": {
			brokenStore{Store: mem, get: &store.FieldError{Field: "periods[3].end", Value: "x", Problem: "is bad"}},
			[]string{"list"},
			"downtime: periods[3].end: \"x\": is bad\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { // reading a write back takes time
				code, stdout, stderr := run(t, test.st, test.args...)
				want := ExitFailed
				if strings.Contains(test.stderr, "look before you do it again") {
					want = ExitUnknown
				}
				require.Equal(t, want, code)
				require.Contains(t, stderr, test.stderr)
				require.Equal(t, 1, strings.Count(stderr, "\n"))
				require.Empty(t, stdout)
			})
		})
	}
}

func TestEndAllBeginsAnewWhereTheDocumentIsGone(t *testing.T) {
	t.Parallel()
	st := losingStore{memstore.New()}
	code, stdout, _ := run(t, st, "end", "--all")
	require.Equal(t, ExitDone, code)
	require.Contains(t, stdout, "revision 1\nRESULT up\n")
}

// losingStore has lost its document, until something is written.
type losingStore struct{ store.Store }

func (l losingStore) Get(ctx context.Context, have store.Token) (store.Blob, error) {
	blob, err := l.Store.Get(ctx, have)
	if errors.Is(err, store.ErrNeverWritten) {
		err = store.ErrLost
	}
	return blob, err
}

// racingStore ends everything after each write.
type racingStore struct{ store.Store }

func (r racingStore) Swap(ctx context.Context, old store.Token, next []byte) error {
	if err := r.Store.Swap(ctx, old, next); err != nil {
		return err
	}
	_, err := operator.Operator{Store: r.Store}.End(ctx, operator.EndOptions{All: true})
	return err
}

func TestStartThatAnotherOperatorEndsAtOnceIsNoSuccess(t *testing.T) {
	t.Parallel()
	code, stdout, stderr := run(t, racingStore{memstore.New()}, "start", "--no-wait", "--holder", "x")
	require.Equal(t, ExitSuperseded, code)
	require.Contains(t, stderr, "was begun, and another operator ended it at once: see downtime status\n")
	require.Empty(t, stdout)
}

// gone takes nothing after its first lines.
type gone struct{ lines int }

func (g *gone) Write(p []byte) (int, error) {
	if g.lines--; g.lines < 0 {
		return 0, errors.New("no space left")
	}
	return len(p), nil
}

// terminated is the cause that signal.NotifyContext gives.
type terminated struct{}

func (terminated) Error() string { return "terminated signal received" }

func (terminated) Is(target error) bool { return target == context.Canceled }

// reopeningStore is opened by another operator before its third listing, which is that of the end of
// a run.
type reopeningStore struct {
	*memstore.Store

	lists int
}

func (r *reopeningStore) ListRows(ctx context.Context, have store.Token) (store.Rowset, error) {
	if r.lists++; r.lists == 3 {
		if _, err := (operator.Operator{Store: r.Store}).End(ctx, operator.EndOptions{All: true}); err != nil {
			return store.Rowset{}, err
		}
	}
	return r.Store.ListRows(ctx, have)
}

// TestExitCodes has an example of every exit code, and holds the table of docs/command.md.
func TestExitCodes(t *testing.T) {
	t.Parallel()
	// The first use starts a goroutine of package signal, which must not belong to a bubble.
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt)
	signal.Stop(signals)
	type story struct {
		st     store.Store
		before func(t *testing.T, st store.Store)
		out    io.Writer
		cause  error // the context is cancelled with it
		args   string
	}
	down := func(t *testing.T, st store.Store) { t.Helper(); down(t, st) }
	with := func(isDown bool, rows ...func(*period.Row)) story {
		return story{args: "status --exit-code", before: func(t *testing.T, st store.Store) {
			t.Helper()
			mem, _ := st.(*memstore.Store)
			if isDown {
				down(t, st)
			} else {
				_, err := operator.Operator{Store: st}.Init(t.Context(), operator.InitOptions{})
				require.NoError(t, err)
			}
			report(t, mem, rows...)
		}}
	}
	examples := map[int][]story{
		ExitDone:   {{args: "start --holder y --expect 0"}, {args: "start --holder y --no-wait"}, {args: "end --all", before: down}, with(false, asReported), {args: "version"}},
		ExitFailed: {{args: "cancel zzz"}, {args: "status", st: brokenStore{Store: memstore.New(), get: errors.New("refused")}}, {args: "status", out: &gone{}}},
		ExitUsage:  {{args: ""}, {args: "start --frob"}, {args: "end a b"}, {args: "frob"}},
		ExitNotDrained: {
			{args: "start --holder y", before: func(t *testing.T, st store.Store) {
				t.Helper()
				report(t, st.(*memstore.Store), asReported)
			}},
		},
		ExitNoInstance: {{args: "start --holder y"}, {args: "start --holder y --expect 2"}},
		ExitPresumed: {
			{args: "start --holder y --accept-silent", before: func(t *testing.T, st store.Store) {
				t.Helper()
				report(t, st.(*memstore.Store), asReported)
				wait(10 * time.Minute)
			}},
		},
		ExitNothingToEnd: {{args: "end --all"}},
		ExitStillDown:    {{args: "end --holder y", before: down}},
		ExitUnreported: {
			{args: "start --holder y", out: &gone{}},
			{args: "start --holder y --json", out: &gone{}},
			{args: "end --all", before: down, out: &gone{3}},
			{args: "schedule --start 2097-01-01T00:00:00Z --for 1h", out: &gone{1}},
		},
		ExitUnknown: {{args: "start --holder y", st: rowless{memstore.New()}}, {args: "start --holder y", st: swallowingStore{memstore.New()}}, {args: "start --holder y", st: brokenStore{Store: memstore.New(), swap: errors.New("reset")}}},
		ExitDown:    {with(true, refusing), {args: "check GET / --exit-code", before: down}},
		ExitMixed: {with(true, refusing, asReported), with(false, refusing), {args: "end --all --wait 5s", before: func(t *testing.T, st store.Store) {
			t.Helper()
			down(t, st)
			report(t, st.(*memstore.Store), refusing)
		}}},
		ExitSuperseded:    {{args: "start --holder y", st: racingStore{memstore.New()}}},
		ExitUnobserved:    {with(true), with(false)},
		ExitTakenOver:     {{args: "run --holder y --expect 0 -- go version", st: &reopeningStore{Store: memstore.New()}}},
		ExitRunStillDown:  {{args: "run --holder y --expect 0 -- go version", before: down}},
		ExitNotReached:    {{args: "run --holder y -- go version"}},
		ExitRunFailed:     {{args: "run --holder y -- go version", st: rowless{memstore.New()}}},
		ExitNotExecutable: {{args: "run --holder y -- ./exit_test.go"}},
		ExitNotFound:      {{args: "run --holder y -- no-such-command"}},
		ExitInterrupted:   {{args: "start --holder y", cause: context.Canceled}, {args: "status --watch", cause: context.Canceled}},
		ExitTerminated:    {{args: "start --holder y", cause: terminated{}}, {args: "status --watch", cause: terminated{}}},
	}
	for code, stories := range examples {
		for n, s := range stories {
			t.Run(fmt.Sprintf("%d/%d %s", code, n, s.args), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { // reading a write back takes time
					st := s.st
					if st == nil {
						st = memstore.New()
					}
					if s.before != nil {
						s.before(t, st)
					}
					ctx, cancel := context.WithCancelCause(t.Context())
					defer cancel(nil)
					if s.cause != nil {
						cancel(s.cause)
					}
					var errs bytes.Buffer
					require.Equal(t, code, Main(ctx, strings.Fields(s.args), nil, s.out, &errs, WithStore(st)), errs.String())
				})
			})
		}
	}
	text, err := os.ReadFile("../docs/command.md")
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("needs docs/command.md, which lies beside this module in the repository only")
	}
	require.NoError(t, err)
	_, table, _ := strings.Cut(string(text), "\n## Exit codes\n")
	table, _, _ = strings.Cut(table, "\n## ")
	documented := map[int]bool{}
	for _, row := range regexp.MustCompile(`(?m)^\| (\d+) \| (\(reserved\))?`).FindAllStringSubmatch(table, -1) {
		code, err := strconv.Atoi(row[1])
		require.NoError(t, err)
		require.NotContains(t, documented, code, "each code has one row")
		documented[code] = true
		require.Equal(t, row[2] == "", len(examples[code]) > 0, "code %d", code)
	}
	for code := range examples {
		require.True(t, documented[code], "code %d", code)
	}
}

func TestOneLineSaysAThingOnce(t *testing.T) {
	t.Parallel()
	require.Equal(t, "failed to connect to `x`: 127.0.0.1:1: refused; [::1]:1: refused",
		oneLine("failed to connect to `x`:\n\t127.0.0.1:1: refused\n\t127.0.0.1:1: refused\n\n\t[::1]:1: refused\n"))
	require.Empty(t, oneLine("\n"))
}

func TestExitCode(t *testing.T) {
	t.Parallel()
	require.Equal(t, ExitDone, ExitCode(nil))
	require.Equal(t, ExitFailed, ExitCode(errors.New("of the application's")))
	require.Equal(t, ExitDown, ExitCode(fmt.Errorf("wrapped: %w", exit(ExitDown))))
	require.EqualError(t, exit(ExitDown), "exit code 10")
}

func TestAWrongValueOfAFlagIsSaidOnce(t *testing.T) {
	t.Parallel()
	for stderr, args := range map[string][]string{
		`--for: "30": want a duration like 90m, 1h30m or 2d: see downtime start --help`: {"start", "--for", "30"},
		`--timeout: "0": want more than 0: see downtime status --help`:                  {"status", "--timeout", "0"},
		`--limit: "x": want a whole number: see downtime log --help`:                    {"log", "--limit", "x"},
		`--above: "": want a whole number: see downtime reconcile --help`:               {"reconcile", "--above", ""},
		`--all: "maybe": want true or false: see downtime end --help`:                   {"end", "--all=maybe"},
	} {
		code, stdout, got := run(t, memstore.New(), args...)
		require.Equal(t, ExitUsage, code)
		require.Empty(t, stdout)
		require.Equal(t, "downtime: "+stderr+"\n", got)
	}
}
