package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
)

// advice tells an operator how to react to an error, with a command line to copy; "" if there is
// none.
func (a *app) advice(cmd *cobra.Command, code operator.Code) string {
	line := func(words ...string) string { return a.command(cmd, words...) }
	switch code {
	case operator.CodeUnconfirmed:
		return "look before you do it again: " + line("status")
	case operator.CodeLost:
		return "instances keep its state; restore it, or begin a new, empty one: " + line("end", "--all")
	case operator.CodeReadOnly:
		return "make the change where the store can be written"
	case operator.CodeStale:
		return "look, and do it again: " + line("list")
	case operator.CodeNotFound:
		if cmd.Flags().NArg() > 0 { // the ID of a period
			return "see " + line("list")
		}
	case operator.CodeInForce:
		return line("end", cmd.Flags().Arg(0))
	case operator.CodeNotInForce:
		return line("cancel", cmd.Flags().Arg(0))
	case operator.CodeNotReadableByAll:
		return "upgrade it first, or write it anyway with --force"
	}
	return ""
}

// explain is the exit code of err, and its text with what to do about it.
func (a *app) explain(cmd *cobra.Command, err error) (code int, text string) {
	text = err.Error()
	if e, ok := errors.AsType[*exitError](err); ok {
		return e.code, text
	}
	if _, ok := errors.AsType[*usageError](err); ok {
		return ExitUsage, text
	}
	fault := operator.Explain(err)
	if wrong := a.flagFaults(cmd, fault.Fields); wrong != "" {
		return ExitUsage, wrong
	}
	advice := a.advice(cmd, fault.Code)
	// The error of the store may contain this sentence.
	if fault.Code == operator.CodeLost && (strings.Contains(text, "end --all") || strings.Contains(text, "downtime init")) ||
		fault.Code == operator.CodeReadOnly && (strings.Contains(text, "chmod ") || strings.Contains(text, "mount its directory")) {
		advice = ""
	}
	if advice != "" {
		text += ": " + advice
	}
	ctx := cmd.Context()
	switch {
	case ctx != nil && ctx.Err() != nil && errors.Is(err, context.Canceled):
		return interrupted(ctx), "interrupted: " + text
	case fault.Code == operator.CodeUnconfirmed:
		return ExitUnknown, text
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		text += fmt.Sprintf(": the store did not answer within %s (--timeout)", a.timeout.String())
	}
	return ExitFailed, text
}

// flags names the flag of a field of the options. Fields of a document in a store, such as
// "periods[3].end" and "revision", are not in it: no flag is at fault.
var flags = map[string]string{
	"store": "--store", "id": "ID", "holder": "--holder", "actor": "--actor", "created_by": "--actor", "updated_by": "--actor",
	"reason": "--reason", "end": "--until", "expected_end": "--until", "end_after": "--for", "expected_after": "--for",
	"start": "--start", "enabled": "--disable", "above": "--above", "replaces": "--replaces",
	"ExemptPaths": "--exempt-path", "ExemptExact": "--exempt-exact", "RedirectURL": "--redirect",
}

// flagFaults is the text of the faults that come from flags of cmd, by the names of the flags
// that were given; "" if there is none.
func (a *app) flagFaults(cmd *cobra.Command, faults []*period.FieldError) string {
	var texts []string
	for _, f := range faults {
		field, _, _ := strings.Cut(f.Field, "[")
		name := flags[field]
		if name == "" {
			continue
		}
		switch {
		case name == "--store" && a.url == "":
			name = envStore
		case name == "--holder" && !cmd.Flags().Changed("holder"):
			name = "--actor" // whose name the holder has
		}
		of := *f
		of.Field = name
		// edit makes the end from --for.
		if given := cmd.Flags().Lookup("for"); name == "--until" && given != nil && given.Changed {
			of = period.FieldError{Field: "--for", Value: given.Value, Problem: fmt.Sprintf("ends at %v: %s", f.Value, f.Problem)}
		}
		if text := of.Error(); !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
	}
	return strings.Join(texts, "; ")
}
