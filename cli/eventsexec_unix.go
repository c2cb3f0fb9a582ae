//go:build unix

package cli

import (
	"os/exec"
	"syscall"
)

// ofItsOwn gives cmd a process group, so that Ctrl-C does not end it, and its time-out ends its
// children too.
func ofItsOwn(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
