package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/go-downtime/downtime/core"
)

func (a *app) reconcileCommand() *cobra.Command {
	var above int64
	cmd := &cobra.Command{
		Use:   "reconcile [--above REVISION] [flags]",
		Short: "Make gates take the document of a store that went back in time",
		Long: `Make gates take the document of a store that went back in time.

After a failover or a restored backup a store may hold an older document than a gate has
seen. The gate then keeps what either of both refuses, logs "regressed", and names the
revision that it has. This command writes the store's document again, unchanged, with a
higher revision than that: what it holds is what holds from then on.

Look at it before, with status.`,
		Example: a.examples("reconcile --above 41"),
		Args:    a.args(0, 0),
	}
	cmd.Flags().Int64Var(&above, "above", 0, "the `REVISION` that the gates have seen (else the store's own)")
	writing(cmd)
	return a.finish(cmd, func(cmd *cobra.Command, _ []string) error {
		v, err := a.view(cmd)
		if err != nil {
			return err
		}
		return a.onWritable(cmd, func(ctx context.Context, st core.Store) error {
			res, err := core.Reconcile(ctx, st, above)
			if err != nil {
				return err
			}
			return a.report(cmd, v, stateOf(st, res), written{first: func() {
				fmt.Fprintf(cmd.OutOrStdout(), label, "raised", fmt.Sprintf("revision %d to %d", res.Before.Revision, res.After.Revision))
			}})
		})
	})
}
