package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/go-downtime/downtime/internal/wire"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

// maxLead limits how far the revision of a row may be ahead of the store's document; rows beyond
// it are not trusted. A process that may write a row may write any number, and a revision cannot
// be lowered again.
const maxLead = 1_000_000

func (a *app) reconcileCommand() *cobra.Command {
	var flags operator.ReconcileOptions
	cmd := a.newCommand("reconcile", "reconcile [--above REVISION] [--replaces ID] [flags]", a.args(0, 0))
	cmd.Flags().Int64Var(&flags.Above, "above", 0, "the `REVISION` that gates have seen (else, or if that is more, the highest that instances report)")
	cmd.Flags().StringVar(&flags.Replaces, "replaces", "", "the `ID` of another document that gates have seen (else the one that instances report)")
	writing(cmd)
	return a.finishOnStore(cmd, func(ctx context.Context, s session, _ []string) error {
		before, err := s.fleet(ctx)
		if err != nil && !errors.Is(err, operator.ErrNoRows) && flags.Above == 0 {
			return err
		}
		seen, err := before.evidence(flags)
		if err != nil {
			return err
		}
		res, err := s.op.Reconcile(ctx, seen.ReconcileOptions)
		if err != nil {
			return err
		}
		return s.reconciled(ctx, res, before, seen)
	})
}

// evidence holds the documents that were there before, as rows report them and the store noted them.
type evidence struct {
	operator.ReconcileOptions // completed by the rows

	// highest is the instance that has seen the highest revision of the store's document. beyond
	// is the one whose revision is too high to be trusted. Their Revision is 0 if there is none.
	highest, beyond operator.Instance
	// noted is the highest revision that the store noted apart from its document; 0 if none.
	noted int64
}

func (f fleet) evidence(o operator.ReconcileOptions) (evidence, error) {
	seen := evidence{ReconcileOptions: o}
	own := f.Document.Mark()
	ids := map[string]bool{}
	for _, i := range f.Instances {
		switch {
		case own.StoreID == "":
		case i.StoreID != own.StoreID:
			if i.StoreID != "" && i.Regressed && i.Life != store.Gone {
				ids[i.StoreID] = true
			}
		case i.Revision-own.Revision > maxLead:
			if i.Revision > seen.beyond.Revision {
				seen.beyond = i
			}
		case i.Revision > seen.highest.Revision:
			seen.highest = i
		}
	}
	switch noted := f.Newest; {
	case noted.StoreID == "" || own.StoreID == "":
	case noted.StoreID != own.StoreID:
		ids[noted.StoreID] = true
	case f.SeenBy == "":
		seen.noted = noted.Revision
	}
	if beyond := seen.beyond.Revision; beyond > 0 && o.Above == 0 {
		return seen, usagef("%s reports revision %d, more than %d above the store's %d, which the command does not trust: see fleet; use --above %d if a gate has seen that indeed, else --above %d",
			instanceName(seen.beyond), beyond, maxLead, own.Revision, beyond, max(seen.highest.Revision, seen.noted, own.Revision))
	}
	if o.Above >= 0 {
		seen.Above = max(o.Above, seen.highest.Revision, seen.noted)
	}
	others := slices.Sorted(maps.Keys(ids))
	switch {
	case o.Replaces != "":
	case len(others) == 1:
		seen.Replaces = others[0]
	case len(others) > 1:
		return seen, usagef("instances have seen %d other documents: see fleet; use --replaces with one of %s, or --replaces '*' for all", len(others), safe(strings.Join(others, ", ")))
	}
	return seen, nil
}

// reconciled reports the new revision, and the instances that Reconcile opens.
func (s session) reconciled(ctx context.Context, res operator.Result, before fleet, seen evidence) error {
	refusing := before.Which(func(i operator.Instance) bool {
		return (i.Live() || i.Silent()) && i.Err == nil && i.State != period.Open
	})
	opens := slices.DeleteFunc(slices.Clone(refusing), func(i operator.Instance) bool {
		return len(res.InForce()) > 0 || i.Override == "down"
	})
	r := reconciledJSON{From: res.Before.Revision, To: res.After.Revision, Replaces: seen.Replaces, Refusing: ids(refusing), Opens: ids(opens)}
	return s.report(ctx, written{res: res, reconciled: &r, first: func() {
		fmt.Fprintf(s.out, label, "raised", fmt.Sprintf("revision %d to %d", r.From, r.To))
		switch {
		case seen.noted > seen.highest.Revision:
			fmt.Fprintf(s.out, label, "because", fmt.Sprintf("the store held revision %d before", seen.noted))
		case seen.highest.Revision > r.From:
			fmt.Fprintf(s.out, label, "because", fmt.Sprintf("%s has seen revision %d", instanceName(seen.highest), seen.highest.Revision))
		}
		if seen.beyond.Revision >= r.To {
			fmt.Fprintf(s.out, label, "", s.warning(fmt.Sprintf("not above revision %d, which %s reports", seen.beyond.Revision, instanceName(seen.beyond))))
		}
		if r.Replaces != "" {
			fmt.Fprintf(s.out, label, "replaces", "document "+safe(r.Replaces)+", which gates have seen")
		}
		switch {
		case len(opens) > 0:
			fmt.Fprintf(s.out, label, "opens", s.warning(plural(len(opens))+" that refused:")+" "+named(opens)+": the document holds nothing in force")
		case len(refusing) > 0:
			fmt.Fprintf(s.out, label, "refusing", plural(len(refusing))+" before and after: "+named(refusing))
		}
		if silent := wire.Count(before.Judgment).Silent; silent > 0 {
			fmt.Fprintf(s.out, label, "", s.warning(number(silent, wire.Silent, ""))+": the revisions that they have seen since their last report are not known; --above names one")
		}
	}})
}

func ids(instances []operator.Instance) []string {
	out := make([]string, 0, len(instances))
	for _, i := range instances {
		out = append(out, i.ID)
	}
	return out
}
