package filestore

import (
	"os"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/store"
)

func TestKeepCopiesTheFile(t *testing.T) {
	t.Parallel()
	for name, spoiled := range map[string]string{"corrupt": "}", "empty": "", "binary": "\x00\xff\n"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st, _ := written(t)
			write(t, st, spoiled)
			require.NoError(t, os.Chmod(st.path, 0o640))
			place, err := st.Keep(t.Context(), store.TokenOf([]byte(spoiled)))
			require.NoError(t, err)
			require.Regexp(t, "^"+regexp.QuoteMeta(st.path)+`\.bad-\d{8}T\d{6}Z$`, place)
			for _, path := range []string{place, st.path} {
				b, err := os.ReadFile(path)
				require.NoError(t, err)
				require.Equal(t, spoiled, string(b))
				info, err := os.Stat(path)
				require.NoError(t, err)
				if hasPermissions {
					require.Equal(t, os.FileMode(0o640), info.Mode().Perm())
				}
			}
			require.Len(t, names(t, st.dir), 4, "and nothing else is left")
		})
	}
}

func TestKeepReplacesNoFile(t *testing.T) {
	t.Parallel()
	st, blob := written(t)
	require.NoError(t, os.Mkdir(st.path+".bad-20000101T000000Z", 0o700))
	require.NoError(t, os.Symlink(st.base, st.path+".bad-20000101T000000Z-2"))
	synctest.Test(t, func(t *testing.T) { // where the time stands still
		for _, want := range []string{"-3", "-4"} {
			place, err := st.Keep(t.Context(), blob.Token)
			require.NoError(t, err)
			require.Equal(t, st.path+".bad-20000101T000000Z"+want, place)
		}
		for range maxCopies - 4 {
			_, err := st.Keep(t.Context(), blob.Token)
			require.NoError(t, err)
		}
		_, err := st.Keep(t.Context(), blob.Token)
		require.ErrorIs(t, err, os.ErrExist)
	})
	require.Equal(t, blob.Bytes, read(t, st).Bytes)
	require.Len(t, names(t, st.dir), 3+maxCopies)
}

func TestKeepKnowsWhichDocument(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		prepare func(t *testing.T, st *Store)
		token   store.Token
	}{
		"another document": {func(t *testing.T, st *Store) { write(t, st, "other") }, store.TokenOf([]byte("a"))},
		"no document":      {func(t *testing.T, st *Store) { require.NoError(t, os.Remove(st.path)) }, store.TokenOf([]byte("a"))},
		"no token":         {func(t *testing.T, st *Store) { require.NoError(t, os.Remove(st.path)) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st, _ := written(t)
			c.prepare(t, st)
			before := names(t, st.dir)
			_, err := st.Keep(t.Context(), c.token)
			require.ErrorIs(t, err, store.ErrConflict)
			require.Equal(t, before, names(t, st.dir))
		})
	}
}

func TestEachStepOfKeepMayFail(t *testing.T) {
	t.Parallel()
	st, blob := written(t)
	steps := stepsOf(t, st, func() error {
		_, err := st.Keep(t.Context(), blob.Token)
		return err
	})
	require.Equal(t, []string{
		"open-directory", "open-lock", "lock", "check-lock", "read",
		"create-copy", "write-copy", "own-copy", "sync-copy", "close-copy", "claim-copy", "sync-copy-directory",
	}, steps)
	for _, failing := range steps {
		st, blob := written(t)
		failAt(st, failing, syscall.EIO)
		_, err := st.Keep(t.Context(), blob.Token)
		require.ErrorIs(t, err, syscall.EIO)
		require.ErrorContains(t, err, st.path)
		require.Equal(t, blob.Bytes, read(t, st).Bytes)
		copies := 3
		if failing == "sync-copy-directory" {
			copies = 4
		}
		require.Len(t, names(t, st.dir), copies)
	}
}

func TestClaimTakesNoNameThatIsTaken(t *testing.T) {
	t.Parallel()
	dir, err := os.OpenRoot(t.TempDir())
	require.NoError(t, err)
	defer func() { require.NoError(t, dir.Close()) }()
	for _, name := range []string{"temp", "taken"} {
		require.NoError(t, dir.WriteFile(name, []byte(name), 0o600))
	}
	require.ErrorIs(t, claim(dir, "temp", "taken"), os.ErrExist)
	require.NoError(t, claim(dir, "temp", "new"))
	require.ElementsMatch(t, []string{"new", "taken"}, names(t, dir.Name()))
	b, err := os.ReadFile(filepath.Join(dir.Name(), "taken"))
	require.NoError(t, err)
	require.Equal(t, "taken", string(b))
}
