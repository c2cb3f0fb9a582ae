//go:build !fileonly

package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// Users of the tests. Each has a group of its own.
const (
	app         = 65530
	ops         = 65529
	sharedGroup = 65528
)

// user runs the command as another user.
type user struct {
	program, umask string
	id             int
	groups         []uint32
}

func (u user) runs(t *testing.T, args ...string) (code int, said string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "/bin/sh", append([]string{"-c", `umask ` + u.umask + `; exec "$0" "$@"`, u.program}, args...)...)
	cmd.Dir, cmd.Env = "/", append(os.Environ(), beTheCommand+"=1", "GORACE=atexit_sleep_ms=0", "DOWNTIME_STORE=")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(u.id), Gid: uint32(u.id), Groups: append([]uint32{}, u.groups...)}}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		failed, ok := errors.AsType[*exec.ExitError](err)
		require.True(t, ok, "%v", err)
		code = failed.ExitCode()
	}
	return code, out.String()
}

// program is a copy of this test's program that each user can run.
func program(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, d := range []string{dir, filepath.Dir(dir)} {
		require.NoError(t, os.Chmod(d, 0o755))
	}
	itself, err := os.Executable()
	require.NoError(t, err)
	from, err := os.Open(itself)
	require.NoError(t, err)
	defer func() { require.NoError(t, from.Close()) }()
	path := filepath.Join(dir, "downtime")
	to, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o755)
	require.NoError(t, err)
	_, err = io.Copy(to, from)
	require.NoError(t, errors.Join(err, to.Chmod(0o755), to.Close()))
	return path
}

// TestADatabaseOfOneUserIsOfUseToTheOther: operator and application are two users. What one of them
// creates, the other can write too, under any umask, or the command says what is missing and
// leaves nothing.
func TestADatabaseOfOneUserIsOfUseToTheOther(t *testing.T) {
	t.Parallel()
	requireRoot(t)
	bin := program(t)
	shared := []uint32{sharedGroup}
	for name, c := range map[string]struct {
		uid, gid    int
		mode        os.FileMode
		first, then user
		refused     string // by the first, if not ""
	}{
		"a group shares the directory":              {0, sharedGroup, 0o770 | os.ModeSetgid, user{id: ops, groups: shared}, user{id: app, groups: shared}, ""},
		"the application creates it":                {app, sharedGroup, 0o770 | os.ModeSetgid, user{id: app, groups: shared}, user{id: ops, groups: shared}, ""},
		"without the bit":                           {app, sharedGroup, 0o770, user{id: ops, groups: shared}, user{}, "could not read it after an interrupted write: chmod g+s "},
		"the owner is not in its directory's group": {app, sharedGroup, 0o775, user{id: app}, user{}, "run as a member of that group, or chmod g+s "},
		"root operates":                             {app, app, 0o700, user{}, user{id: app}, ""},
	} {
		for _, umask := range []string{"077", "022"} {
			t.Run(name+", umask "+umask, func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				require.NoError(t, os.Chmod(filepath.Dir(dir), 0o755))
				require.NoError(t, os.Chown(dir, c.uid, c.gid))
				require.NoError(t, os.Chmod(dir, c.mode))
				url := "sqlite:" + filepath.Join(dir, "s.db") + "?app=shop"
				first, then := c.first, c.then
				first.program, then.program, first.umask, then.umask = bin, bin, umask, umask
				code, said := first.runs(t, "init", "--store", url)
				if c.refused != "" {
					require.Equal(t, 1, code, said)
					require.Contains(t, said, c.refused+dir)
					left, err := os.ReadDir(dir)
					require.NoError(t, err)
					for _, f := range left {
						info, err := f.Info()
						require.NoError(t, err)
						require.Zero(t, info.Size(), f.Name())
					}
					return
				}
				require.Zero(t, code, said)
				code, said = then.runs(t, "start", "--no-wait", "--store", url)
				require.Zero(t, code, said)
				code, said = first.runs(t, "end", "--all", "--store", url)
				require.Zero(t, code, said)
				require.Contains(t, said, "RESULT up")
			})
		}
	}
}

// TestADeniedDatabaseIsExplained names the file, its owner, this user and the remedy.
func TestADeniedDatabaseIsExplained(t *testing.T) {
	t.Parallel()
	requireRoot(t)
	dir := t.TempDir()
	for _, d := range []string{dir, filepath.Dir(dir)} {
		require.NoError(t, os.Chmod(d, 0o755))
	}
	path := filepath.Join(dir, "s.db")
	url := "sqlite:" + path + "?app=shop"
	must(t, "init", "--store", url)
	require.NoError(t, os.Chmod(path, 0o600))
	u := user{program: program(t), umask: "022", id: ops}
	code, said := u.runs(t, "status", "--store", url)
	require.Equal(t, 1, code)
	require.Contains(t, said, "user "+strconv.Itoa(ops)+" may not write "+path+", which belongs to user root, group root (0600)")
	require.NoError(t, os.Chmod(path, 0o644))
	code, said = u.runs(t, "start", "--no-wait", "--store", url)
	require.Equal(t, 1, code)
	require.Contains(t, said, "may not write "+path)
}
