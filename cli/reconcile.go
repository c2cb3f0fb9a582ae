package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/core/wire"
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
higher revision than any that an instance reports: what it holds is what holds from then on.

It says which instances refuse, and whether they will open. Look at that before, with
--dry-run: what was planned or begun in the lost revisions is nowhere but in those
instances, and has to be said again.

--above is for what no instance reports: a store without rows, or an instance that is cut
off and has seen more. It is needed too where one reports a revision more than 1,000,000
above the store's: that is not taken from a row.`,
		Example: a.examples("reconcile --dry-run", "reconcile", "reconcile --above 41"),
		Args:    a.args(0, 0),
	}
	cmd.Flags().Int64Var(&above, "above", 0, "the `REVISION` that gates have seen (else, or if that is more, what instances report)")
	actor := actorFlag(cmd)
	writing(cmd)
	return a.finish(cmd, func(cmd *cobra.Command, _ []string) error {
		v, err := a.view(cmd)
		if err != nil {
			return err
		}
		return a.onWritable(cmd, func(ctx context.Context, st core.Store) error {
			before, err := fleetOf(ctx, st)
			if err != nil && !errors.Is(err, core.ErrNoFleet) && above == 0 {
				return err
			}
			seen, beyond := before.ahead()
			if beyond.Revision > 0 && above == 0 {
				return usagef("%s reports revision %d, more than %d above the store's %d, so that it is not taken from there: see fleet; say --above %d if a gate has seen that indeed, else --above %d",
					instanceName(beyond), beyond.Revision, maxLead, before.Document.Revision, beyond.Revision, max(seen.Revision, before.Document.Revision))
			}
			if above >= 0 {
				above = max(above, seen.Revision)
			}
			res, err := core.Reconcile(ctx, st, core.ReconcileOptions{Above: above, Actor: orDefaultActor(*actor), Origin: origin()})
			if err != nil {
				return err
			}
			s := stateOf(ctx, st, res)
			refusing := before.which(func(i core.Instance) bool { return before.life(i) != wire.Dead && !i.Open })
			r := reconciledJSON{From: res.Before.Revision, To: res.After.Revision, Refusing: ids(refusing), Opens: []string{}}
			opens := opening(s, refusing)
			r.Opens = ids(opens)
			return a.report(cmd, v, s, written{reconciled: &r, first: func() {
				out := cmd.OutOrStdout()
				fmt.Fprintf(out, label, "raised", fmt.Sprintf("revision %d to %d", r.From, r.To))
				if seen.Revision > r.From {
					fmt.Fprintf(out, label, "because", fmt.Sprintf("%s has seen revision %d", instanceName(seen), seen.Revision))
				}
				if beyond.Revision >= r.To {
					fmt.Fprintf(out, label, "", v.warning(fmt.Sprintf("not above revision %d, which %s reports", beyond.Revision, instanceName(beyond))))
				}
				v.reconciled(out, before, refusing, opens)
			}})
		})
	})
}

// opening are those of the instances that refuse because of periods, where the document in
// s holds nothing that does.
func opening(s state, refusing []core.Instance) []core.Instance {
	var out []core.Instance
	for _, i := range refusing {
		if !s.Verdict().Down && i.Override != "down" {
			out = append(out, i)
		}
	}
	return out
}

func (v view) reconciled(w io.Writer, before fleet, refusing, opens []core.Instance) {
	switch {
	case len(opens) > 0:
		fmt.Fprintf(w, label, "opens", v.warning(plural(len(opens))+" that refused:")+" "+named(opens)+": the document holds nothing in force")
	case len(refusing) > 0:
		fmt.Fprintf(w, label, "refusing", plural(len(refusing))+" before and after: "+named(refusing))
	}
	if c := before.counts(); c.Silent > 0 {
		fmt.Fprintf(w, label, "", v.warning(number(c.Silent, wire.Silent, ""))+": what they have seen since their last report is not known; --above names it")
	}
}
