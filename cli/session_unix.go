//go:build unix

package cli

import (
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// terminalSession names the session of this process, in which a script runs all its commands. It
// is "" for a process with a terminal. ok is false if the session is not known.
func terminalSession() (name string, ok bool) {
	if tty, err := os.OpenFile("/dev/tty", os.O_RDONLY|unix.O_NOCTTY, 0); err == nil {
		_ = tty.Close() // nothing was written
		return "", true
	}
	id, err := unix.Getsid(0)
	if err != nil || id == 0 { // 0: the leader is outside of this container
		return "", false
	}
	name = "session " + strconv.Itoa(id)
	// A number is used again after the session. On Linux the leader's start tells them apart.
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(id) + "/stat")
	if _, rest, found := strings.Cut(string(stat), ") "); err == nil && found {
		if fields := strings.Fields(rest); len(fields) > 19 {
			name += "." + fields[19]
		}
	}
	return name, true
}
