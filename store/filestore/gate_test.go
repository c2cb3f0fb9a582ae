//go:build unix

package filestore_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store/filestore"
)

// application is a process with a gate on the file at path, from its start.
func application(t *testing.T, path string) *core.Gate {
	t.Helper()
	st, err := filestore.New(path)
	require.NoError(t, err)
	gate, err := core.New(core.Config{Store: st, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, gate.Shutdown(t.Context())) })
	return gate
}

func command(t *testing.T, path string) operator.Operator {
	t.Helper()
	st, err := filestore.New(path)
	require.NoError(t, err)
	return operator.Operator{Store: st, Actor: "ann"}
}

func place(t *testing.T) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "app", "downtime.json")
}

func replaceBy(t *testing.T, path string, plant func() error) {
	t.Helper()
	require.NoError(t, os.RemoveAll(path))
	require.NoError(t, plant())
}

// spoilers are accidents that may happen to the file of a site.
var spoilers = map[string]func(t *testing.T, path string){
	"corrupt": func(t *testing.T, path string) {
		t.Helper()
		require.NoError(t, os.WriteFile(path, []byte(`{"format":1,"periods":[]}}`), 0o600))
	},
	"empty": func(t *testing.T, path string) {
		t.Helper()
		require.NoError(t, os.Truncate(path, 0))
	},
	"truncated": func(t *testing.T, path string) {
		t.Helper()
		require.NoError(t, os.Truncate(path, 120))
	},
	"of a newer format": func(t *testing.T, path string) {
		t.Helper()
		require.NoError(t, os.WriteFile(path, []byte(`{"format":2,"periods":[]}`), 0o600))
	},
	"with an unknown member": func(t *testing.T, path string) {
		t.Helper()
		require.NoError(t, os.WriteFile(path, []byte(`{"format":1,"scopes":[],"periods":[]}`), 0o600))
	},
	"huge": func(t *testing.T, path string) {
		t.Helper()
		// At once, because a gate that reads the document without the blanks opens.
		content := `{"format":1,"periods":[]}` + strings.Repeat(" ", period.MaxDocument)
		require.NoError(t, os.WriteFile(path+".new", []byte(content), 0o600))
		require.NoError(t, os.Rename(path+".new", path))
	},
	"a link to garbage": func(t *testing.T, path string) {
		t.Helper()
		require.NoError(t, os.WriteFile(path+".garbage", []byte("up"), 0o600))
		replaceBy(t, path, func() error { return os.Symlink(path+".garbage", path) })
	},
	"a link to nothing": func(t *testing.T, path string) {
		t.Helper()
		replaceBy(t, path, func() error { return os.Symlink("nothing", path) })
	},
	"a named pipe": func(t *testing.T, path string) {
		t.Helper()
		replaceBy(t, path, func() error { return syscall.Mkfifo(path, 0o600) })
	},
	"a directory": func(t *testing.T, path string) { // cannot be read, also not by root
		t.Helper()
		replaceBy(t, path, func() error { return os.Mkdir(path, 0o700) })
	},
	"writable by all users": func(t *testing.T, path string) {
		t.Helper()
		require.NoError(t, os.WriteFile(path+".new", []byte(`{"format":1,"periods":[]}`), 0o600))
		require.NoError(t, os.Chmod(path+".new", 0o666))
		require.NoError(t, os.Rename(path+".new", path))
	},
	"deleted": func(t *testing.T, path string) {
		t.Helper()
		require.NoError(t, os.Remove(path))
	},
	"deleted with its directory": func(t *testing.T, path string) {
		t.Helper()
		require.Eventually(t, func() bool { // the gate may be writing its row into it
			return os.RemoveAll(filepath.Dir(path)) == nil
		}, 10*time.Second, time.Millisecond)
	},
}

// TestASiteThatIsDownStaysDown: the file is spoiled in each way. The running application does not
// open, and one that starts does not open either.
func TestASiteThatIsDownStaysDown(t *testing.T) {
	t.Parallel()
	for name, spoil := range spoilers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := place(t)
			require.NoError(t, os.Mkdir(filepath.Dir(path), 0o700))
			gate := application(t, path)
			require.True(t, gate.Status().Open)
			_, err := command(t, path).Start(t.Context(), operator.StartOptions{Holder: "ann"})
			require.NoError(t, err)
			<-gate.Closing()
			content, err := os.ReadFile(path)
			require.NoError(t, err)

			spoil(t, path)
			require.Error(t, gate.Refresh(t.Context()))
			status := gate.Status()
			require.False(t, status.Open)
			require.Equal(t, core.CausePeriod, status.Closure.Cause)
			require.Equal(t, core.StoreLost, status.Health)
			require.Error(t, status.Err)
			require.Equal(t, "file:"+path, status.Store)

			restarted := application(t, path)
			require.False(t, restarted.Status().Open)
			require.Equal(t, core.CauseStarting, restarted.Status().Closure.Cause)

			require.NoError(t, os.RemoveAll(path))
			require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
			require.NoError(t, os.WriteFile(path, content, 0o600))
			for _, gate := range []*core.Gate{gate, restarted} {
				require.NoError(t, gate.Refresh(t.Context()))
				require.Equal(t, core.StoreFresh, gate.Status().Health)
				require.Eventually(t, func() bool { // a gate that starts registers first
					return gate.Status().Closure.Cause == core.CausePeriod
				}, 10*time.Second, time.Millisecond)
			}
			_, err = command(t, path).End(t.Context(), operator.EndOptions{All: true})
			require.NoError(t, err)
			for _, gate := range []*core.Gate{gate, restarted} {
				require.NoError(t, gate.Refresh(t.Context()))
				require.True(t, gate.Status().Open)
			}
		})
	}
}

