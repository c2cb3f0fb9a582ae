package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/go-downtime/downtime/internal/dry"
	"github.com/go-downtime/downtime/internal/wire"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

// session is one command that works on one store.
type session struct {
	view

	app *app
	cmd *cobra.Command
	op  operator.Operator
	out io.Writer
}

// onStore runs do on the store, with a context that ends after --timeout.
func (a *app) onStore(cmd *cobra.Command, do func(ctx context.Context, s session) error) error {
	s, closeStore, err := a.session(cmd)
	if err != nil {
		return err
	}
	defer closeStore()
	ctx, cancel := context.WithTimeout(cmd.Context(), a.timeout.duration())
	defer cancel()
	err = do(ctx, s)
	if !errors.Is(err, operator.ErrUnreadable) {
		return err
	}
	err = fmt.Errorf("%s: %w", s.op.Store.Info().Name, err)
	if _, ok := s.op.Store.(store.Keeper); ok && !errors.Is(err, period.ErrNewer) {
		err = fmt.Errorf("%w: repair it, or replace it by an empty one, and it is kept: %s", err, s.command("end", "--all"))
	}
	return err
}

// finishOnStore is finish for a command whose whole work is on the store, see onStore.
func (a *app) finishOnStore(cmd *cobra.Command, do func(ctx context.Context, s session, args []string) error) *cobra.Command {
	return a.finish(cmd, func(cmd *cobra.Command, args []string) error {
		return a.onStore(cmd, func(ctx context.Context, s session) error { return do(ctx, s, args) })
	})
}

// session opens the store. With --dry-run, the session writes nothing to it.
func (a *app) session(cmd *cobra.Command) (s session, closeStore func(), err error) {
	v, err := a.view(cmd)
	if err != nil {
		return session{}, nil, err
	}
	st, closeStore, err := a.open(cmd.Context())
	if err != nil {
		return session{}, nil, err
	}
	op := operator.Operator{Store: st, Actor: actorOf(cmd), Origin: origin()}
	op.Force, _ = cmd.Flags().GetBool("force")
	if isDryRun(cmd) {
		op.Store = dry.Store(st)
	}
	return session{view: v, app: a, cmd: cmd, op: op, out: cmd.OutOrStdout()}, closeStore, nil
}

// read reads the document.
func (s session) read(ctx context.Context) (wire.Found, error) {
	state, err := s.op.Read(ctx)
	return wire.Read(s.op.Store, state), err
}

// print prints v as JSON if the command has --json, else text.
func (s session) print(v any, text func(w io.Writer)) error {
	if asJSON(s.cmd) {
		return writeJSON(s.out, v, true)
	}
	text(s.out)
	return nil
}

// jsonFlag gives cmd --json.
func jsonFlag(cmd *cobra.Command, usage string) { cmd.Flags().Bool("json", false, usage) }

func asJSON(cmd *cobra.Command) bool {
	asJSON, _ := cmd.Flags().GetBool("json")
	return asJSON
}

// instant is the instant that a flag names; zero if it was not given. A time of day alone
// is the next one after from; if from is zero, after the store's clock.
func (s session) instant(ctx context.Context, flag, value string, from time.Time) (time.Time, error) {
	if value == "" {
		return time.Time{}, nil
	}
	var unreadable error
	t, err := s.parse(value, from, func() (time.Time, error) {
		found, err := s.read(ctx)
		unreadable = err
		return found.Time, err
	})
	switch {
	case unreadable != nil:
		return time.Time{}, unreadable
	case err != nil:
		return time.Time{}, usagef("%s: %v", flag, err)
	}
	return t, nil
}

// start is the instant that --start names; zero for "now", which is the time of the write.
func (s session) start(ctx context.Context, value string) (time.Time, error) {
	if value == now {
		return time.Time{}, nil
	}
	return s.instant(ctx, "--start", value, time.Time{})
}
