//go:build !unix

package testservers

import (
	"errors"
	"os"
	"syscall"
)

const supported = false

var (
	freeze, thaw   os.Signal = os.Kill, os.Kill
	quitFast, quit os.Signal = os.Kill, os.Kill
)

type account struct{}

func unprivileged(string) (*account, error) { return nil, errors.ErrUnsupported }

func (a *account) own(string) error { return errors.ErrUnsupported }

func (a *account) attributes() *syscall.SysProcAttr { return nil }

func signalAll([]int, os.Signal) {}

func descendants(int) []int { return nil }
