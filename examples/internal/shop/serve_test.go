package shop

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
)

func plain(p Parts) (http.Handler, *core.Gate, error) {
	gate, err := core.New(core.Config{Store: p.Store, Bypass: []core.Predicate{core.APIKeyHeader("X-Api-Key", p.Key)}, Logger: p.Log})
	if err != nil {
		return nil, nil, err
	}
	return gate.Handler(http.NotFoundHandler()), gate, nil
}

func TestRunServesUntilItIsInterrupted(t *testing.T) {
	t.Parallel()
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	path := filepath.Join(t.TempDir(), "it's.json")
	r, w := io.Pipe()
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, "plain", plain, []string{"-addr", "127.0.0.1:0", "-store", path}, w, io.Discard)
		_ = w.Close()
	}()

	// The whole text is one write, and the pipe hands it over when the listener is open.
	text := make([]byte, 16<<10)
	n, err := r.Read(text)
	require.NoError(t, err)
	url := regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(string(text[:n]))
	require.NotEmpty(t, url, string(text[:n]))
	require.Contains(t, string(text[:n]), `DOWNTIME_STORE='file:`+filepath.Dir(path)+`/it'\''s.json'`)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	res, err := new(http.Client).Do(req)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusNotFound, res.StatusCode)

	interrupt()
	_, err = io.Copy(io.Discard, r)
	require.NoError(t, err)
	require.Zero(t, <-code)
}

func TestRunRefuses(t *testing.T) {
	t.Parallel()
	taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = taken.Close() })
	broken := func(Parts) (http.Handler, *core.Gate, error) { return nil, nil, errors.New("no gate today") }

	tests := map[string]struct {
		build Build
		args  []string
		code  int
		says  string
	}{
		"help is no failure":        {plain, []string{"-h"}, 0, "-store"},
		"an unknown flag":           {plain, []string{"-port", "80"}, 2, "-port"},
		"an argument":               {plain, []string{"start"}, 2, `unexpected argument "start"`},
		"an address that is taken":  {plain, []string{"-addr", taken.Addr().String()}, 1, taken.Addr().String()},
		"an address that is none":   {plain, []string{"-addr", "nonsense"}, 1, "nonsense"},
		"an application that fails": {broken, nil, 1, "no gate today"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr bytes.Buffer
			args := tt.args
			if tt.code == 1 {
				args = append([]string{"-store", filepath.Join(t.TempDir(), "downtime.json")}, args...)
			}
			require.Equal(t, tt.code, run(t.Context(), "plain", tt.build, args, &stdout, &stderr))
			require.Contains(t, stderr.String(), tt.says)
			require.Empty(t, stdout.String())
		})
	}
}

func TestRunTakesTheKeyFromTheEnvironment(t *testing.T) {
	t.Setenv(KeyVariable, "short")
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), "plain", plain, []string{"-addr", "127.0.0.1:0", "-store", filepath.Join(t.TempDir(), "downtime.json")}, &stdout, &stderr)
	require.Equal(t, 1, code)
	require.Contains(t, stderr.String(), KeyVariable)
	require.NotContains(t, stderr.String(), "short\"")
}
