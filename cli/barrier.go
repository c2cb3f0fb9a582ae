package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/go-downtime/downtime/internal/wire"
	"github.com/go-downtime/downtime/operator"
)

const (
	defaultWait   = time.Minute
	defaultSilent = "5m"
	mostWaiting   = 10                     // instances that are shown while a command waits
	quietAtFirst  = 300 * time.Millisecond // an idle fleet drains within this time, and nothing is shown
)

// waiting holds the flags of a command that waits for the barrier.
type waiting struct {
	limit  durationFlag
	none   bool
	expect int
	accept durationFlag
}

// flags gives f the flags of w. optional adds --no-wait.
func (w *waiting) flags(f *pflag.FlagSet, optional bool) {
	w.limit = durationFlag(defaultWait)
	f.Var(&w.limit, "wait", "how long to wait until every instance is drained")
	if optional {
		f.BoolVar(&w.none, "no-wait", false, "do not wait for any instance")
	}
	f.IntVar(&w.expect, "expect", 0, "at least `N` processes must have drained; 0: none runs yet, as before a first deployment")
	f.Var(&w.accept, "accept-silent", "accept instances that were silent for this time before the write; without a value "+defaultSilent)
	f.Lookup("accept-silent").NoOptDefVal = defaultSilent
}

// check returns wrong usage of the flags.
func (w *waiting) check(f *pflag.FlagSet) error {
	for _, name := range []string{"wait", "expect", "accept-silent"} {
		if w.none && f.Changed(name) {
			return usagef("--no-wait and --%s: say one of them", name)
		}
	}
	if w.expect < 0 {
		return usagef("--expect: want 0 or more, not %d", w.expect)
	}
	return nil
}

// apply adds what the flags say to b.
func (w *waiting) apply(f *pflag.FlagSet, b operator.Barrier) operator.Barrier {
	if f.Changed("expect") {
		b.Expect = &w.expect
	}
	b.AcceptSilent = w.accept.duration()
	return b
}

// await waits for the barrier, and shows which instances it waits for. An interruption is an error
// that says how to go on.
func (s session) await(b operator.Barrier, limit time.Duration) (operator.Judgment, error) {
	progress := s.progress(b.Confirmed)
	j, err := s.op.Wait(s.cmd.Context(), b, operator.WaitOptions{Limit: limit, Progress: progress.show})
	progress.clear()
	switch {
	case errors.Is(err, operator.ErrNoRows):
		return operator.Judgment{Result: operator.Unknown, Why: err.Error() + ", so it cannot be known what they do"}, nil
	case err != nil:
		text := fmt.Sprintf("interrupted while waiting for instances: the site stays down: %s, or %s",
			s.command("wait", b.Period.ID), s.command("end", b.Period.ID))
		return j, &exitError{interrupted(s.cmd.Context()), errors.New(text)}
	}
	return j, nil
}

// awaitAdoption waits until the live instances have adopted the write of res.
func (s session) awaitAdoption(res operator.Result, limit time.Duration) (operator.Judgment, error) {
	progress := s.progress(res.Time)
	progress.of = func(j operator.Judgment) []operator.Instance { return j.Lagging(res) }
	j, err := s.op.WaitAdopted(s.cmd.Context(), res, operator.WaitOptions{Limit: limit, Progress: progress.show})
	progress.clear()
	if err != nil && !errors.Is(err, operator.ErrNoRows) {
		return j, &exitError{interrupted(s.cmd.Context()), errors.New("interrupted while waiting for instances: the write is done: " + s.command("fleet"))}
	}
	return j, err
}

// barrierCode is the exit code of a result.
func barrierCode(j operator.Judgment, b operator.Barrier) int {
	if j.Reached(b) {
		return ExitDone
	}
	return cmp.Or(map[operator.Safety]int{
		operator.Presumed: ExitPresumed, operator.NotDrained: ExitNotDrained, operator.NoInstance: ExitNoInstance, operator.Superseded: ExitSuperseded,
	}[j.Result], ExitUnknown)
}

