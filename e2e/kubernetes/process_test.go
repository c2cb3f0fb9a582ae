package kubernetes

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if dir, err := programs(); err == nil {
		_ = os.RemoveAll(dir) // temporary
	}
	os.Exit(code)
}

// programs builds the shop and the real command once, and returns their directory. Every user can
// run them.
var programs = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "downtime-kubernetes-")
	if err != nil {
		return "", err
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return "", err
	}
	for name, from := range map[string]string{"shop": examples, "downtime": "../../cmd/downtime"} {
		build := exec.CommandContext(context.Background(), "go", "build", "-o", filepath.Join(dir, name), ".")
		build.Dir = filepath.FromSlash(from)
		build.Env = append(os.Environ(), "GOWORK=") // the workspace, also if this module is tested alone
		if out, err := build.CombinedOutput(); err != nil {
			return dir, fmt.Errorf("%s: %w\n%s", name, err, out)
		}
	}
	return dir, nil
})

// cluster knows what the manifests refer to.
type cluster struct {
	secrets map[string]string // the keys of the Secret shop-database
	etc     string            // the directory in place of /etc/downtime
	user    *syscall.Credential
}

func newCluster(t *testing.T) *cluster {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot be stopped gracefully")
	}
	return &cluster{secrets: map[string]string{}, etc: t.TempDir()}
}

// command is what the container runs, with its environment, on any free port.
func (c *cluster) command(t *testing.T, of corev1.Container, more ...string) *exec.Cmd {
	t.Helper()
	dir, err := programs()
	require.NoError(t, err)
	args := slices.Clone(of.Args)
	for n, arg := range args {
		switch arg {
		case "-addr=:8080":
			args[n] = "-addr=127.0.0.1:0"
		case "-override=/etc/downtime/override":
			args[n] = "-override=" + filepath.Join(c.etc, "override")
		}
	}
	cmd := exec.CommandContext(t.Context(), filepath.Join(dir, of.Command[0]), append(append(slices.Clone(of.Command[1:]), args...), more...)...)
	cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
	for _, v := range of.Env {
		value := v.Value
		if v.ValueFrom != nil {
			require.Equal(t, "shop-database", v.ValueFrom.SecretKeyRef.Name)
			var ok bool
			value, ok = c.secrets[v.ValueFrom.SecretKeyRef.Key]
			require.True(t, ok, v.ValueFrom.SecretKeyRef.Key)
		}
		cmd.Env = append(cmd.Env, v.Name+"="+value)
	}
	if c.user != nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: c.user}
	}
	return cmd
}

// run runs a command to its end.
func run(t *testing.T, cmd *exec.Cmd) (code int, said string) {
	t.Helper()
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		return failed.ExitCode(), out.String()
	}
	require.NoError(t, err)
	return 0, out.String()
}

// pod is a running container of the shop.
type pod struct {
	of  corev1.Container
	cmd *exec.Cmd
	url string
}

var listening = regexp.MustCompile(`listening addr=(\S+)`)

// launch starts the container, and waits until it listens.
func (c *cluster) launch(t *testing.T, of corev1.Container) *pod {
	t.Helper()
	p := &pod{of: of, cmd: c.command(t, of)}
	r, w := io.Pipe()
	p.cmd.Stderr = w
	require.NoError(t, p.cmd.Start())
	t.Cleanup(func() { _ = p.cmd.Process.Kill(); _ = p.cmd.Wait(); _ = w.Close() })
	addr := make(chan string, 1)
	go func() {
		defer close(addr)
		for in := bufio.NewScanner(r); in.Scan(); {
			if found := listening.FindStringSubmatch(in.Text()); found != nil {
				addr <- found[1]
			} else if testing.Verbose() {
				fmt.Fprintln(os.Stderr, in.Text())
			}
		}
	}()
	got, ok := <-addr
	require.True(t, ok, "the shop has ended")
	p.url = "http://" + got
	return p
}

// get returns the status of a GET.
func (p *pod) get(t *testing.T, path string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.url+path, http.NoBody)
	require.NoError(t, err)
	res, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	return res.StatusCode
}
