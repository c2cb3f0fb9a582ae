//go:build unix

package testservers

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

const supported = true

// Signals that suspend a process and resume it.
var (
	freeze os.Signal = syscall.SIGSTOP
	thaw   os.Signal = syscall.SIGCONT
)

// Signals that ask a server to end.
var (
	quitFast os.Signal = syscall.SIGINT
	quit     os.Signal = syscall.SIGTERM
)

// account is the user that a server runs as. Nil is the user of the test.
type account struct{ uid, gid uint32 }

// unprivileged returns the account of a server if the test runs as root: the one with this name or, if
// that does not exist, the account "nobody". It returns nil if the test does not run as root, and for
// the name "".
func unprivileged(name string) (*account, error) {
	if os.Geteuid() != 0 || name == "" {
		return nil, nil
	}
	for _, name := range []string{name, "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, errUID := strconv.ParseUint(u.Uid, 10, 32)
		gid, errGID := strconv.ParseUint(u.Gid, 10, 32)
		if err := errors.Join(errUID, errGID); err != nil {
			return nil, fmt.Errorf("user %s: %w", name, err)
		}
		return &account{uid: uint32(uid), gid: uint32(gid)}, nil
	}
	return nil, fmt.Errorf("this server refuses to run as root, and neither account exists: %q, \"nobody\"", name)
}

// own makes a the owner of a file or directory.
func (a *account) own(path string) error {
	if a == nil {
		return nil
	}
	return os.Chown(path, int(a.uid), int(a.gid))
}

func (a *account) attributes() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true} // an interrupt from the terminal goes to the test only
	if a != nil {
		attr.Credential = &syscall.Credential{Uid: a.uid, Gid: a.gid}
	}
	endWithParent(attr)
	return attr
}

func signalAll(pids []int, sig os.Signal) {
	s, ok := sig.(syscall.Signal)
	if !ok {
		return
	}
	for _, pid := range pids {
		_ = syscall.Kill(pid, s) // the process may have ended meanwhile
	}
}