// verdict writes the result, the instances that it is about, and what to do.
func (s session) verdict(j operator.Judgment, b operator.Barrier) {
	word := s.warning(safe(j.Summary()))
	if j.Reached(b) {
		word = s.up(safe(j.Summary()))
	}
	if !j.Until.IsZero() && (j.Result == operator.Safe || j.Result == operator.Presumed) {
		word += ", until " + s.when(j.Until, j.Time)
	}
	fmt.Fprintf(s.out, label, "barrier", word)
	holdouts := j.Holdouts()
	for _, part := range [][]operator.Instance{holdouts, j.Accepted()} {
		for _, i := range part[:min(len(part), mostWaiting)] {
			fmt.Fprintf(s.out, label, "", s.part(i, j.Time))
		}
		if more := len(part) - mostWaiting; more > 0 {
			fmt.Fprintf(s.out, label, "", fmt.Sprintf("and %d more: %s", more, s.command("fleet")))
		}
	}
	switch j.Result {
	case operator.NoInstance:
		if b.Expect == nil || *b.Expect != 0 {
			fmt.Fprintf(s.out, label, "", "if none runs yet, as before a first deployment, say --expect 0; else look at the store of the instances")
		}
	case operator.NotDrained, operator.Unknown:
		silent := slices.DeleteFunc(holdouts, func(i operator.Instance) bool { return !i.Silent() || i.Vanished || i.Lease.After(j.Time) })
		for _, i := range silent[:min(len(silent), mostNamed)] {
			fmt.Fprintf(s.out, label, "if dead", s.command("fleet", "forget", i.ID))
		}
		fmt.Fprintf(s.out, label, "wait on", s.command("wait", b.Period.ID))
	}
}

// part describes an instance that is not known to have drained.
func (v view) part(i operator.Instance, now time.Time) string {
	text := instanceName(i) + " " + safe(i.Why)
	if i.Silent() && !i.Lease.IsZero() && i.Lease.Before(now) {
		text += ", since " + v.when(i.Lease, now)
	}
	return text + load(i)
}

// load is the requests and streams of an instance, as it reported them last.
func load(i operator.Instance) string {
	var parts []string
	if i.InFlight > 0 {
		parts = append(parts, counted(i.InFlight, "request"))
	}
	if i.Bypassed > 0 {
		parts = append(parts, counted(i.Bypassed, "bypassed request"))
	}
	if len(i.Streams) > 0 {
		var n int64
		for _, running := range i.Streams {
			n += running
		}
		parts = append(parts, counted(n, "stream")+" ("+safe(wire.Streams(i))+")")
	}
	if len(parts) == 0 {
		return ""
	}
	return ": " + strings.Join(parts, ", ")
}

// progress shows which instances a command waits for: on a terminal redrawn in place, else a line
// for each change. With --json it shows nothing.
type progress struct {
	session

	of     func(j operator.Judgment) []operator.Instance
	since  time.Time // of the write, by the store's clock
	begun  time.Time
	redraw bool
	quiet  bool

	lines int               // that are drawn
	told  map[string]string // the text of each instance
	named map[string]string
	why   string
}

func (s session) progress(since time.Time) *progress {
	return &progress{
		session: s, of: operator.Judgment.Holdouts, since: since, begun: time.Now(), redraw: isTerminal(s.out), quiet: asJSON(s.cmd),
		told: map[string]string{}, named: map[string]string{},
	}
}

