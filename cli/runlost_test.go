package cli

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/memstore"
)

// lostPeriodStore calls lose once, after the barrier of a run, and before the run reads whether it may
// call its command.
type lostPeriodStore struct {
	*memstore.Store

	lists int
	lose  func(op operator.Operator) error
}

func (l *lostPeriodStore) ListRows(ctx context.Context, have store.Token) (store.Rowset, error) {
	l.lists++ // first for its write, then for its barrier
	return l.Store.ListRows(ctx, have)
}

func (l *lostPeriodStore) Get(ctx context.Context, have store.Token) (store.Blob, error) {
	if l.lists == 2 {
		l.lists++
		if err := l.lose(operator.Operator{Store: l.Store, Actor: "y"}); err != nil {
			return store.Blob{}, err
		}
	}
	return l.Store.Get(ctx, have)
}

func TestRunSaysHowItLostItsPeriodBeforeTheCommand(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		lose   func(ctx context.Context, op operator.Operator) error
		says   string
		isDown bool
	}{
		"an operator ended it": {func(ctx context.Context, op operator.Operator) error {
			_, err := op.End(ctx, operator.EndOptions{All: true})
			return err
		}, "another operator has ended its period", false},
		"another run took it over": {func(ctx context.Context, op operator.Operator) error {
			s, err := op.Read(ctx)
			if err != nil {
				return err
			}
			if err := op.Store.(store.Rows).DeleteRow(ctx, s.InForce()[0].RunID, []byte(period.NoteLeft)); err != nil {
				return err
			}
			_, err = op.During(ctx, operator.RunOptions{Expect: new(0)}, func(context.Context) error { return context.Canceled })
			if !errors.Is(err, context.Canceled) {
				return err
			}
			return nil
		}, "another run has taken its period over", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				st := &lostPeriodStore{Store: memstore.New()}
				st.lose = func(op operator.Operator) error { return tc.lose(t.Context(), op) }
				code, _, stderr := run(t, st, "run", "--holder", "y", "--expect", "0", "--", "go", "version")
				require.Equal(t, ExitNotReached, code, stderr)
				require.Contains(t, stderr, "superseded: the site was reopened or taken over meanwhile")
				require.Contains(t, stderr, tc.says)
				require.NotContains(t, stderr, "go version go")
				require.Equal(t, tc.isDown, read(t, st.Store).Verdict().Down)
			})
		})
	}
}
