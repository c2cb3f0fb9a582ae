// Package hostid names the machine that a process runs on. A file store compares the names,
// because it can check only processes of its own host.
package hostid

import (
	"os"
	"strings"
)

// This returns the name of this host and the id of its current boot. The host is "unknown"
// if the system does not tell it. The boot is Linux's boot id, and "" elsewhere.
func This() (host, boot string) {
	host, err := os.Hostname()
	if err != nil || host == "" {
		host = "unknown"
	}
	if b, err := os.ReadFile("/proc/sys/kernel/random/boot_id"); err == nil {
		boot = strings.TrimSpace(string(b))
	}
	return host, boot
}
