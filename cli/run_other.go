//go:build !unix

package cli

import (
	"os"
	"os/exec"
)

// forwarded are the signals that run passes on to its command.
var forwarded = []os.Signal{os.Interrupt}

func exitCodeOf(failed *exec.ExitError) int { return failed.ExitCode() }
