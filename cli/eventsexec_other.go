//go:build !unix

package cli

import "os/exec"

// ofItsOwn does nothing: this system has no process groups.
func ofItsOwn(*exec.Cmd) {}
