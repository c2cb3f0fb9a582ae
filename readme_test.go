package downtime_test

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/store/filestore"
)

var program = regexp.MustCompile("(?s)### ([a-z]+)\n```go\n(package main\n.*?)```")

// TestREADME holds the length of README.md, and its versions against go.mod.
func TestREADME(t *testing.T) {
	t.Parallel()
	readme := read(t, "README.md")
	require.LessOrEqual(t, strings.Count(readme, "\n"), 200)
	for name, path := range map[string]string{"gin": "github.com/gin-gonic/gin", "echo": "github.com/labstack/echo/v4", "chi": "github.com/go-chi/chi/v5"} {
		required := regexp.MustCompile(regexp.QuoteMeta(path) + ` v(\d+\.\d+)\.`).FindStringSubmatch(read(t, "go.mod"))
		require.NotNil(t, required, path)
		require.Contains(t, readme, name+" "+required[1])
	}
	require.Contains(t, read(t, "go.mod"), "\ngo 1.26.0\n")
	require.Contains(t, readme, "Go 1.26 or later")
}

// TestProgramsOfREADME builds each program of README.md, takes it down and up, and stops it.
func TestProgramsOfREADME(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("needs SIGINT")
	}
	if testing.Short() {
		t.Skip("builds three programs")
	}
	programs := program.FindAllStringSubmatch(read(t, "README.md"), -1)
	require.Len(t, programs, 3)
	for _, match := range programs {
		t.Run(match[1], func(t *testing.T) {
			t.Parallel()
			dir, addr := t.TempDir(), freeAddress(t)
			source := filepath.Join(dir, "main.go")
			require.Equal(t, 1, strings.Count(match[2], `":8080"`))
			require.NoError(t, os.WriteFile(source, []byte(strings.Replace(match[2], `":8080"`, `"`+addr+`"`, 1)), 0o600))
			for _, args := range [][]string{{"vet", source}, {"build", "-o", filepath.Join(dir, "app"), source}} {
				out, err := exec.CommandContext(t.Context(), "go", args...).CombinedOutput()
				require.NoError(t, err, string(out))
			}
			app := exec.CommandContext(t.Context(), filepath.Join(dir, "app"))
			app.Dir, app.Stderr = dir, t.Output()
			require.NoError(t, app.Start())
			want := func(path string, status int) {
				t.Helper()
				require.Eventually(t, func() bool { return get(t, "http://"+addr+path) == status }, time.Minute, 10*time.Millisecond, "%s: want %d", path, status)
			}
			want("/", http.StatusOK)

			st, err := filestore.New(filepath.Join(dir, "downtime.json"))
			require.NoError(t, err)
			op := operator.Operator{Store: st, Actor: "test"}
			_, err = op.Start(t.Context(), operator.StartOptions{})
			require.NoError(t, err)
			want("/", http.StatusServiceUnavailable)
			want("/healthz", http.StatusNotFound)        // exempt, and without a handler
			want("/ops/downtime/", http.StatusForbidden) // by the page: no sign-in
			_, err = op.End(t.Context(), operator.EndOptions{Holder: "test"})
			require.NoError(t, err)
			want("/", http.StatusOK)

			require.NoError(t, app.Process.Signal(os.Interrupt))
			require.NoError(t, app.Wait(), "exit status after SIGINT")
		})
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	return string(text)
}

// freeAddress returns an address that was free a moment ago.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	return listener.Addr().String()
}

// get returns the status of the answer, or 0 without an answer.
func get(t *testing.T, url string) int {
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		return 0
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0
	}
	_ = res.Body.Close()
	return res.StatusCode
}