// show shows a judgment.
func (p *progress) show(j operator.Judgment) {
	if p.quiet || time.Since(p.begun) < quietAtFirst {
		return
	}
	lasted := ""
	if d := j.Time.Sub(p.since); !p.since.IsZero() && d >= time.Second {
		lasted = ", for " + span(d)
	}
	var lines []string
	if j.Why != "" && j.Why != p.why || p.redraw && j.Why != "" {
		lines = append(lines, fmt.Sprintf(label, "waiting", safe(j.Why)))
	}
	p.why = j.Why
	holdouts, now := p.of(j), map[string]string{}
	for n, i := range holdouts {
		why := i.Why
		if i.Part != operator.Holdout {
			why = j.Why
		}
		text := instanceName(i) + " " + safe(cmp.Or(why, "has not adopted the write")) + load(i)
		now[i.ID], p.named[i.ID] = text, instanceName(i)
		if p.redraw && n == mostWaiting {
			lines = append(lines, fmt.Sprintf(label, "", fmt.Sprintf("and %d more", len(holdouts)-n)))
		}
		if p.redraw && n < mostWaiting || !p.redraw && p.told[i.ID] != text {
			lines = append(lines, fmt.Sprintf(label, "waiting", text+lasted))
		}
	}
	if !p.redraw && j.Result != operator.Unknown {
		for _, i := range j.Instances {
			if _, was := p.told[i.ID]; was && now[i.ID] == "" {
				lines = append(lines, fmt.Sprintf(label, "done", p.named[i.ID]+lasted))
			}
		}
	}
	if j.Result != operator.Unknown {
		p.told = now
	}
	p.draw(lines)
}

// draw writes the lines. On a terminal it replaces those that were drawn before.
func (p *progress) draw(lines []string) {
	var text strings.Builder
	if p.redraw {
		if p.lines > 0 {
			fmt.Fprintf(&text, "\x1b[%dA\x1b[J", p.lines)
		}
		width := widthOf(p.out)
		for n, line := range lines {
			if width >= leastWidth { // one line each, so that it is known how many to replace
				lines[n] = shorten(strings.TrimSuffix(line, "\n"), width-1) + "\n"
			}
		}
		p.lines = len(lines)
	}
	text.WriteString(strings.Join(lines, ""))
	if text.Len() > 0 {
		_, _ = io.WriteString(p.out, text.String()) // the writer below keeps the error
	}
}

// clear removes what is drawn on a terminal.
func (p *progress) clear() {
	if p.redraw {
		p.draw(nil)
	}
}

func (a *app) waitCommand() *cobra.Command {
	var o waiting
	cmd := a.newCommand("wait", "wait ID [flags]", a.args(1, 1))
	cmd.ValidArgsFunction = a.completeIDs(func(string) bool { return true })
	o.flags(cmd.Flags(), false)
	jsonFlag(cmd, "one JSON object instead of text and RESULT")
	return a.finish(cmd, func(cmd *cobra.Command, args []string) error {
		if err := o.check(cmd.Flags()); err != nil {
			return err
		}
		return a.onStore(cmd, func(ctx context.Context, s session) error {
			state, err := s.op.Read(ctx)
			if err != nil {
				return err
			}
			p, ok := state.Document.Find(args[0])
			switch {
			case !ok:
				return fmt.Errorf("%q: %w", args[0], operator.ErrNotFound)
			case !p.InForce(state.Time):
				why := "is not in force"
				if p.Enabled && p.Start.After(state.Time) {
					why = "is not due: it begins at " + clock(p.Start, s.loc)
				}
				return usagef("%s %s: see %s", p.ID, why, s.command("list"))
			}
			b := o.apply(cmd.Flags(), operator.Barrier{Period: p, Mark: state.Document.Mark(), Read: p.Start, Confirmed: state.Time})
			res := operator.Result{Period: p, Before: state.Document, After: state.Document, Time: state.Time}
			return s.barrier(ctx, written{res: res}, b, o.limit.duration())
		})
	})
}

// barrier waits for b, and reports w with the result.
func (s session) barrier(ctx context.Context, w written, b operator.Barrier, limit time.Duration) error {
	if w.first != nil && !asJSON(s.cmd) {
		w.first()
		w.first = nil
	}
	j, err := s.await(b, limit)
	if err != nil {
		return err
	}
	w.judgment, w.result, w.code = &j, string(j.Result), barrierCode(j, b)
	w.last = func() {
		s.verdict(j, b)
		if j.Result != operator.Superseded && j.Result != operator.Unknown {
			fmt.Fprintf(s.out, label, "reopen", s.command("end", b.Period.ID))
		}
	}
	return s.report(ctx, w)
}
