package cutover

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/internal/testservers"
)

func TestMain(m *testing.M) {
	if url := os.Getenv(databaseVar); url != "" {
		if err := serveShop(context.Background(), url); err != nil {
			panic(err)
		}
		return
	}
	code := m.Run()
	if path, err := command(); err == nil {
		_ = os.RemoveAll(filepath.Dir(path)) // temporary
	}
	os.Exit(code)
}

// command builds the real command once, and returns its path.
var command = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "downtime-cutover-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "downtime")
	build := exec.CommandContext(context.Background(), "go", "build", "-o", path, ".")
	build.Dir = filepath.Join("..", "..", "cmd", "downtime")
	build.Env = append(os.Environ(), "GOWORK=") // the workspace, also if this module is tested alone
	if out, err := build.CombinedOutput(); err != nil {
		return path, fmt.Errorf("%w\n%s", err, out)
	}
	return path, nil
})

// site is a database, and the real command for its shop.
type site struct {
	pg      *testservers.PostgresServer
	url     string // of the database
	command string // the path of the program
	store   string // its --store
}

// newSite starts a PostgreSQL that logs all statements, with the name of the program in front.
func newSite(t *testing.T) *site {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot be stopped gracefully")
	}
	pg := testservers.Postgres(t, "-c", "log_statement=all", "-c", "log_line_prefix=%a|", "-c", "track_commit_timestamp=on")
	path, err := command()
	require.NoError(t, err)
	s := &site{pg: pg, url: pg.Database(t), command: path}
	s.store = s.url + "&app=" + shopName
	code, said := s.downtime(t, "init")
	require.Zero(t, code, said)
	pg.Exec(t, s.url, schema)
	return s
}

// downtime runs the command, and returns its exit code and its whole output.
func (s *site) downtime(t *testing.T, args ...string) (code int, said string) {
	t.Helper()
	return s.run(t, exec.CommandContext(t.Context(), s.command, args...))
}

// shell runs a line that the command has printed.
func (s *site) shell(t *testing.T, line string) (code int, said string) {
	t.Helper()
	return s.run(t, exec.CommandContext(t.Context(), "sh", "-c", line))
}

func (s *site) run(t *testing.T, cmd *exec.Cmd) (code int, said string) {
	t.Helper()
	cmd.Env = append(os.Environ(), "DOWNTIME_STORE="+s.store, "PATH="+filepath.Dir(s.command)+":"+os.Getenv("PATH"))
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		return failed.ExitCode(), out.String()
	}
	require.NoError(t, err)
	return 0, out.String()
}

// instance is a process of the shop.
type instance struct {
	cmd   *exec.Cmd
	addr  string
	lines <-chan string // that it prints
}

// launch starts an instance, with these further variables of the environment.
func (s *site) launch(t *testing.T, env ...string) *instance {
	t.Helper()
	itself, err := os.Executable()
	require.NoError(t, err)
	i := &instance{cmd: exec.CommandContext(t.Context(), itself)}
	i.cmd.Env = append(append(os.Environ(), databaseVar+"="+s.url, "GORACE=atexit_sleep_ms=0"), env...)
	i.cmd.Stderr = os.Stderr
	_, err = i.cmd.StdinPipe() // it ends with this process
	require.NoError(t, err)
	stdout, err := i.cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, i.cmd.Start())
	t.Cleanup(func() { _ = i.cmd.Process.Kill(); _ = i.cmd.Wait() })
	i.lines = linesOf(stdout)
	i.addr = <-i.lines
	require.NotEmpty(t, i.addr)
	return i
}

// linesOf reads r to its end. Lines that its caller does not receive soon are left out.
func linesOf(r io.Reader) <-chan string {
	lines := make(chan string, 100)
	go func() {
		defer close(lines)
		for in := bufio.NewScanner(r); in.Scan(); {
			select {
			case lines <- in.Text():
			default:
			}
		}
	}()
	return lines
}

// terminate stops the instance gracefully, and waits for its end.
func (i *instance) terminate(t *testing.T) {
	t.Helper()
	require.NoError(t, i.cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, i.cmd.Wait())
}

// kill ends the instance as a crash does.
func (i *instance) kill(t *testing.T) {
	t.Helper()
	require.NoError(t, i.cmd.Process.Kill())
	_ = i.cmd.Wait()
}
