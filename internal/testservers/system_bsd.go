//go:build unix && !linux

package testservers

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
)

// endWithParent does nothing: only Linux can do this.
func endWithParent(*syscall.SysProcAttr) {}

// descendants are the processes that pid started, and their descendants. The children of a
// server may be in process groups of their own, which a signal to its group does not reach.
func descendants(pid int) []int {
	out, err := exec.CommandContext(context.Background(), "ps", "-A", "-o", "pid=,ppid=").Output()
	if err != nil {
		return nil
	}
	children := map[int][]int{}
	for line := range strings.Lines(string(out)) {
		var child, parent int
		if n, _ := fmt.Sscan(line, &child, &parent); n == 2 {
			children[parent] = append(children[parent], child)
		}
	}
	return under(pid, children)
}
