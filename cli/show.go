package cli

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/core/wire"
)

// view is how a person sees a state: in which zone, with which colours, and by which
// command lines to go on.
type view struct {
	paint
	loc     *time.Location
	command func(words ...string) string
}

func (a *app) view(cmd *cobra.Command) (view, error) {
	loc, err := a.location()
	if err != nil {
		return view{}, err
	}
	return view{
		paint: a.painter(cmd.OutOrStdout()), loc: loc,
		command: func(words ...string) string { return a.command(cmd, words...) },
	}, nil
}

// state is what a read of a store found, and which instances there are to it.
type state struct {
	wire.Found

	seen *seen // nil: nobody looked, or the store keeps no rows
}

// found is what a read of st found.
func found(st core.Store, read core.State) state {
	f := wire.Read(st, read)
	f.Application = application(st)
	return state{Found: f}
}

const label = "%-10s %s\n"

// state writes how things stand: a headline, what holds the site down, what is to come,
// and what the store is.
func (v view) state(w io.Writer, s state) {
	fmt.Fprintf(w, label, "state", v.headline(s))
	for _, p := range s.Document.InForce(s.Time) {
		v.period(w, "because", p, s.Time)
	}
	for _, p := range s.Upcoming() {
		v.period(w, "coming", p, s.Time)
	}
	v.store(w, s)
}

func (v view) store(w io.Writer, s state) {
	if s.Application != "" {
		fmt.Fprintf(w, label, "app", safe(s.Application))
	}
	about := safe(s.Store)
	switch {
	case s.Document == nil:
		about += ", where nothing was ever written"
	case s.Document.HandEdited():
		about += fmt.Sprintf(", revision %d, %s", s.Document.Revision, v.warning("edited by hand since"))
	default:
		about += fmt.Sprintf(", revision %d", s.Document.Revision)
	}
	fmt.Fprintf(w, label, "store", about)
}

// headline is whether the site is down, since when, and what is said about the end.
func (v view) headline(s state) string {
	verdict := s.Verdict()
	if !verdict.Down {
		return v.up("UP")
	}
	line := v.down("DOWN") + " since " + v.when(verdict.Since, s.Time)
	if verdict.Emergency {
		line += ", " + v.warning("emergency")
	}
	switch {
	case verdict.Until.IsZero():
		return line + ", end unknown"
	case verdict.Overdue(s.Time):
		return line + ", " + v.warning("OVERDUE:") + " was expected until " + v.when(verdict.Until, s.Time)
	}
	return line + ", expected until " + v.when(verdict.Until, s.Time)
}

// when is t by the clock, and as seen from now.
func (v view) when(t, now time.Time) string {
	return clock(t, v.loc) + v.faint(" ("+relative(t, now)+")")
}

// period writes what p is, who holds it, and when it ends.
func (v view) period(w io.Writer, word string, p core.Period, now time.Time) {
	head := v.code("1", p.ID) + "  " + string(p.Kind)
	if p.Emergency {
		head += ", " + v.warning("emergency")
	}
	if p.Holder != "" {
		head += " of " + safe(p.Holder)
	}
	if by := p.CreatedBy; by != "" && by != p.Holder {
		head += ", made by " + safe(by)
	}
	if !p.Enabled {
		head += ", disabled"
	}
	fmt.Fprintf(w, label, word, head+", "+v.from(p, now))
	fmt.Fprintf(w, label, "", v.until(p, now))
	if p.Reason != "" {
		fmt.Fprintf(w, label, "", "reason: "+safe(p.Reason))
	}
}

func (v view) from(p core.Period, now time.Time) string {
	if p.InForce(now) {
		return "since " + v.when(p.Start, now)
	}
	return "from " + v.when(p.Start, now)
}

// until is what ends p: a clock, or somebody. It never lets an expected end look like one
// that opens the site.
func (v view) until(p core.Period, now time.Time) string {
	var parts []string
	if !p.ExpectedEnd.IsZero() {
		if p.Overdue(now) {
			parts = append(parts, v.warning("overdue:")+" was expected until "+v.when(p.ExpectedEnd, now))
		} else {
			parts = append(parts, "expected until "+v.when(p.ExpectedEnd, now))
		}
	}
	switch {
	case p.End.IsZero() && !p.InForce(now):
		parts = append(parts, "until somebody ends it")
	case p.End.IsZero():
		parts = append(parts, "it stays down until `"+v.command("end", p.ID)+"`")
	case p.Kind == core.Deployment:
		parts = append(parts, "it ends by itself at "+v.when(p.End, now))
	default:
		parts = append(parts, "until "+v.when(p.End, now))
	}
	return strings.Join(parts, "; ")
}
