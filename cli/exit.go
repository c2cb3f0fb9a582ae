package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/go-downtime/downtime/core"
)

// Exit codes. They are stable; docs/command.md describes them.
const (
	ExitDone         = 0
	ExitFailed       = 1
	ExitUsage        = 2
	ExitNothingToEnd = 5
	ExitStillDown    = 6
	ExitDown         = 10
	ExitInterrupted  = 130
)

// exitError is an error that was printed, if there was anything to print.
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

// exit is an exit code without a message: what there is to say was said on stdout.
func exit(code int) error { return &exitError{code: code} }

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
	if e, ok := errors.AsType[*exitError](err); ok && e.err == nil {
		return err
	}
	code, text := a.explain(cmd, err)
	text = safe(strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r == '\n' }), "; "))
	fmt.Fprintf(cmd.ErrOrStderr(), "%s: %s\n", a.name, text)
	return &exitError{code: code, err: err}
}

// explain is the exit code of err, and its text with what to do.
func (a *app) explain(cmd *cobra.Command, err error) (code int, text string) {
	text = err.Error()
	if e, ok := errors.AsType[*exitError](err); ok {
		return e.code, text
	}
	var usage *usageError
	switch {
	case errors.As(err, &usage):
		return ExitUsage, text
	case flagOf(cmd, err) != "":
		return ExitUsage, flagOf(cmd, err)
	case errors.Is(err, core.ErrUnconfirmed):
		text += ": look before you do it again: " + a.command(cmd, "status")
	case errors.Is(err, core.ErrLost):
		if !strings.Contains(text, "end --all") && !strings.Contains(text, "downtime init") { // stores may say so themselves
			text += ": what it held down stays down; restore it, or begin anew with an empty one: " + a.command(cmd, "end", "--all")
		}
	case errors.Is(err, core.ErrReadOnly):
		text += ": change it where it comes from"
	case errors.Is(err, core.ErrConflict):
		text += ": look, and do it again: " + a.command(cmd, "list")
	case errors.Is(err, core.ErrNotFound):
		text += ": see " + a.command(cmd, "list")
	}
	ctx := cmd.Context()
	switch {
	case ctx != nil && ctx.Err() != nil && errors.Is(err, context.Canceled):
		return ExitInterrupted, "interrupted: " + text
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		text += fmt.Sprintf(": the store did not answer within %s (--timeout)", a.timeout.String())
	}
	return ExitFailed, text
}

// flags says which flag a field of core's comes from. Fields of a document in a store
// ("periods[3].end", "revision") are not in it: they are nobody's wrong usage.
var flags = map[string]string{
	"store": "--store", "id": "ID", "holder": "--holder", "actor": "--actor", "created_by": "--actor", "updated_by": "--actor",
	"reason": "--reason", "for": "--for", "until": "--until", "end": "--until", "expected_end": "--until",
	"auto_end": "--auto-end", "start": "--start", "enabled": "--disable", "above": "--above",
	"ExemptPaths": "--exempt-path", "ExemptExact": "--exempt-exact", "RedirectURL": "--redirect",
	"environment variable DOWNTIME": "environment variable DOWNTIME",
}

// flagOf is the text of the faults in err that come from flags of cmd, by their flags'
// names; "" if none does.
func flagOf(cmd *cobra.Command, err error) string {
	var texts []string
	var walk func(err error)
	walk = func(err error) {
		switch e := err.(type) { //nolint:errorlint // it walks the tree itself
		case *core.FieldError:
			field, _, _ := strings.Cut(e.Field, "[")
			if flag := flags[field]; flag != "" {
				of := *e
				of.Field = flag
				if f := cmd.Flags().Lookup("for"); flag == "--until" && f != nil && f.Changed { // edit has made the end from it
					of = core.FieldError{Field: "--for", Value: f.Value, Problem: fmt.Sprintf("ends at %v: %s", e.Value, e.Problem)}
				}
				texts = append(texts, of.Error())
			}
		case interface{ Unwrap() []error }:
			for _, err := range e.Unwrap() {
				walk(err)
			}
		case interface{ Unwrap() error }:
			walk(e.Unwrap())
		}
	}
	walk(err)
	return strings.Join(texts, "; ")
}
