package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/go-downtime/downtime/internal/wire"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

const shortID = 8 // of 16 characters

// fleetText writes a line for each instance, its oddities, and the sum.
func (s session) fleetText(w io.Writer, f fleet) {
	found := wire.Judged(s.op.Store, f.Judgment)
	members := f.members()
	if len(members) > 0 {
		s.table(w, f, members)
		fmt.Fprintln(w)
	}
	for _, i := range members {
		s.oddities(w, f, i)
	}
	if others, of := f.others(); len(others) > 0 {
		fmt.Fprintf(w, label, "rules", s.warning(fmt.Sprintf("%d of %d instances have other rules:", len(others), of))+" "+named(others)+
			": they would not let the same requests pass")
	}
	if f.Err != nil {
		fmt.Fprintf(w, label, "state", s.warning("UNKNOWN")+": "+safe(f.Err.Error()))
		fmt.Fprintf(w, label, "store", safe(found.Store))
	} else {
		if f.Document != nil || found.WentBack != "" {
			s.headline(w, found, &f)
		}
		s.store(w, found)
	}
	if len(members) == 0 {
		fmt.Fprintf(w, label, "fleet", s.warning("no instance has ever reported to this store, or all have left:"))
		fmt.Fprintf(w, label, "", "none runs, or its gate reads another store or application, or may not write its row")
		return
	}
	fmt.Fprintf(w, label, "fleet", s.sum(f))
	if f.Result != "" {
		fmt.Fprintf(w, label, "barrier", safe(f.Summary()))
	}
}

func (v view) table(w io.Writer, f fleet, members []operator.Instance) {
	table := newTable(w, "HOST", "PID", "ID", "STATE", "REVISION", "IN FLIGHT", "BYPASSED", "EXEMPT", "REPORTED", "POLICY", "RULES", "APP", "VERSION")
	for _, i := range members {
		reported := "-"
		if !i.Seen.IsZero() {
			reported = relative(i.Seen, f.Time)
		}
		table.row(
			cmp.Or(shorten(safe(i.Host), 32), "-"), strconv.Itoa(i.PID), shorten(safe(i.ID), shortID+1), f.doing(i), revision(i),
			strconv.FormatInt(i.InFlight, 10), strconv.FormatInt(i.Bypassed, 10), strconv.FormatInt(i.Exempt, 10), reported,
			cmp.Or(safe(i.Policy), "-"), cmp.Or(safe(i.Rules), "-"), cmp.Or(shorten(safe(i.App), 24), "-"), cmp.Or(shorten(safe(i.Version), 24), "-"),
		)
	}
	table.flush()
}

// revision is the one that the instance has adopted, and how it compares to the store's.
func revision(i operator.Instance) string {
	number := strconv.FormatInt(i.Revision, 10)
	switch i.Standing {
	case operator.Current:
		return number
	case operator.Without:
		return "none"
	case operator.Different:
		return number + " of another"
	}
	return number + " " + string(i.Standing)
}

// oddities writes the unusual facts about one instance.
func (v view) oddities(w io.Writer, f fleet, i operator.Instance) {
	who, at := instanceName(i), strconv.FormatInt(i.Revision, 10)
	switch {
	case i.Err != nil:
		fmt.Fprintf(w, label, "unreadable", v.warning(who)+": its row cannot be read, and its state is unknown: "+safe(i.Err.Error()))
		return
	case i.Life == store.Gone:
		fmt.Fprintf(w, label, "dead", who+": its process has ended")
		return
	case i.Silent():
		fmt.Fprintf(w, label, "silent", v.warning(who)+" since "+v.when(i.Lease, f.Time)+", dead or cut off: the store cannot tell; it was "+
			said(i)+" at revision "+at+" with "+strconv.FormatInt(i.InFlight, 10)+" in flight")
	}
	if i.Outdated {
		fmt.Fprintf(w, label, "outdated", v.warning(who)+" said "+v.when(i.Seen, f.Time)+" that it was "+said(i)+
			"; the site was up since then, and the instance has not reported again")
	}
	if i.Override != "" {
		fmt.Fprintf(w, label, "override", v.warning(who+" is held "+safe(i.Override))+", and ignores this store")
	}
	if i.Held > 0 {
		fmt.Fprintf(w, label, "held", who+": "+strconv.FormatInt(i.Held, 10)+" requests wait until it opens")
	}
	if len(i.Streams) > 0 {
		fmt.Fprintf(w, label, "streams", who+": "+safe(wire.Streams(i))+"; no drain waits for them")
	}
	if i.State != period.Open && i.Cause != "" && i.Cause != "period" && i.Cause != "override" {
		fmt.Fprintf(w, label, "refusing", who+" because of "+safe(i.Cause))
	}
	if i.Problem != "" {
		fmt.Fprintf(w, label, "problem", v.warning(who+" cannot read the document:")+" "+safe(i.Problem))
	}
	if i.Warning != "" && i.Live() {
		fmt.Fprintf(w, label, "warning", v.warning(who+" reports:")+" "+safe(i.Warning))
	}
	switch {
	case i.Regressed:
		lost := "which the store has lost"
		if f.Document != nil && i.StoreID != f.Document.StoreID {
			lost = "of another document"
		}
		fmt.Fprintf(w, label, "regressed", v.warning(who+" has seen revision "+at)+", "+lost+": it refuses what either document refuses, until "+v.command("reconcile"))
	case f.Document == nil && !errors.Is(f.Err, operator.ErrUnreadable) && i.StoreID != "":
		fmt.Fprintf(w, label, "lost", v.warning(who+" keeps revision "+at)+" of a document that is gone")
	}
}

// sum is the fleet in one line.
func (v view) sum(f fleet) string {
	c := wire.Count(f.Judgment)
	line := plural(c.Instances) + ": " + list(
		number(c.Live, wire.Live, list(number(c.Open, "open", ""), number(c.Refusing, "refusing", ""), number(c.Drained, "drained", ""), number(c.Outdated, "outdated", ""))),
		number(c.Silent, wire.Silent, ""), number(c.Dead, wire.Dead, ""),
	)
	switch {
	case c.Live == 0:
		return v.warning(line)
	case f.Document == nil:
		return line
	case c.Current == c.Live && c.Live == c.Instances:
		return line + fmt.Sprintf("; all at revision %d", f.Document.Revision)
	case c.Current == c.Live:
		return line + fmt.Sprintf("; all live ones at revision %d", f.Document.Revision)
	}
	return line + "; " + v.warning(fmt.Sprintf("%d of %d live ones at revision %d", c.Current, c.Live, f.Document.Revision))
}
