package proxies

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/internal/testservers"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if dir, err := programs(); err == nil {
		_ = os.RemoveAll(dir) // temporary
	}
	os.Exit(code)
}

// programs builds the real command and the example for net/http once, and returns their directory.
var programs = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "downtime-proxies-")
	if err != nil {
		return "", err
	}
	for _, program := range [][]string{{"cmd", "downtime"}, {"examples", "nethttp"}} {
		build := exec.CommandContext(context.Background(), "go", "build", "-tags", "fileonly", "-o", dir, ".")
		build.Dir = filepath.Join("..", "..", program[0], program[1])
		build.Env = append(os.Environ(), "GOWORK=") // the workspace, also if this module is tested alone
		if out, err := build.CombinedOutput(); err != nil {
			return dir, fmt.Errorf("%w\n%s", err, out)
		}
	}
	return dir, nil
})

// site are two processes of an application on one file store.
type site struct {
	dir   string // which every user can enter
	shops [2]*shop
}

// shop is a process of the application, which keeps its address.
type shop struct {
	addr string
	args []string
	cmd  *exec.Cmd // nil while it does not run
}

func newSite(t *testing.T) *site {
	t.Helper()
	bin, err := programs()
	require.NoError(t, err)
	dir, err := os.MkdirTemp("", "downtime-site-") //nolint:usetesting // a proxy of another user cannot enter t.TempDir
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	require.NoError(t, os.Chmod(dir, 0o755))
	s := &site{dir: dir}
	for i := range s.shops {
		port, err := testservers.FreePort(t.Context())
		require.NoError(t, err)
		addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
		s.shops[i] = &shop{addr: addr, args: []string{filepath.Join(bin, "nethttp"), "-addr", addr, "-store", s.store()}}
		s.shops[i].start(t)
	}
	return s
}

func (s *site) store() string { return filepath.Join(s.dir, "state.json") }

// start starts the process, and waits until it answers.
func (s *shop) start(t *testing.T) {
	t.Helper()
	s.begin(t)
	require.Eventually(t, func() bool {
		r, err := http.Get("http://" + s.addr + "/healthz")
		if err != nil {
			return false
		}
		_ = r.Body.Close()
		return r.StatusCode == http.StatusOK
	}, time.Minute, 20*time.Millisecond)
}

// begin starts the process.
func (s *shop) begin(t *testing.T) {
	t.Helper()
	s.cmd = exec.CommandContext(context.Background(), s.args[0], s.args[1:]...) // the cleanup ends it
	require.NoError(t, s.cmd.Start())
	t.Cleanup(s.kill)
}

// kill ends the process as a crash does.
func (s *shop) kill() {
	if s.cmd != nil {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
		s.cmd = nil
	}
}

func (s *site) kill() {
	for _, shop := range s.shops {
		shop.kill()
	}
}

// downtime runs the command, which must succeed, and returns what it printed.
func (s *site) downtime(t *testing.T, args ...string) string {
	t.Helper()
	bin, err := programs()
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), filepath.Join(bin, "downtime"), args...)
	cmd.Env = append(os.Environ(), "DOWNTIME_STORE=file:"+s.store())
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err = cmd.Run()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		require.Fail(t, failed.Error(), out.String())
	}
	require.NoError(t, err)
	return out.String()
}

// page runs "downtime page" for the proxy, and returns the directory of the files.
func (s *site) page(t *testing.T, proxy string, args ...string) string {
	t.Helper()
	dir := filepath.Join(s.dir, proxy)
	s.downtime(t, append([]string{"page", "--for", proxy, "--output", dir}, args...)...)
	return dir
}

// start takes the site down, and returns when every process refuses.
func (s *site) start(t *testing.T) {
	t.Helper()
	s.downtime(t, "start", "--reason", "New shelves", "--for", "2h", "--no-wait")
	for _, shop := range s.shops {
		if shop.cmd != nil {
			require.Eventually(t, func() bool { return get(t, shop.addr, nil).status == http.StatusServiceUnavailable }, time.Minute, 10*time.Millisecond)
		}
	}
}

// end brings the site back, and returns when every process serves.
func (s *site) end(t *testing.T) {
	t.Helper()
	s.downtime(t, "end", "--all")
	for _, shop := range s.shops {
		if shop.cmd != nil {
			require.Eventually(t, func() bool { return get(t, shop.addr, nil).status == http.StatusOK }, time.Minute, 10*time.Millisecond)
		}
	}
}
