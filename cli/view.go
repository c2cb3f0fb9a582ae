package cli

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/go-downtime/downtime/internal/wire"
	"github.com/go-downtime/downtime/period"
)

// view is how a person reads a state: the zone, the colors, and command lines to copy.
type view struct {
	paint
	zones
	command func(words ...string) string
}

func (a *app) view(cmd *cobra.Command) (view, error) {
	loc, unknown, err := a.location()
	if err != nil {
		return view{}, err
	}
	return view{
		paint: a.painter(cmd.OutOrStdout()), zones: zones{loc: loc, unknown: unknown},
		command: func(words ...string) string { return a.command(cmd, words...) },
	}, nil
}

// state writes a headline, the periods that hold the site down, the coming ones, and the store.
func (v view) state(w io.Writer, f wire.Found, instances fleet) {
	v.headline(w, f, &instances)
	for _, p := range f.InForce() {
		v.period(w, "because", p, f.Time)
	}
	for _, p := range f.Upcoming() {
		v.period(w, "coming", p, f.Time)
	}
	v.store(w, f)
}

// store writes the names of store and application, and the revision.
func (v view) store(w io.Writer, f wire.Found) {
	if f.Application != "" {
		fmt.Fprintf(w, label, "app", safe(f.Application))
	}
	if d := f.Document; d != nil && d.Name+d.Environment != "" {
		fmt.Fprintf(w, label, "site", strings.TrimSpace(safe(d.Name)+" "+v.code("1", inParentheses(safe(d.Environment)))))
	}
	about := ", where nothing was ever written"
	if d := f.Document; d != nil {
		about = fmt.Sprintf(", revision %d", d.Revision)
		if d.HandEdited() {
			about += ", " + v.warning("edited by hand since")
		}
	}
	fmt.Fprintf(w, label, "store", safe(f.Store)+about)
	if f.Warning != "" {
		fmt.Fprintf(w, label, "warning", v.warning(safe(f.Warning)))
	}
}

func inParentheses(text string) string {
	if text == "" {
		return ""
	}
	return "(" + text + ")"
}

// headline writes whether the site is down, which instances differ from the store, since when, and
// until when. Only the store says so if not every instance has reported. Nil instances were not read.
func (v view) headline(w io.Writer, f wire.Found, instances *fleet) {
	word, since, doubt, disagreement := v.up("UP"), "", "", ""
	if instances != nil {
		doubt, disagreement = instances.doubt(), instances.Disagreement()
	}
	but := disagreement
	switch f.Word() {
	case wire.Down:
		word, since = v.down("DOWN"), v.since(f)
		if doubt != "" {
			since += "; by the store: " + v.warning(doubt)
		}
	case wire.Unknown:
		word, but = v.warning("UNKNOWN"), ""
	}
	switch {
	case but != "":
		fmt.Fprintf(w, label, "state", word+", but "+v.warning(safe(but)))
		if since != "" {
			fmt.Fprintf(w, label, "", since)
		}
	case since != "":
		fmt.Fprintf(w, label, "state", word+" "+since)
	case f.WentBack != "":
		fmt.Fprintf(w, label, "state", word+": "+v.warning(safe(f.WentBack)))
		if disagreement != "" {
			fmt.Fprintf(w, label, "", v.warning(safe(disagreement)))
		}
	default:
		fmt.Fprintf(w, label, "state", word)
	}
	if f.WentBack == "" {
		return
	}
	if since != "" {
		fmt.Fprintf(w, label, "", v.warning(safe(f.WentBack)))
	}
	fmt.Fprintf(w, label, "", "put the newer document back, or let instances adopt this one: "+v.command("reconcile"))
}

// since is since when the site is down, and until when.
func (v view) since(f wire.Found) string {
	verdict := f.Verdict()
	line := "since " + v.when(verdict.Since, f.Time)
	if verdict.Emergency {
		line += ", " + v.warning("emergency")
	}
	switch {
	case verdict.Until.IsZero():
		return line + ", end unknown"
	case verdict.Overdue(f.Time):
		return line + ", " + v.warning("OVERDUE:") + " was expected until " + v.when(verdict.Until, f.Time)
	}
	return line + ", expected until " + v.when(verdict.Until, f.Time)
}

// when is t by the clock, and relative to now.
func (v view) when(t, now time.Time) string {
	return clock(t, v.loc) + v.faint(" ("+relative(t, now)+")")
}

// period writes a period, its holder, and its end.
func (v view) period(w io.Writer, word string, p period.Period, now time.Time) {
	head := v.code("1", p.ID) + "  " + string(p.Kind)
	if p.Emergency {
		head += ", " + v.warning("emergency")
	}
	if p.Holder != "" {
		head += " of " + safe(p.Holder+jobText(p.Job))
	}
	if by := p.CreatedBy; by != "" && by != p.Holder {
		head += ", made by " + safe(by)
	}
	if !p.Enabled {
		head += ", disabled"
	}
	from := ", from "
	if p.InForce(now) {
		from = ", since "
	}
	fmt.Fprintf(w, label, word, head+from+v.when(p.Start, now))
	fmt.Fprintf(w, label, "", v.until(p, now))
	if hold := p.Hold(); hold > 0 {
		fmt.Fprintf(w, label, "", "new requests wait for up to "+span(hold)+" after an instance has closed")
	}
	for _, line := range reasonLines(p) {
		fmt.Fprintf(w, label, "", line)
	}
}

// until is what ends p: the clock or an operator. An expected end never looks like one that
// opens the site.
func (v view) until(p period.Period, now time.Time) string {
	var parts []string
	if !p.ExpectedEnd.IsZero() {
		overdue := ""
		if p.Overdue(now) {
			overdue = v.warning("overdue:") + " was "
		}
		parts = append(parts, overdue+"expected until "+v.when(p.ExpectedEnd, now))
	}
	switch {
	case p.End.IsZero() && !p.InForce(now):
		parts = append(parts, "until an operator ends it")
	case p.End.IsZero():
		parts = append(parts, "it stays down until `"+v.command("end", p.ID)+"`")
	case p.Kind == period.Deployment:
		parts = append(parts, "it ends by itself at "+v.when(p.End, now))
	default:
		parts = append(parts, "until "+v.when(p.End, now))
	}
	return strings.Join(parts, "; ")
}
