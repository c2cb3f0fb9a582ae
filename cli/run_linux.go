package cli

import (
	"os/exec"
	"syscall"
)

// endWithParent lets the system end cmd with SIGTERM if this process is killed.
func endWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
}
