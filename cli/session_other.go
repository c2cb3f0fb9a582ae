//go:build !unix

package cli

import (
	"os"

	"golang.org/x/term"
)

// terminalSession is "" for a process with a terminal. ok is false if there is none: this system
// has no sessions that tell processes apart.
func terminalSession() (name string, ok bool) { return "", term.IsTerminal(int(os.Stdin.Fd())) }
