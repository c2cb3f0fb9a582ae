package e2e

import (
	"bufio"
	"bytes"
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

const command = "github.com/go-downtime/downtime/cmd/downtime"

// TestReleaseInstallsTheCommand rehearses a release. It packs the modules of the work tree as the
// next version, puts them into a module proxy in a directory, and runs go install
// …/cmd/downtime@version as a user does. The test uses no go.work and no replace, so that a
// missing require, or a replace in the command's go.mod, fails here.
func TestReleaseInstallsTheCommand(t *testing.T) {
	t.Parallel()
	proxy, version, _ := release(t)
	bin := filepath.Join(t.TempDir(), "downtime")
	if runtime.GOOS == "windows" {
		bin += ".exe"
	}
	published(t, proxy, filepath.Dir(bin), "install", command+"@"+version)
	said := output(t, bin, "version")
	require.True(t, strings.HasPrefix(said, "downtime "+version+" ("+runtime.Version()), said)

	info, err := buildinfo.ReadFile(bin)
	require.NoError(t, err)
	require.Equal(t, command, info.Main.Path)
	require.Equal(t, version, info.Main.Version)
	linked := map[string]bool{}
	for _, dep := range info.Deps {
		require.Nil(t, dep.Replace, dep.Path)
		for _, framework := range []string{"gin-gonic", "labstack", "go-chi", "testify", "go-internal"} {
			require.NotContains(t, dep.Path, framework, "must not be linked into the command")
		}
		linked[dep.Path] = true
	}
	for _, driver := range []string{"modernc.org/sqlite", "github.com/jackc/pgx/v5", "github.com/go-sql-driver/mysql", "github.com/redis/go-redis/v9"} {
		require.True(t, linked[driver], driver)
	}

	t.Run("it takes a site down and brings it back", func(t *testing.T) {
		t.Parallel()
		store := "file:" + filepath.Join(t.TempDir(), "s.json")
		require.Contains(t, output(t, bin, "start", "--no-wait", "--holder", "x", "--store", store), "\nRESULT down\n")
		require.Equal(t, 13, exitCode(t, bin, "status", "--exit-code", "--store", store))
		require.Contains(t, output(t, bin, "end", "--holder", "x", "--store", store), "\nRESULT up\n")
		require.Equal(t, 5, exitCode(t, bin, "end", "--holder", "x", "--store", store))
	})
	t.Run("it does so in a database", func(t *testing.T) {
		t.Parallel()
		store := "sqlite:" + filepath.Join(t.TempDir(), "s.db") + "?app=shop"
		require.Equal(t, 1, exitCode(t, bin, "start", "--no-wait", "--store", store), "nothing was ever written there")
		require.Contains(t, output(t, bin, "init", "--store", store), "\nRESULT up\n")
		require.Contains(t, output(t, bin, "start", "--no-wait", "--store", store), "\nRESULT down\n")
		require.Equal(t, 13, exitCode(t, bin, "status", "--exit-code", "--store", store))
		require.Contains(t, output(t, bin, "fleet", "--store", store), "no instance")
	})
	t.Run("it says that a change was made, though its report has no reader", func(t *testing.T) {
		t.Parallel()
		store := "file:" + filepath.Join(t.TempDir(), "s.json")
		unread := func(args ...string) (code int, stderr string) {
			r, w, err := os.Pipe()
			require.NoError(t, err)
			require.NoError(t, r.Close())
			var errs bytes.Buffer
			cmd := exec.CommandContext(t.Context(), bin, append(args, "--store", store)...)
			cmd.Stdout, cmd.Stderr = w, &errs
			failed, ok := errors.AsType[*exec.ExitError](cmd.Run())
			require.True(t, ok)
			require.NoError(t, w.Close())
			return failed.ExitCode(), errs.String()
		}
		code, stderr := unread("start", "--no-wait", "--holder", "x")
		require.Equal(t, 8, code)
		require.Contains(t, stderr, "the change is made and confirmed, but its report could not be printed: ")
		code, stderr = unread("list")
		require.Equal(t, 1, code)
		require.Empty(t, stderr)
		require.Equal(t, 6, exitCode(t, bin, "end", "--holder", "y", "--store", store), "it is down")
	})
	for name, stop := range map[string]struct {
		signal os.Signal
		code   int
	}{"Ctrl-C": {os.Interrupt, 130}, "SIGTERM": {syscall.SIGTERM, 143}} {
		t.Run("it stops watching at "+name, func(t *testing.T) {
			t.Parallel()
			if runtime.GOOS == "windows" {
				t.Skip("a process cannot be sent a signal")
			}
			cmd := exec.CommandContext(t.Context(), bin, "status", "--watch", "--store", "file:"+filepath.Join(t.TempDir(), "s.json"))
			out, err := cmd.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, cmd.Start())
			line, err := bufio.NewReader(out).ReadString('\n')
			require.NoError(t, err)
			require.Equal(t, "state      UP\n", line)
			require.NoError(t, cmd.Process.Signal(stop.signal))
			failed, ok := errors.AsType[*exec.ExitError](cmd.Wait())
			require.True(t, ok)
			require.Equal(t, stop.code, failed.ExitCode())
		})
	}
}

