package filestore

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
)

// isMounted reports whether the file itself is a mount. Only Linux tells that: elsewhere it is false.
func isMounted(path string) bool {
	resolved, err := filepath.EvalSymlinks(path)
	if err != nil {
		return false
	}
	mounts, err := os.ReadFile("/proc/thread-self/mountinfo") // of the mounts that this thread sees
	if err != nil {
		return false
	}
	const place = 4 // the fifth field is where it is mounted
	resolved = strings.NewReplacer(`\`, `\134`, " ", `\040`, "\t", `\011`, "\n", `\012`).Replace(resolved)
	for mount := range bytes.Lines(mounts) {
		if fields := bytes.Fields(mount); len(fields) > place && string(fields[place]) == resolved {
			return true
		}
	}
	return false
}
