package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/core/wire"
)

func (a *app) initCommand() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "init [flags]",
		Short: "Prepare a store: its tables, and its first, empty document",
		Long: `Prepare a store: make or upgrade its tables, where it has any, and write its first, empty
document. Gates on a shared store refuse requests until that is there, because to them a
document that is missing is lost, and not empty. Running it again changes nothing.

If instances say that there was a document, it is gone: flushed, dropped or evicted. Those
that keep what it held down would open with an empty one. Restore it, or say --yes.

Instances report every few seconds. Right after the loss of a whole store, rows and all,
none may have done so yet, and then this command cannot tell.`,
		Example: a.examples("init --store 'postgres://ops@db/shop?app=shop'", "init --yes"),
		Args:    a.args(0, 0),
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "begin anew although a document is lost: instances that keep a closed state open")
	actor := actorFlag(cmd)
	writing(cmd)

	return a.finish(cmd, func(cmd *cobra.Command, _ []string) error {
		v, err := a.view(cmd)
		if err != nil {
			return err
		}
		return a.onStore(cmd, func(ctx context.Context, st core.Store) error {
			migrated, err := migrate(ctx, cmd, st)
			if err != nil {
				return err
			}
			if !yes {
				if err := a.askBeforeInit(ctx, cmd, st); err != nil {
					return err
				}
			}
			if isDryRun(cmd) {
				st = &dryStore{Store: st}
			}
			res, err := core.Init(ctx, st, core.InitOptions{Actor: orDefaultActor(*actor), Origin: origin()})
			wrote := err == nil
			if err != nil && !errors.Is(err, core.ErrInitialised) {
				return err
			}
			return a.report(cmd, v, stateOf(ctx, st, res), written{initialised: &wrote, first: func() {
				out := cmd.OutOrStdout()
				if migrated {
					fmt.Fprintf(out, label, "tables", "are there, as this version wants them")
				}
				if wrote {
					fmt.Fprintf(out, label, "begun", "document "+res.After.StoreID)
				} else {
					fmt.Fprintf(out, label, "nothing", "to do: the store is already initialised")
				}
			}})
		})
	})
}

// migrate makes the tables of a store that has any. A dry run makes none.
func migrate(ctx context.Context, cmd *cobra.Command, st core.Store) (bool, error) {
	m, ok := st.(interface {
		Migrate(ctx context.Context) error
	})
	if !ok || isDryRun(cmd) {
		return false, nil
	}
	return true, m.Migrate(ctx)
}

// askBeforeInit is wrong usage if a document was lost, as far as anybody can tell: with an
// empty one in its place, what it held down would open.
func (a *app) askBeforeInit(ctx context.Context, cmd *cobra.Command, st core.Store) error {
	_, err := st.Load(ctx, core.Mark{})
	if !errors.Is(err, core.ErrLost) {
		return err
	}
	again := []string{"init", "--yes"}
	if knowsLoss(st) {
		return usagef("--yes: %v: instances that keep what it held down will open; restore it, or begin anew: %s", err, a.command(cmd, again...))
	}
	f, err := fleetOf(ctx, st)
	if errors.Is(err, core.ErrNoFleet) {
		return usagef("--yes: %s has no document, and keeps no rows of instances, so nobody can tell whether it had one: instances that keep what that held down will open; restore it, or begin anew: %s",
			st, a.command(cmd, again...))
	}
	switch {
	case errors.Is(err, core.ErrLost):
		return nil // nor are there tables, which a dry run does not make
	case err != nil:
		return err
	}
	witnesses := f.which(func(i core.Instance) bool { return f.life(i) != wire.Dead && i.StoreID != "" })
	if len(witnesses) == 0 {
		return nil
	}
	closed := 0
	for _, i := range witnesses {
		if !i.Open {
			closed++
		}
	}
	return usagef("--yes: %s has lost its document: %s had one (%s), %d of them refused when they last reported; those that keep a closed state will open; restore it, or begin anew: %s",
		st, plural(len(witnesses)), named(witnesses), closed, a.command(cmd, again...))
}
