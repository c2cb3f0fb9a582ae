package cli

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/go-downtime/downtime/store/memstore"
)

// terminal opens a pseudo terminal with this many columns.
func terminal(t *testing.T, columns uint16) (here, there *os.File) {
	t.Helper()
	here, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("needs pseudo terminals: %v", err)
	}
	t.Cleanup(func() { _ = here.Close() })
	fd := int(here.Fd())
	require.NoError(t, unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0))
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	require.NoError(t, err)
	require.NoError(t, unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: columns}))
	there, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = there.Close() })
	return here, there
}

func TestOutputFitsAPseudoTerminal(t *testing.T) {
	t.Setenv("TERM", "xterm")
	st := memstore.New()
	down(t, st)
	report(t, st, overridden, refusing)
	for _, args := range [][]string{
		{"status"}, {"list"}, {"fleet"}, {"log"}, {"check", "GET", "/"}, {"help"}, {"start", "--help"}, {"end", "--dry-run", "--holder", "x"},
	} {
		here, there := terminal(t, 60)
		code := Main(t.Context(), args, nil, there, nil, WithStore(st))
		require.Equal(t, ExitDone, code, args)
		_, err := there.WriteString("\nthe end\n")
		require.NoError(t, err)
		lines := bufio.NewScanner(here)
		for lines.Scan() && !strings.Contains(lines.Text(), "the end") {
			line := strings.TrimRight(lines.Text(), "\r")
			if !strings.Contains(line, "downtime ") { // a command to copy
				require.LessOrEqual(t, columns(line), 60, "%v: %q", args, line)
			}
		}
	}
}
