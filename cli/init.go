package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

func (a *app) initCommand() *cobra.Command {
	var yes bool
	var name, environment string
	cmd := a.newCommand("init", "init [flags]", a.args(0, 0))
	cmd.Flags().StringVar(&name, "name", "", "`NAME` of the application, for operators")
	cmd.Flags().StringVar(&environment, "environment", "", "`NAME` of its environment, such as production or staging")
	cmd.Flags().BoolVar(&yes, "yes", false, "write an empty document although one is lost or cannot be read: instances that keep its closed state will open")
	writing(cmd)

	return a.finishOnStore(cmd, func(ctx context.Context, s session, _ []string) error {
		prepared, err := s.prepare(ctx)
		if err != nil {
			return err
		}
		if !yes {
			if err := s.refuseLost(ctx); err != nil {
				return err
			}
		}
		res, err := s.op.Init(ctx, operator.InitOptions{Name: name, Environment: environment, Replace: yes})
		wrote := err == nil && (res.Before == nil || res.Before.StoreID != res.After.StoreID)
		if err != nil && !errors.Is(err, operator.ErrInitialized) {
			return err
		}
		return s.report(ctx, written{res: res, initialized: &wrote, first: func() {
			if prepared {
				fmt.Fprintf(s.out, label, "tables", "are there, as this version wants them")
			}
			switch {
			case wrote:
				fmt.Fprintf(s.out, label, "begun", "document "+res.After.StoreID)
			case err == nil:
				fmt.Fprintf(s.out, label, "named", "the application; nothing else was changed")
			default:
				fmt.Fprintf(s.out, label, "nothing", "to do: the store is already initialized")
			}
		}})
	})
}

// prepare makes the tables of a store that has any. A dry run makes none.
func (s session) prepare(ctx context.Context) (bool, error) {
	p, ok := s.op.Store.(store.Preparer)
	if !ok || isDryRun(s.cmd) {
		return false, nil
	}
	return true, p.Prepare(ctx)
}

// refuseLost returns a usage error if there is evidence that the store has lost a document: a new
// document would open gates that the lost one had closed. A store of one application proves the
// loss, see [store.ErrNeverWritten]. A shared store cannot; there, rows of instances are the
// evidence.
func (s session) refuseLost(ctx context.Context) error {
	_, err := s.op.Read(ctx)
	info, again := s.op.Store.Info(), s.command("init", "--yes")
	switch {
	case !errors.Is(err, store.ErrLost):
		return err
	case info.Application == "":
		return usagef("--yes: %v: instances that keep its closed state will open; restore it, or begin a new one: %s", err, again)
	}
	f, err := s.fleet(ctx)
	switch {
	case errors.Is(err, operator.ErrNoRows):
		return usagef("--yes: %s has no document, and keeps no rows of instances that tell whether it had one: instances that keep a closed state will open; restore it, or begin a new one: %s",
			info.Name, again)
	case err != nil:
		return err
	}
	witnesses := f.Which(func(i operator.Instance) bool { return i.Life != store.Gone && i.StoreID != "" })
	if len(witnesses) == 0 {
		return nil
	}
	closed := 0
	for _, i := range witnesses {
		if i.State != period.Open {
			closed++
		}
	}
	return usagef("--yes: %s has lost its document: %s had one (%s), %d of them refused when they last reported; those that keep a closed state will open; restore it, or begin a new one: %s",
		info.Name, plural(len(witnesses)), named(witnesses), closed, again)
}
