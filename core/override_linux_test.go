package core

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/internal/trust"
)

// TestAnOverrideFileOfAnotherUser checks that such a file has no effect in a directory like /tmp,
// where every user can create it.
func TestAnOverrideFileOfAnotherUser(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can act as several users: run this test as root")
	}
	const owner, attacker = 65534, 65532
	for name, c := range map[string]struct {
		of   int
		link bool
		want string
	}{
		"of root":                    {of: 0},
		"of the directory's owner":   {of: owner},
		"of another user":            {of: attacker, want: "belongs to user 65532"},
		"another user's link to one": {of: attacker, link: true, want: "belongs to user 65532"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			file := filepath.Join(dir, "override")
			if c.link {
				target := filepath.Join(t.TempDir(), "root's")
				require.NoError(t, os.WriteFile(target, []byte("up"), 0o600))
				require.NoError(t, os.Symlink(target, file))
			} else {
				require.NoError(t, os.WriteFile(file, []byte("up"), 0o600))
			}
			require.NoError(t, os.Lchown(file, c.of, c.of))
			require.NoError(t, os.Chown(dir, owner, owner))
			require.NoError(t, os.Chmod(dir, 0o777|os.ModeSticky))
			d, err := readOverrideFile(file, trust.Rule{})
			if c.want != "" {
				require.ErrorContains(t, err, c.want)
				d, err = readOverrideFile(file, trust.Rule{Lifted: true})
			}
			require.NoError(t, err)
			require.Equal(t, directionUp, d)
		})
	}
}

// TestAMountedConfigMapIsBelieved uses a directory that has mode 0777 and is mounted read-only.
func TestAMountedConfigMapIsBelieved(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "override")
	require.NoError(t, os.Mkdir(filepath.Join(dir, "..1"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "..1", "override"), []byte("down\n"), 0o644))
	require.NoError(t, os.Symlink("..1", filepath.Join(dir, "..data")))
	require.NoError(t, os.Symlink("..data/override", file))
	require.NoError(t, os.Chmod(dir, 0o777))
	_, err := readOverrideFile(file, trust.Rule{})
	require.ErrorContains(t, err, "chmod o-w the directory")
	mounted := make(chan error, 1)
	read := make(chan direction, 1)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread and its mounts end with the goroutine
		if err := syscall.Unshare(syscall.CLONE_NEWNS); err != nil {
			mounted <- err
			return
		}
		const bind = syscall.MS_BIND | syscall.MS_REC
		mounted <- errors.Join(
			syscall.Mount("", "/", "", syscall.MS_PRIVATE|syscall.MS_REC, ""),
			syscall.Mount(dir, dir, "", bind, ""),
			syscall.Mount("", dir, "", bind|syscall.MS_REMOUNT|syscall.MS_RDONLY, ""),
		)
		d, _ := readOverrideFile(file, trust.Rule{})
		read <- d
	}()
	if err := <-mounted; err != nil {
		t.Skip("this user cannot mount: " + err.Error())
	}
	require.Equal(t, directionDown, <-read)
}
