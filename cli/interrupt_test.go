package cli

import (
	"bufio"
	"os"
	"os/exec"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// background is the background command of a script, and the named pipe that it writes to.
type background struct {
	cmd  *exec.Cmd
	pipe *os.File
	read *bufio.Reader
}

type backgroundKey struct{}

// scriptShows is "shows PIPE TEXT": it waits until a line that holds TEXT has come through
// the named pipe.
func scriptShows(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: shows PIPE TEXT")
	}
	b := ts.Value(backgroundKey{}).(*background)
	if b.pipe == nil {
		pipe, err := os.Open(ts.MkAbs(args[0]))
		ts.Check(err)
		ts.Defer(func() { _ = pipe.Close() })
		b.pipe, b.read = pipe, bufio.NewReader(pipe)
	}
	for {
		line, err := b.read.ReadString('\n')
		if err != nil {
			ts.Fatalf("%s ended before it showed %q: %v", args[0], args[1], err)
		}
		if strings.Contains(line, args[1]) {
			return
		}
	}
}

// scriptInterrupt is "interrupt": it sends an interrupt to the command in the background,
// which "wait" then waits for.
func scriptInterrupt(ts *testscript.TestScript, neg bool, args []string) {
	running := ts.BackgroundCmds()
	if neg || len(args) != 0 || len(running) != 1 {
		ts.Fatalf("usage: interrupt, while one command runs in the background")
	}
	b := ts.Value(backgroundKey{}).(*background)
	b.cmd = running[0]
	ts.Check(b.cmd.Process.Signal(os.Interrupt))
}

// scriptExited is "exited CODE", after "wait": it demands this exit code of the interrupted
// command.
func scriptExited(ts *testscript.TestScript, neg bool, args []string) {
	b := ts.Value(backgroundKey{}).(*background)
	if neg || len(args) != 1 || b.cmd == nil || b.cmd.ProcessState == nil {
		ts.Fatalf("usage: exited CODE, after interrupt and wait")
	}
	if got := strconv.Itoa(b.cmd.ProcessState.ExitCode()); got != args[0] {
		ts.Fatalf("exit code %s, want %s", got, args[0])
	}
	b.cmd, b.pipe, b.read = nil, nil, nil
}
