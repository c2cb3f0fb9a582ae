package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/go-downtime/downtime/internal/wire"
	"github.com/go-downtime/downtime/operator"
)

// writing gives cmd the flags that all commands that write have.
func writing(cmd *cobra.Command) {
	cmd.Flags().String("actor", "", "done by `NAME` (else user@host)")
	cmd.Flags().Bool("dry-run", false, "write nothing, and show what a write would do")
	cmd.Flags().Bool("force", false, "write although a live instance reports that it cannot read the change")
	jsonFlag(cmd, "one JSON object instead of text and RESULT")
}

// written is the report of a command that writes: first says what the command did; then
// comes the state after it, then last, then RESULT.
type written struct {
	res    operator.Result
	result string // after RESULT; "" means up or down, by the state
	code   int

	judgment *operator.Judgment // of the instances, after a wait; nil if the command did not wait

	reconciled  *reconciledJSON
	initialized *bool

	first func()
	last  func()
}

// report prints the report, and returns the exit code as an error.
func (s session) report(ctx context.Context, w written) error {
	s.app.wrote = !isDryRun(s.cmd) && w.res.Before.Mark() != w.res.After.Mark()
	found := wire.Read(s.op.Store, w.res.State())
	var f fleet
	if w.judgment != nil {
		f = fleet{Judgment: *w.judgment}
		if f.Result == operator.Unknown {
			f.rows = errors.New(f.Why)
		}
		if f.Document != nil {
			found = wire.Judged(s.op.Store, f.Judgment)
		}
	} else if f = s.after(ctx, w.res); f.Document.Mark() == w.res.After.Mark() {
		found.WentBack = f.WentBack()
	}
	fleet := f.counts()
	switch {
	case isDryRun(s.cmd):
		w.result = resultDryRun
	case w.result == "":
		w.result = found.Word()
	}
	if w.result == wire.Unknown {
		w.code = ExitUnknown
	}
	if asJSON(s.cmd) {
		if err := writeJSON(s.out, w.json(found, fleet), true); err != nil {
			return err
		}
		return exit(w.code)
	}
	if w.first != nil {
		w.first()
	}
	if w.res.Kept != "" {
		fmt.Fprintf(s.out, label, "kept", "the document that could not be read: "+safe(w.res.Kept))
	}
	s.state(s.out, found, f)
	s.instances(s.out, f)
	if w.last != nil {
		w.last()
	}
	if isDryRun(s.cmd) {
		fmt.Fprintln(s.out, s.warning("nothing was written: this is how it would be"))
	}
	line := []string{resultWord, w.result}
	if w.result == wire.StillDown {
		for _, p := range found.InForce() {
			line = append(line, p.ID)
		}
	}
	fmt.Fprintln(s.out, strings.Join(line, " "))
	return exit(w.code)
}

func (w written) json(found wire.Found, fleet *wire.Counts) resultJSON {
	var barrier *wire.Barrier
	if w.judgment != nil {
		barrier = wire.BarrierOf(*w.judgment)
	}
	j := resultJSON{
		Result:   wire.Result{Result: w.result, State: found.JSON(), Barrier: barrier, Fleet: fleet},
		ExitCode: w.code, Kept: w.res.Kept, Reconciled: w.reconciled, Initialized: w.initialized,
	}
	if w.res.Ended != nil {
		j.Ended = wire.EndedAt(w.res.Ended, found.Time)
	}
	if w.res.Period.ID != "" {
		p := wire.PeriodAt(w.res.Period, found.Time)
		if _, ok := found.Document.Find(p.ID); !ok {
			p.Status = wire.Canceled
		}
		j.Period = &p
	}
	return j
}

// after reads the rows after a write. The result disagrees only with the written document, and
// not with that of a later write.
func (s session) after(ctx context.Context, res operator.Result) fleet {
	ctx, cancel := context.WithTimeout(ctx, fleetTimeout)
	defer cancel()
	f, err := s.fleet(ctx)
	f.rows = err
	if f.Document.Mark() != res.After.Mark() {
		for n := range f.Instances {
			f.Instances[n].Disagrees = ""
		}
	}
	f.Judgment = f.Settled()
	return f
}

// instances writes how many instances there are; nothing if the store keeps no rows.
func (v view) instances(w io.Writer, f fleet) {
	c := f.counts()
	if c == nil {
		return
	}
	var text string
	switch {
	case c.Error != "":
		text = v.warning("not known: ") + safe(c.Error)
	case c.Instances == 0:
		text = v.warning("no instance has reported to this store:") + " " + v.command("fleet")
	default:
		text = v.sum(f) + ": " + v.command("fleet")
	}
	fmt.Fprintf(w, label, "fleet", text)
	if names := f.untold(); len(names) > 0 {
		fmt.Fprintf(w, label, "events", v.warning("not delivered to "+safe(strings.Join(names, ", "))+":")+" no process follows: "+v.command("events", "followers"))
	}
}

// given is a pointer to the value if the flag was given, else nil: "" and false can be
// meant.
func given[T any](cmd *cobra.Command, flag string, value *T) *T {
	if cmd.Flags().Changed(flag) {
		return value
	}
	return nil
}

// count is how many of the facts are true.
func count(facts ...bool) int {
	n := 0
	for _, f := range facts {
		if f {
			n++
		}
	}
	return n
}
