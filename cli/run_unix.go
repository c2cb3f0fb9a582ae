//go:build unix

package cli

import (
	"os"
	"os/exec"
	"syscall"
)

// forwarded are the signals that run passes on to its command.
var forwarded = []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2}

// exitCodeOf is the exit code of a command, as a shell counts it.
func exitCodeOf(failed *exec.ExitError) int {
	if status, ok := failed.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return failed.ExitCode()
}
