package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

// Exit codes. They are stable; docs/command.md describes them.
const (
	ExitDone          = 0
	ExitFailed        = 1   // nothing was changed
	ExitUsage         = 2   // nothing was changed
	ExitNotDrained    = 3   // start, wait: an instance was not drained in time
	ExitNoInstance    = 4   // start, wait: no live instance
	ExitNothingToEnd  = 5   // end: nothing was in force
	ExitStillDown     = 6   // end: another period is in force
	ExitPresumed      = 7   // start, wait: as done, except for instances that are accepted without a report
	ExitUnreported    = 8   // written and confirmed, but the report could not be printed
	ExitUnknown       = 9   // it is not known whether it was written, or what the instances do
	ExitDown          = 10  // status: down on every live instance; check: would be refused
	ExitMixed         = 11  // status, end --wait: a live instance differs from the store
	ExitSuperseded    = 12  // start, wait: another operator ended the period, or made it refuse less
	ExitUnobserved    = 13  // status: an instance is silent, or none reports
	ExitTakenOver     = 122 // run: the site was reopened or taken over meanwhile
	ExitRunStillDown  = 123 // run: another period is in force
	ExitNotReached    = 124 // run: not safe in time, and the command was not run
	ExitRunFailed     = 125 // run: it failed itself
	ExitNotExecutable = 126 // run: the command cannot be executed
	ExitNotFound      = 127 // run: the command was not found
	ExitInterrupted   = 130 // by SIGINT, or by the caller of Main
	ExitTerminated    = 143 // by SIGTERM
)

// interrupted is the exit code after ctx was cancelled. A context of [signal.NotifyContext] names
// the signal.
func interrupted(ctx context.Context) int {
	if cause := context.Cause(ctx); cause != nil && cause.Error() == syscall.SIGTERM.String()+" signal received" {
		return ExitTerminated
	}
	return ExitInterrupted
}

// exitError is an exit code. Its error was printed, if there is one.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// exit is an exit code without a message: stdout says everything. It is nil for 0.
func exit(code int) error {
	if code == ExitDone {
		return nil
	}
	return &exitError{code: code}
}

// usageError is wrong usage.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

func usagef(format string, args ...any) error {
	return &usageError{text: fmt.Sprintf(format, args...)}
}

// ExitCode is the exit code for an error of [Command]'s Execute; 0 for nil.
func ExitCode(err error) int {
	if err == nil {
		return ExitDone
	}
	if e, ok := errors.AsType[*exitError](err); ok {
		return e.code
	}
	return ExitFailed
}

// fail prints err as one line that says what to do, and returns it with its exit code.
func (a *app) fail(cmd *cobra.Command, err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*exitError](err); ok && e.err == nil {
		return err
	}
	code, text := a.explain(cmd, err)
	fmt.Fprintf(cmd.ErrOrStderr(), "%s: %s\n", a.name, safe(oneLine(text)))
	return &exitError{code: code, err: err}
}

// oneLine joins the lines of an error, each once: a driver can repeat one for each attempt.
func oneLine(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return strings.ReplaceAll(strings.Join(lines, "; "), ":; ", ": ")
}
