package core_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/store/memstore"
)

// The environment belongs to the whole process, so this test does not use t.Parallel.
func TestOverridesBeatTheStoreInTheirOrder(t *testing.T) {
	for name, c := range map[string]struct {
		file, env string
		down      bool // Config.Down
		period    bool // a period in force
		want      bool // down
		from      string
	}{
		"nothing said, nothing in force":      {},
		"nothing said, a period in force":     {period: true, want: true},
		"Down beats an open store":            {down: true, want: true, from: "config"},
		"env up beats Down":                   {env: "up", down: true, from: "env"},
		"env up beats the store":              {env: "up", period: true, from: "env"},
		"env down beats an open store":        {env: "down", want: true, from: "env"},
		"env is trimmed":                      {env: " down\n", want: true, from: "env"},
		"the file beats env":                  {file: "up", env: "down", period: true, from: "file"},
		"the file beats everything, downward": {file: "down\n", env: "up", want: true, from: "file"},
		"none says nothing":                   {file: "none\n", env: "down", want: true, from: "env"},
		"env none says nothing":               {env: "none", period: true, want: true},
		"an empty file says nothing":          {file: "\n", env: "down", want: true, from: "env"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("DOWNTIME", c.env)
			synctest.Test(t, func(t *testing.T) {
				st := memstore.New()
				if c.period {
					start(t, st, operator.StartOptions{Holder: "kim"})
				}
				cfg := core.Config{Store: st, Down: c.down}
				if c.file != "" {
					cfg.OverrideFile = filepath.Join(t.TempDir(), "override")
					require.NoError(t, os.WriteFile(cfg.OverrideFile, []byte(c.file), 0o600))
				}
				gate, book := newGate(t, cfg)
				synctest.Wait()
				status := gate.Status()
				require.Equal(t, c.want, !status.Open)
				require.Equal(t, c.from, status.OverrideFrom)
				if c.from != "" {
					require.Equal(t, 1, count(book.messages(), "override"))
				}
				if c.want && c.from != "" {
					require.Equal(t, core.CauseOverride, status.Closure.Cause)
					kind := "planned" // Down and DOWNTIME are set by a deploy
					if c.from == "file" {
						kind = "emergency"
					}
					require.Equal(t, "down;kind="+kind, get(gate.Handler(ok), "/").Header().Get("Downtime"))
				}
				if !c.want && c.period {
					require.Empty(t, status.Drained, "a gate overridden up has drained nothing")
					require.Len(t, status.Periods, 1, "Status shows the periods of the store nevertheless")
				}
			})
		})
	}
}

// The environment belongs to the whole process, so this test does not use t.Parallel.
func TestTheVariableOfTheOverrideCanHaveAnotherNameOrNone(t *testing.T) {
	t.Setenv("DOWNTIME", "down")
	t.Setenv("SHOP_DOWNTIME", "up")
	for name, c := range map[string]struct { //nolint:paralleltest // the variables belong to the process
		variable, wantName, wantFrom string
	}{
		"DOWNTIME by default":    {"", "DOWNTIME", "env"},
		"another variable":       {"SHOP_DOWNTIME", "SHOP_DOWNTIME", "env"},
		"one that is not set":    {"OTHER_DOWNTIME", "OTHER_DOWNTIME", ""},
		"no variable, by a dash": {"-", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			gate, _ := newGate(t, core.Config{OverrideEnv: c.variable})
			status := gate.Status()
			require.Equal(t, c.variable != "", status.Open)
			require.Equal(t, c.wantName, status.OverrideEnv)
			require.Equal(t, c.wantFrom, status.OverrideFrom)
		})
	}
	require.EqualError(t, core.Config{OverrideEnv: "SHOP-DOWN"}.Validate(),
		`OverrideEnv: "SHOP-DOWN": want the name of an environment variable (letters, digits and _), "-" for none, or "" for "DOWNTIME"`)
}

func TestAWrongEnvironmentIsAConfigError(t *testing.T) {
	t.Setenv("DOWNTIME", "maybe")
	_, err := core.New(core.Config{})
	require.ErrorContains(t, err, `DOWNTIME: "maybe": want "up", "down" or "none"`)
}

