package cli

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/core/wire"
)

const (
	shortID   = 8 // of 16 characters
	mostNamed = 5 // instances in one line
)

// fleet writes a line for each instance, what is odd about any, and the sum.
func (v view) fleet(w io.Writer, f fleet) error {
	if len(f.rows) > 0 {
		if err := v.instances(w, f); err != nil {
			return err
		}
		fmt.Fprintln(w)
	}
	v.oddities(w, f)
	if f.Document != nil {
		fmt.Fprintf(w, label, "state", v.headline(f.state))
	}
	v.store(w, f.state)
	if len(f.rows) == 0 {
		fmt.Fprintf(w, label, "fleet", v.warning("no instance has ever reported to this store, or all have left:"))
		fmt.Fprintf(w, label, "", "none runs, or its gate reads another store or application, or may not write its row")
		return nil
	}
	fmt.Fprintf(w, label, "fleet", v.sum(f))
	return nil
}

func (v view) instances(w io.Writer, f fleet) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "HOST\tPID\tID\tSTATE\tREVISION\tIN FLIGHT\tPASSING\tREPORTED\tPOLICY\tRULES\tAPP\tVERSION")
	for _, i := range f.rows {
		state := wire.DoingOf(i)
		if life := f.life(i); life != wire.Live {
			state = life
		}
		fmt.Fprintln(table, strings.Join([]string{
			shorten(safe(i.Host), 32), strconv.Itoa(i.PID), shorten(safe(i.ID), shortID+1), state, f.revision(i),
			strconv.FormatInt(i.InFlight, 10), strconv.FormatInt(i.Passing, 10), relative(i.Seen, f.Time),
			safe(i.Policy), safe(i.Rules), cmp.Or(shorten(safe(i.App), 24), "-"), cmp.Or(shorten(safe(i.Version), 24), "-"),
		}, "\t"))
	}
	return table.Flush()
}

// revision is what the instance has adopted, and how it stands to the store's.
func (f fleet) revision(i core.Instance) string {
	number := strconv.FormatInt(i.Revision, 10)
	switch standing := f.document(i); standing {
	case wire.Current:
		return number
	case wire.None:
		return "none"
	case wire.Other:
		return number + " of another"
	default:
		return number + " " + standing
	}
}

// oddities writes what an operator should know of single instances.
func (v view) oddities(w io.Writer, f fleet) {
	for _, i := range f.rows {
		who := instanceName(i)
		switch f.life(i) {
		case wire.Dead:
			fmt.Fprintf(w, label, "dead", who+": its process is gone")
			continue
		case wire.Silent:
			last := wire.DoingOf(i) + " at revision " + strconv.FormatInt(i.Revision, 10) + " with " + strconv.FormatInt(i.InFlight, 10) + " in flight"
			fmt.Fprintf(w, label, "silent", v.warning(who)+" since "+v.when(i.Lease, f.Time)+", dead or cut off: nobody can tell; it was "+last)
		}
		if i.Override != "" {
			fmt.Fprintf(w, label, "override", v.warning(who+" is held "+safe(i.Override))+", whatever this store says")
		}
		if cause := i.Cause; !i.Open && cause != "" && cause != core.CausePeriod.String() && cause != core.CauseOverride.String() {
			fmt.Fprintf(w, label, "refusing", who+" because of "+safe(cause))
		}
		switch {
		case i.Regressed:
			fmt.Fprintf(w, label, "regressed", v.warning(who+" has seen revision "+strconv.FormatInt(i.Revision, 10))+
				", which the store has lost: it keeps what either refuses, until "+v.command("reconcile"))
		case f.Document == nil && i.StoreID != "":
			fmt.Fprintf(w, label, "lost", v.warning(who+" keeps revision "+strconv.FormatInt(i.Revision, 10))+" of a document that is gone")
		}
	}
	if others, of := f.others(); len(others) > 0 {
		fmt.Fprintf(w, label, "rules", v.warning(fmt.Sprintf("%d of %d instances have other rules:", len(others), of))+" "+named(others)+
			": they would not let the same requests pass")
	}
}

// named are the names of instances, of not too many.
func named(rows []core.Instance) string {
	var out []string
	for _, i := range rows[:min(len(rows), mostNamed)] {
		out = append(out, instanceName(i))
	}
	if more := len(rows) - mostNamed; more > 0 {
		out = append(out, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(out, ", ")
}

// sum is the fleet in one line.
func (v view) sum(f fleet) string {
	c := f.counts()
	parts := []string{
		number(c.Live, "live", list(number(c.Open, wire.Open, ""), number(c.Refusing, wire.Refusing, ""), number(c.Drained, wire.Drained, ""))),
		number(c.Silent, wire.Silent, ""), number(c.Dead, wire.Dead, ""),
	}
	line := plural(c.Instances) + ": " + list(parts...)
	current := c.Current
	switch {
	case c.Live == 0:
		return v.warning(line)
	case f.Document == nil:
		return line
	case current == c.Live && c.Live == c.Instances:
		return line + "; all at revision " + strconv.FormatInt(f.Document.Revision, 10)
	case current == c.Live:
		return line + "; all live ones at revision " + strconv.FormatInt(f.Document.Revision, 10)
	}
	return line + "; " + v.warning(fmt.Sprintf("%d of %d live ones at revision %d", current, c.Live, f.Document.Revision))
}

// number is "3 live (2 open)"; "" if there is none.
func number(n int, word, of string) string {
	switch {
	case n == 0:
		return ""
	case of == "":
		return fmt.Sprintf("%d %s", n, word)
	}
	return fmt.Sprintf("%d %s (%s)", n, word, of)
}

// list joins the parts that are not empty.
func list(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), ", ")
}

func plural(instances int) string {
	if instances == 1 {
		return "1 instance"
	}
	return fmt.Sprintf("%d instances", instances)
}

// seen writes which instances there are to a command's write; nothing where the store
// keeps no rows.
func (v view) seen(w io.Writer, s state) {
	if s.seen == nil {
		return
	}
	switch c := s.seen.counts(); {
	case s.seen.err != nil:
		fmt.Fprintf(w, label, "fleet", v.warning("not known: ")+safe(s.seen.err.Error()))
	case c.Instances == 0:
		fmt.Fprintf(w, label, "fleet", v.warning("no instance has reported to this store:")+" "+v.command("fleet"))
	default:
		instances := "live instances"
		if c.Live == 1 {
			instances = "live instance"
		}
		fmt.Fprintf(w, label, "fleet", list(fmt.Sprintf("%d %s", c.Live, instances), number(c.Silent, wire.Silent, ""), number(c.Dead, wire.Dead, ""))+": "+v.command("fleet"))
	}
}
