package testservers

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Program returns the path of the first of names that is installed, in PATH or in the
// directories where Debian installs servers. If there is none, [Absent] ends the test. Program
// also finds programs that this package does not start, such as a browser.
func Program(t testing.TB, debianPackage string, names ...string) string {
	t.Helper()
	if !supported {
		Absent(t, "servers for tests are started on Unix only")
	}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
		for _, pattern := range []string{"/usr/sbin", "/usr/local/sbin", "/usr/lib/postgresql/*/bin"} {
			found, _ := filepath.Glob(filepath.Join(pattern, name)) // the patterns are well-formed
			if len(found) > 0 {
				return found[len(found)-1]
			}
		}
	}
	Absent(t, names[0]+" is not installed: install Debian's package "+debianPackage+", or run tools/servers")
	return ""
}

// Absent skips a test that needs a program which is not installed. With
// DOWNTIME_REQUIRE_SERVERS=1 in the environment it fails the test. why says what to install.
func Absent(t testing.TB, why string) {
	t.Helper()
	if os.Getenv("DOWNTIME_REQUIRE_SERVERS") == "1" {
		t.Fatal(why)
	}
	t.Skip("NOT TESTED: " + why)
}