// TestReleaseServesItsLibraries adds the libraries to an application: go get, import, go build.
// It uses neither go.work nor the replaces in the go.mod of the libraries.
func TestReleaseServesItsLibraries(t *testing.T) {
	t.Parallel()
	proxy, version, libraries := release(t)
	dir := t.TempDir()
	const program = `package main

import (
	_ "github.com/go-downtime/downtime/adapters/echov5"
	_ "github.com/go-downtime/downtime/adapters/gin"
	_ "github.com/go-downtime/downtime/cli"
	_ "github.com/go-downtime/downtime/store/pgstore"
	_ "github.com/go-downtime/downtime/store/redisstore"
	_ "github.com/go-downtime/downtime/store/sqlstore"
)

func main() {}
`
	require.NoError(t, os.WriteFile(filepath.Join(dir, "main.go"), []byte(program), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module example.org/app\n\ngo 1.26.0\n"), 0o600))
	get := []string{"get"}
	for _, l := range libraries {
		get = append(get, l.mod.Path+"@"+version)
		require.Contains(t, program, `"`+l.mod.Path, "the program needs a package of it")
	}
	published(t, proxy, dir, get...)
	published(t, proxy, dir, "build", "-o", filepath.Join(dir, "app"), ".")
}

// release publishes all modules in a proxy in a directory. libraries are all of them but the
// command.
func release(t *testing.T) (proxy, version string, libraries []sibling) {
	t.Helper()
	root, err := filepath.Abs("..")
	require.NoError(t, err)
	proxy = t.TempDir()
	libraries = siblings(t, root)
	version = libraries[0].mod.Version
	for _, s := range libraries {
		publish(t, proxy, s)
	}
	publish(t, proxy, sibling{module.Version{Path: command, Version: version}, filepath.Join(root, "cmd", "downtime")})
	return proxy, version, libraries
}

// sibling is a module of this repository, as it is released.
type sibling struct {
	mod module.Version
	dir string
}

// siblings are the modules that go.work replaces, because other modules require them.
func siblings(t *testing.T, root string) []sibling {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "go.work"))
	require.NoError(t, err)
	work, err := modfile.ParseWork("go.work", text, nil)
	require.NoError(t, err)
	var out []sibling
	for _, r := range work.Replace {
		require.True(t, out == nil || r.Old.Version == out[0].mod.Version, "all are released as one version")
		out = append(out, sibling{r.Old, filepath.Join(root, filepath.FromSlash(r.New.Path))})
	}
	require.NotEmpty(t, out)
	return out
}

// publish writes s into a directory that go can use as a module proxy.
func publish(t *testing.T, proxy string, s sibling) {
	t.Helper()
	escaped, err := module.EscapePath(s.mod.Path)
	require.NoError(t, err)
	dir := filepath.Join(proxy, filepath.FromSlash(escaped), "@v")
	require.NoError(t, os.MkdirAll(dir, 0o750))
	mod, err := os.ReadFile(filepath.Join(s.dir, "go.mod"))
	require.NoError(t, err)
	var packed bytes.Buffer
	require.NoError(t, zip.CreateFromDir(&packed, s.mod, s.dir))
	info, err := json.Marshal(map[string]string{"Version": s.mod.Version})
	require.NoError(t, err)
	for name, content := range map[string][]byte{
		"list":                  []byte(s.mod.Version + "\n"),
		s.mod.Version + ".info": info, s.mod.Version + ".mod": mod, s.mod.Version + ".zip": packed.Bytes(),
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), content, 0o600))
	}
}

// published runs go in dir, with the modules of the proxy, of this machine's module cache and
// of its own proxy.
func published(t *testing.T, proxy, dir string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = dir
	cmd.Env = append(publishedEnv(t, proxy), "GOBIN="+dir)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
}

// publishedEnv is the environment of published. It has a module cache of its own, because the
// version that go downloads was never released.
func publishedEnv(t *testing.T, proxy string) []string {
	t.Helper()
	env := func(name string) string {
		out, err := exec.CommandContext(t.Context(), "go", "env", name).Output()
		require.NoError(t, err)
		return strings.TrimSpace(string(out))
	}
	downloaded := filepath.Join(env("GOMODCACHE"), "cache", "download")
	return append(
		os.Environ(),
		"GOPROXY="+fileURL(proxy)+","+fileURL(downloaded)+","+env("GOPROXY"),
		// With -trimpath the build cache also serves another module cache.
		"GOFLAGS=-mod=mod -modcacherw -trimpath", "GOWORK=off", "GOSUMDB=off", "GONOPROXY=none", "GOTOOLCHAIN=local", "GO111MODULE=on",
		"GOMODCACHE="+filepath.Join(proxy, "cache"), "GOOS=", "GOARCH=",
	)
}

func fileURL(path string) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // a drive
	}
	return "file://" + path
}

// output runs a command, which must succeed, and returns its stdout.
func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).Output()
	require.NoError(t, err)
	return string(out)
}

func exitCode(t *testing.T, name string, args ...string) int {
	t.Helper()
	err := exec.CommandContext(t.Context(), name, args...).Run()
	if err == nil {
		return 0
	}
	failed, ok := errors.AsType[*exec.ExitError](err)
	require.True(t, ok, "%v", err)
	return failed.ExitCode()
}
