package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/go-downtime/downtime/core"
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

// state is a document at an instant, and the store that it came from.
type state struct {
	store string
	app   string         // "" where the store has no name for it
	doc   *core.Document // nil: nothing was ever written
	now   time.Time
	seen  *seen // nil: nobody looked, or the store keeps no rows
}

// found is what a read of st found.
func found(st core.Store, read core.State) state {
	return state{store: st.String(), app: application(st), doc: read.Document, now: read.Time.UTC()}
}

func (s state) periods() []core.Period {
	if s.doc == nil {
		return nil
	}
	return s.doc.Periods
}

func (s state) verdict() core.Verdict { return core.Judge(s.periods(), s.now) }

// upcoming are the windows that are to come, the next one first.
func (s state) upcoming() []core.Period {
	out := []core.Period{}
	for _, p := range s.periods() {
		if statusOf(p, s.now) == upcoming {
			out = append(out, p)
		}
	}
	slices.SortStableFunc(out, func(x, y core.Period) int { return x.Start.Compare(y.Start) })
	return out
}

// What a period is at an instant.
const (
	inForce  = "in-force"
	upcoming = "upcoming"
	disabled = "disabled"
	finished = "finished"

	// Of what a command has removed.
	ended     = "ended"
	cancelled = "cancelled"
)

func statusOf(p core.Period, now time.Time) string {
	switch {
	case p.InForce(now):
		return inForce
	case p.Finished(now):
		return finished
	case !p.Enabled:
		return disabled
	}
	return upcoming
}

const label = "%-10s %s\n"

// state writes how things stand: a headline, what holds the site down, what is to come,
// and what the store is.
func (v view) state(w io.Writer, s state) {
	fmt.Fprintf(w, label, "state", v.headline(s))
	for _, p := range s.doc.InForce(s.now) {
		v.period(w, "because", p, s.now)
	}
	for _, p := range s.upcoming() {
		v.period(w, "coming", p, s.now)
	}
	v.store(w, s)
}

func (v view) store(w io.Writer, s state) {
	if s.app != "" {
		fmt.Fprintf(w, label, "app", safe(s.app))
	}
	about := safe(s.store)
	switch {
	case s.doc == nil:
		about += ", where nothing was ever written"
	case s.doc.HandEdited():
		about += fmt.Sprintf(", revision %d, %s", s.doc.Revision, v.warning("edited by hand since"))
	default:
		about += fmt.Sprintf(", revision %d", s.doc.Revision)
	}
	fmt.Fprintf(w, label, "store", about)
}

// headline is whether the site is down, since when, and what is said about the end.
func (v view) headline(s state) string {
	verdict := s.verdict()
	if !verdict.Down {
		return v.up("UP")
	}
	line := v.down("DOWN") + " since " + v.when(verdict.Since, s.now)
	if verdict.Emergency {
		line += ", " + v.warning("emergency")
	}
	switch {
	case verdict.Until.IsZero():
		return line + ", end unknown"
	case verdict.Overdue(s.now):
		return line + ", " + v.warning("OVERDUE:") + " was expected until " + v.when(verdict.Until, s.now)
	}
	return line + ", expected until " + v.when(verdict.Until, s.now)
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