func TestOverrideFile(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(t *testing.T, file string)
		down   bool // after the file said "down" and was changed so
		log    bool // an unreadable file is logged
	}{
		"kept as it is":               {func(*testing.T, string) {}, true, false},
		"removed, it says nothing":    {func(t *testing.T, f string) { t.Helper(); require.NoError(t, os.Remove(f)) }, false, false},
		"emptied, it keeps its value": {func(t *testing.T, f string) { t.Helper(); require.NoError(t, os.WriteFile(f, nil, 0o600)) }, true, true},
		"blank, it keeps its value":   {func(t *testing.T, f string) { t.Helper(); require.NoError(t, os.WriteFile(f, []byte(" \n"), 0o600)) }, true, true},
		"none ends it":                {func(t *testing.T, f string) { t.Helper(); require.NoError(t, os.WriteFile(f, []byte("none\n"), 0o600)) }, false, false},
		"its volume gone, it stays":   {func(t *testing.T, f string) { t.Helper(); require.NoError(t, os.RemoveAll(filepath.Dir(f))) }, true, true},
		"nonsense keeps the value":    {func(t *testing.T, f string) { t.Helper(); require.NoError(t, os.WriteFile(f, []byte("DOWN?"), 0o600)) }, true, true},
		"a link whose target is gone keeps it": {func(t *testing.T, f string) {
			t.Helper()
			require.NoError(t, os.Remove(f))
			require.NoError(t, os.Symlink("gone", f))
		}, true, true},
		"a directory keeps it": {func(t *testing.T, f string) {
			t.Helper()
			require.NoError(t, os.Remove(f))
			require.NoError(t, os.Mkdir(f, 0o700))
		}, true, true},
		"a huge file keeps the value": {func(t *testing.T, f string) {
			t.Helper()
			require.NoError(t, os.WriteFile(f, make([]byte, 1<<20), 0o600))
		}, true, true},
		"a ConfigMap's links are followed": {func(t *testing.T, f string) {
			t.Helper()
			configMap(t, f, "up")
		}, false, false},
		"white space around the word is ignored": {func(t *testing.T, f string) {
			t.Helper()
			require.NoError(t, os.WriteFile(f, []byte(strings.Repeat(" ", 64)+"down"), 0o600))
		}, true, false},
		"a word after 4 KiB keeps the value": {func(t *testing.T, f string) {
			t.Helper()
			require.NoError(t, os.WriteFile(f, []byte(strings.Repeat("\n", 4096)+"up"), 0o600))
		}, true, true},
		"a file that all users can write keeps it": {func(t *testing.T, f string) {
			t.Helper()
			require.NoError(t, os.WriteFile(f, []byte("up"), 0o600))
			require.NoError(t, os.Chmod(f, 0o666))
		}, true, true},
		"a directory in which all users can write keeps it": {func(t *testing.T, f string) {
			t.Helper()
			require.NoError(t, os.WriteFile(f, []byte("up"), 0o600))
			require.NoError(t, os.Chmod(filepath.Dir(f), 0o777))
		}, true, true},
		"any user can remove it there": {func(t *testing.T, f string) {
			t.Helper()
			require.NoError(t, os.Remove(f))
			require.NoError(t, os.Chmod(filepath.Dir(f), 0o777))
		}, true, true},
		"a link into such a directory keeps it": {func(t *testing.T, f string) {
			t.Helper()
			dir := t.TempDir()
			require.NoError(t, os.Chmod(dir, 0o777))
			require.NoError(t, os.WriteFile(filepath.Join(dir, "x"), []byte("up"), 0o600))
			require.NoError(t, os.Remove(f))
			require.NoError(t, os.Symlink(filepath.Join(dir, "x"), f))
		}, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "volume", "override")
			require.NoError(t, os.Mkdir(filepath.Dir(file), 0o700))
			synctest.Test(t, func(t *testing.T) {
				gate, book := newGate(t, core.Config{OverrideFile: file})
				h := gate.Handler(ok)
				require.Equal(t, http.StatusOK, get(h, "/").Code)
				require.NoError(t, os.WriteFile(file, []byte("down"), 0o600))
				time.Sleep(time.Second)
				synctest.Wait()
				require.Equal(t, http.StatusServiceUnavailable, get(h, "/").Code)

				c.change(t, file)
				time.Sleep(time.Hour)
				synctest.Wait()
				require.Equal(t, c.down, get(h, "/").Code == http.StatusServiceUnavailable)
				require.Equal(t, c.log, gate.Status().OverrideErr != nil)
				if c.log {
					require.Equal(t, 2, count(book.messages(), "override"), "said down; became unreadable")
					require.NoError(t, os.RemoveAll(filepath.Dir(file)))
					require.NoError(t, os.Mkdir(filepath.Dir(file), 0o700))
					time.Sleep(time.Second)
					synctest.Wait()
					require.Equal(t, http.StatusOK, get(h, "/").Code)
					require.NoError(t, gate.Status().OverrideErr)
				}
			})
		})
	}
}

