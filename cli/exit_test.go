package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/stores/memstore"
)

// brokenStore answers with these errors, where they are set.
type brokenStore struct {
	core.Store

	load, commit error
}

func (b brokenStore) Load(ctx context.Context, have core.Mark) (core.State, error) {
	if b.load != nil {
		return core.State{Time: time.Now()}, b.load
	}
	return b.Store.Load(ctx, have)
}

func (b brokenStore) Commit(ctx context.Context, base core.Mark, next *core.Document, entry core.Entry) error {
	if b.commit != nil {
		return b.commit
	}
	return b.Store.Commit(ctx, base, next, entry)
}

// swallowingStore says yes to a write, and forgets it.
type swallowingStore struct{ core.Store }

func (swallowingStore) Commit(context.Context, core.Mark, *core.Document, core.Entry) error {
	return nil
}

func TestErrorsAreOneLineThatSaysWhatToDo(t *testing.T) {
	t.Parallel()
	mem := memstore.New()
	for name, test := range map[string]struct {
		st     core.Store
		args   []string
		stderr string
	}{
		"a document that is gone": {
			brokenStore{Store: mem, load: fmt.Errorf("memory: %w", core.ErrLost)},
			[]string{"end", "--holder", "x"},
			"downtime: memory: document is gone: what it held down stays down; restore it, or begin anew with an empty one: downtime end --all\n",
		},
		"a store that is read-only": {
			brokenStore{Store: mem, commit: core.ErrReadOnly},
			[]string{"start", "--holder", "x"},
			"downtime: store is read-only: change it where it comes from\n",
		},
		"a write that was not seen": {
			swallowingStore{mem},
			[]string{"schedule", "--start", "2097-01-01 00:00", "--for", "1h"},
			"read back nothing: look before you do it again: downtime status\n",
		},
		"an error of many lines": {
			brokenStore{Store: mem, commit: errors.Join(errors.New("first"), errors.New("second\x1b[31m"))},
			[]string{"start", "--holder", "x"},
			"downtime: nothing was written: first; second\\x1b[31m\n",
		},
		"a store that ends early": {
			brokenStore{Store: mem, load: context.Canceled},
			[]string{"status"},
			"downtime: context canceled\n",
		},
		"a fault in the document is no wrong usage": {
			brokenStore{Store: mem, load: &core.FieldError{Field: "periods[3].end", Value: "x", Problem: "is bad"}},
			[]string{"list"},
			"downtime: periods[3].end: \"x\": is bad\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, stdout, stderr := run(t, test.st, test.args...)
			require.Equal(t, ExitFailed, code)
			require.Contains(t, stderr, test.stderr)
			require.Equal(t, 1, strings.Count(stderr, "\n"))
			require.Empty(t, stdout)
		})
	}
}

func TestEndAllBeginsAnewWhereTheDocumentIsGone(t *testing.T) {
	t.Parallel()
	st := &losingStore{Store: memstore.New()}
	code, stdout, _ := run(t, st, "end", "--all")
	require.Equal(t, ExitDone, code)
	require.Contains(t, stdout, "revision 1\nRESULT up\n")
}

// losingStore has lost its document, until something is written.
type losingStore struct{ core.Store }

func (l *losingStore) Load(ctx context.Context, have core.Mark) (core.State, error) {
	state, err := l.Store.Load(ctx, have)
	if err == nil && state.Document == nil {
		return core.State{Time: state.Time}, core.ErrLost
	}
	return state, err
}

// racingStore ends everything behind each write.
type racingStore struct{ core.Store }

func (r racingStore) Commit(ctx context.Context, base core.Mark, next *core.Document, entry core.Entry) error {
	if err := r.Store.Commit(ctx, base, next, entry); err != nil {
		return err
	}
	_, err := core.End(ctx, r.Store, core.EndOptions{All: true})
	return err
}

func TestStartThatSomebodyEndsAtOnceIsNoSuccess(t *testing.T) {
	t.Parallel()
	code, stdout, stderr := run(t, racingStore{memstore.New()}, "start", "--holder", "x")
	require.Equal(t, ExitFailed, code)
	require.Contains(t, stderr, "was begun, and ended by somebody else at once: see downtime status\n")
	require.Empty(t, stdout)
}

func TestExitCode(t *testing.T) {
	t.Parallel()
	require.Equal(t, ExitDone, ExitCode(nil))
	require.Equal(t, ExitFailed, ExitCode(errors.New("of the application's")))
	require.Equal(t, ExitDown, ExitCode(fmt.Errorf("wrapped: %w", exit(ExitDown))))
	require.EqualError(t, exit(ExitDown), "exit code 10")
}
