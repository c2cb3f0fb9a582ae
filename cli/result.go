package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/core/wire"
)

// Words after RESULT.
const (
	resultUp        = wire.Up
	resultDown      = wire.Down
	resultStillDown = wire.StillDown
)

// written is what a command that writes has to say: first says what it did, in its own
// words; then comes the state after it, then what last says, then RESULT.
type written struct {
	result string // "": up or down, by the state
	code   int
	period *core.Period
	ended  []core.Period

	reconciled  *reconciledJSON
	initialised *bool

	first func()
	last  func()
}

// stateOf is the state after a write, or the one that was found where nothing was written,
// and which instances there are to it.
func stateOf(ctx context.Context, st core.Store, res core.Result) state {
	s := found(st, core.State{Document: res.After, Time: res.Time})
	s.seen = look(ctx, st)
	return s
}

// report prints what was done, in the form that was asked for, and returns the exit code
// as an error.
func (a *app) report(cmd *cobra.Command, v view, s state, r written) error {
	out := cmd.OutOrStdout()
	if r.result == "" {
		r.result = resultUp
		if s.Verdict().Down {
			r.result = resultDown
		}
	}
	if isDryRun(cmd) {
		r.result = resultDryRun
	}
	if asJSON, _ := cmd.Flags().GetBool("json"); asJSON {
		j := resultJSON{
			Result:   wire.Result{Result: r.result, State: s.State(), Fleet: s.seen.json()},
			ExitCode: r.code, Reconciled: r.reconciled, Initialised: r.initialised,
		}
		if r.ended != nil {
			j.Ended = wire.EndedAt(r.ended, s.Time)
		}
		if r.period != nil {
			p := wire.PeriodAt(*r.period, s.Time)
			if _, ok := s.Document.Find(p.ID); !ok {
				p.Status = wire.Cancelled
			}
			j.Period = &p
		}
		if err := writeJSON(out, j, true); err != nil {
			return err
		}
	} else {
		if r.first != nil {
			r.first()
		}
		v.state(out, s)
		v.seen(out, s)
		if r.last != nil {
			r.last()
		}
		if isDryRun(cmd) {
			fmt.Fprintf(out, label, "dry run", v.warning("nothing was written: this is how it would be"))
		}
		line := []string{"RESULT", r.result}
		if r.result == resultStillDown {
			for _, p := range s.Document.InForce(s.Time) {
				line = append(line, p.ID)
			}
		}
		fmt.Fprintln(out, strings.Join(line, " "))
	}
	if r.code != ExitDone {
		return exit(r.code)
	}
	return nil
}

// writing gives cmd the flags that all commands that write have.
func writing(cmd *cobra.Command) {
	cmd.Flags().Bool("dry-run", false, "write nothing, and say what would be")
	cmd.Flags().Bool("json", false, "one JSON object instead of text and RESULT")
}

// actorFlag gives cmd --actor.
func actorFlag(cmd *cobra.Command) *string {
	return cmd.Flags().String("actor", "", "done by `NAME` (else user@host)")
}

func orDefaultActor(actor string) string {
	if actor == "" {
		return defaultActor()
	}
	return actor
}

// given is a pointer to the value if the flag was given, else nil: "" and false can be
// meant.
func given[T any](cmd *cobra.Command, flag string, value *T) *T {
	if !cmd.Flags().Changed(flag) {
		return nil
	}
	return value
}

// completeIDs completes the ids of periods, of those that want likes.
func (a *app) completeIDs(want func(status string) bool) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		var out []cobra.Completion
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		err := a.onStore(cmd, func(ctx context.Context, st core.Store) error {
			read, err := st.Load(ctx, core.Mark{})
			if err != nil {
				return err
			}
			s := found(st, read)
			for _, p := range s.Periods() {
				if status := wire.StatusOf(p, s.Time); want(status) {
					out = append(out, cobra.CompletionWithDesc(p.ID, status+" "+safe(shorten(p.Reason, 40))))
				}
			}
			return nil
		})
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		return out, cobra.ShellCompDirectiveNoFileComp
	}
}