// TestASiteThatIsUpKeepsServing: the site stays up though its file is spoiled, and its status
// tells so.
func TestASiteThatIsUpKeepsServing(t *testing.T) {
	t.Parallel()
	for name, spoil := range spoilers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := place(t)
			require.NoError(t, os.Mkdir(filepath.Dir(path), 0o700))
			cli := command(t, path)
			_, err := cli.Start(t.Context(), operator.StartOptions{Holder: "ann", Reason: new(strings.Repeat("r", 200))})
			require.NoError(t, err)
			_, err = cli.End(t.Context(), operator.EndOptions{All: true})
			require.NoError(t, err)
			gate := application(t, path)
			spoil(t, path)
			require.Error(t, gate.Refresh(t.Context()))
			require.True(t, gate.Status().Open)
			require.Equal(t, core.StoreLost, gate.Status().Health)
		})
	}
}

func TestADeletedFileIsWrittenAnewByEndAll(t *testing.T) {
	t.Parallel()
	path := place(t)
	require.NoError(t, os.Mkdir(filepath.Dir(path), 0o700))
	gate := application(t, path)
	_, err := command(t, path).Start(t.Context(), operator.StartOptions{Holder: "ann"})
	require.NoError(t, err)
	<-gate.Closing()
	require.NoError(t, os.Remove(path))
	restarted := application(t, path)
	_, err = command(t, path).End(t.Context(), operator.EndOptions{All: true})
	require.NoError(t, err)
	for name, gate := range map[string]*core.Gate{"running": gate, "restarted": restarted} {
		require.NoError(t, gate.Refresh(t.Context()), name)
		require.True(t, gate.Status().Open, name)
	}
}

func TestEditsByHand(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		old, new string
		open     bool
	}{
		"that disable the period open the site": {`"enabled": true`, `"enabled": false`, true},
		"that end it open the site":             {`"enabled": true`, `"enabled": true, "end": "2026-01-02T00:00:00Z", "emergency": true`, true},
		"that change the reason change only it": {`"reason": "upgrade"`, `"reason": "long upgrade"`, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := place(t)
			require.NoError(t, os.Mkdir(filepath.Dir(path), 0o700))
			_, err := command(t, path).Start(t.Context(), operator.StartOptions{Holder: "ann", Reason: new("upgrade")})
			require.NoError(t, err)
			gate := application(t, path)
			require.False(t, gate.Status().HandEdited)

			b, err := os.ReadFile(path)
			require.NoError(t, err)
			d, err := period.Decode(b)
			require.NoError(t, err)
			edited := strings.Replace(string(b), tc.old, tc.new, 1)
			edited = strings.Replace(edited, d.Periods[0].Start.Format("2006-01-02T15:04:05.999999Z"), "2026-01-01T00:00:00Z", 1)
			require.NoError(t, os.WriteFile(path, []byte(edited), 0o600)) // in place, as editors do
			require.NoError(t, gate.Refresh(t.Context()))
			status := gate.Status()
			require.Equal(t, tc.open, status.Open)
			require.True(t, status.HandEdited)
			require.False(t, status.Regressed)
			if !tc.open {
				require.Equal(t, "long upgrade", status.Closure.Reason)
			}

			_, err = command(t, path).Start(t.Context(), operator.StartOptions{Holder: "bob"})
			require.NoError(t, err)
			require.NoError(t, gate.Refresh(t.Context()))
			require.False(t, gate.Status().HandEdited, "the next write adopts it")
			require.False(t, gate.Status().Open)
		})
	}
}

func TestAFileWrittenByHandClosesARunningSite(t *testing.T) {
	t.Parallel()
	path := place(t)
	require.NoError(t, os.Mkdir(filepath.Dir(path), 0o700))
	gate := application(t, path)
	require.True(t, gate.Status().Open)
	require.NoError(t, os.WriteFile(path, []byte(`{
		"format": 1,
		"periods": [{"id": "now", "kind": "window", "start": "2026-01-01T00:00:00Z", "enabled": true}]
	}`), 0o600))
	<-gate.Closing()
	require.Equal(t, "now", gate.Status().Closure.Period)
	require.True(t, gate.Status().HandEdited)
}
