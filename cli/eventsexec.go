package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/go-downtime/downtime/events"
)

const (
	execAttempts = 10
	execTimeout  = 30 * time.Second
	execDelay    = time.Second // for the output of a program that was ended
)

// eventProgram is the program of --exec.
type eventProgram struct {
	path   string
	args   []string
	env    []string // besides that of this process
	output io.Writer
}

func newEventProgram(name string, args []string, output io.Writer) (eventProgram, error) {
	path, err := exec.LookPath(name)
	if errors.Is(err, exec.ErrDot) {
		return eventProgram{}, usagef("--exec: %v: say ./%s", err, name)
	}
	if err != nil {
		return eventProgram{}, usagef("--exec: %v", err)
	}
	return eventProgram{path: path, args: append([]string{name}, args...), output: output}, nil
}

// deliver starts the program for one event.
func (p eventProgram) deliver(ctx context.Context, e events.Event) error {
	ctx, cancel := context.WithTimeout(ctx, execTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, p.path) //nolint:gosec // the operator's own program
	cmd.Args = p.args
	cmd.Env = append(append(os.Environ(), p.env...),
		"DOWNTIME_EVENT="+string(e.Event),
		"DOWNTIME_EVENT_KEY="+e.Key,
		"DOWNTIME_EVENT_TEXT="+strings.ReplaceAll(e.Text, "\x00", ""),
		"DOWNTIME_EVENT_PERIOD="+e.PeriodID,
		"DOWNTIME_EVENT_AT="+e.At.UTC().Format(time.RFC3339),
	)
	cmd.Stdin = bytes.NewReader(append(e.Encode(), '\n'))
	cmd.Stdout, cmd.Stderr = p.output, p.output
	cmd.WaitDelay = execDelay
	ofItsOwn(cmd)
	err := cmd.Run()
	failed, _ := errors.AsType[*exec.ExitError](err)
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("%s ran for more than %s, and was ended", p.args[0], span(execTimeout))
	case failed != nil:
		return fmt.Errorf("%s: %w", p.args[0], err)
	case errors.Is(err, exec.ErrWaitDelay):
		return nil // the program has succeeded, and left a process with its output
	}
	return err
}
