//go:build unix

package filestore

import "syscall"

// die ends this process as kill -9 does: nothing deferred runs.
func die() error { return syscall.Kill(syscall.Getpid(), syscall.SIGKILL) }
