//go:build unix

package filestore

import (
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestWhatIsNoFileIsRefusedAtOnce: to open a named pipe waits for its writer, to read a
// device may never end.
func TestWhatIsNoFileIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	pipe := func(t *testing.T, path string) {
		t.Helper()
		require.NoError(t, syscall.Mkfifo(path, 0o600))
	}
	for name, tc := range map[string]struct {
		plant func(t *testing.T, path string)
		want  string
	}{
		"a named pipe": {pipe, "is a named pipe, want a regular file"},
		"a link to a named pipe": {func(t *testing.T, path string) {
			t.Helper()
			pipe(t, path+".pipe")
			require.NoError(t, os.Symlink(path+".pipe", path))
		}, "is a named pipe"},
		"a device": {func(t *testing.T, path string) {
			t.Helper()
			require.NoError(t, os.Symlink("/dev/zero", path))
		}, "is a device"},
		"a socket": {func(t *testing.T, path string) {
			t.Helper()
			dir, err := os.MkdirTemp("", "s") //nolint:usetesting // a socket's path must be short
			require.NoError(t, err)
			t.Cleanup(func() { _ = os.RemoveAll(dir) })
			l, err := net.Listen("unix", dir+"/s")
			require.NoError(t, err)
			t.Cleanup(func() { _ = l.Close() })
			require.NoError(t, os.Rename(dir+"/s", path))
		}, "is a socket"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := newFile(t)
			tc.plant(t, st.path)
			began := time.Now()
			_, err := st.Get(t.Context(), "")
			require.ErrorContains(t, err, tc.want)
			require.Error(t, st.Swap(t.Context(), "", []byte("a")))
			require.Less(t, time.Since(began), 2*time.Second)
		})
	}
}

func TestANamedPipeIsNoLockFileAndNoMarker(t *testing.T) {
	t.Parallel()
	st := newFile(t)
	require.NoError(t, syscall.Mkfifo(st.path+".lock", 0o600))
	require.ErrorContains(t, st.Swap(t.Context(), "", []byte("a")), st.path+".lock is a named pipe, want a regular file")
	require.NoError(t, syscall.Mkfifo(st.path+".written", 0o600))
	_, err := st.Get(t.Context(), "")
	require.ErrorContains(t, err, "its marker cannot tell whether there was one: "+st.path+".written is a named pipe, want a regular file")
}

func TestPermissionsStay(t *testing.T) {
	t.Parallel()
	for _, mode := range []os.FileMode{0o600, 0o640, 0o664, 0o444} {
		st, before := written(t)
		require.NoError(t, os.Chmod(st.path, mode))
		require.NoError(t, st.Swap(t.Context(), before.Token, []byte("next")))
		info, err := os.Stat(st.path)
		require.NoError(t, err)
		require.Equal(t, mode, info.Mode().Perm())
	}
}

func TestModeIsThatOfANewFile(t *testing.T) {
	t.Parallel()
	st, _ := written(t, Mode(0o660))
	info, err := os.Stat(st.path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o660), info.Mode().Perm())
}