func TestAnOverrideKeepsSince(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "override")
	write := func(text string) {
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		time.Sleep(time.Minute)
		synctest.Wait()
	}
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New()
		gate, _ := newGate(t, core.Config{Store: st, OverrideFile: file})
		since := func() time.Time { return gate.Status().Closure.Since }

		write("down")
		first := since()
		require.NotZero(t, first)
		id := start(t, st, operator.StartOptions{Holder: "kim"}).Period.ID
		write("none")
		require.Equal(t, core.CausePeriod, gate.Status().Closure.Cause)
		require.Equal(t, first, since(), "the override began before the period")
		time.Sleep(time.Hour)
		synctest.Wait()
		require.Equal(t, first, since())
		write("down")
		require.Equal(t, first, since(), "and the period before this override")

		_, err := operator.Operator{Store: st, Actor: "kim"}.End(t.Context(), operator.EndOptions{ID: id})
		require.NoError(t, err)
		write("none")
		require.True(t, gate.Status().Open)
		write("down")
		require.True(t, since().After(first), "the site was up in between")
	})
}

// configMap replaces the file by links in the way of a Kubernetes ConfigMap.
func configMap(t *testing.T, file, text string) {
	t.Helper()
	dir, volume := filepath.Dir(file), "..2026_11_26_01_00_00.1"
	require.NoError(t, os.Mkdir(filepath.Join(dir, volume), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, volume, filepath.Base(file)), []byte(text), 0o644))
	require.NoError(t, os.Symlink(volume, filepath.Join(dir, "..data")))
	require.NoError(t, os.RemoveAll(file))
	require.NoError(t, os.Symlink(filepath.Join("..data", filepath.Base(file)), file))
}

func TestAnOverrideFileThatWasNeverReadRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text   string
		policy core.FirstStartPolicy
		down   bool
	}{
		"another word for down":    {"Down", core.FirstStartRefuse, true},
		"down, and why":            {"down # migration", core.FirstStartRefuse, true},
		"nonsense, open by choice": {"Down", core.FirstStartOpen, false},
		"nothing":                  {"", core.FirstStartRefuse, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "override")
			require.NoError(t, os.WriteFile(file, []byte(c.text), 0o600))
			synctest.Test(t, func(t *testing.T) {
				gate, _ := newGate(t, core.Config{OverrideFile: file, FirstStart: c.policy})
				require.Equal(t, c.down, !gate.Status().Open)
				if c.down {
					require.Equal(t, core.CauseStarting, gate.Status().Closure.Cause)
				}
				require.NoError(t, os.WriteFile(file, []byte("up"), 0o600))
				time.Sleep(time.Second)
				synctest.Wait()
				require.True(t, gate.Status().Open)
			})
		})
	}
}

func TestTrustWritableOverrideBelievesAnyFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "override")
	require.NoError(t, os.WriteFile(file, []byte("down"), 0o600))
	require.NoError(t, os.Chmod(file, 0o666))
	for _, trusts := range []bool{false, true} {
		gate, book := newGate(t, core.Config{OverrideFile: file, TrustWritableOverride: trusts, FirstStart: core.FirstStartOpen})
		require.Equal(t, trusts, !gate.Status().Open)
		if !trusts {
			require.ErrorContains(t, gate.Status().OverrideErr, "(0666): chmod o-w it, or set Config.TrustWritableOverride")
			require.Equal(t, 1, count(book.messages(), "override"))
		}
	}
}
