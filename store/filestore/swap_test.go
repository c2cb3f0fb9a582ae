package filestore

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/store"
)

// writes are the kinds of a Swap: where it begins, and the document that it writes.
var writes = map[string]struct {
	begin func(t *testing.T) *Store
	next  func(b []byte) []byte
}{
	"the first write": {func(t *testing.T) *Store {
		t.Helper()
		return newFile(t)
	}, withLine},
	"a later write": {func(t *testing.T) *Store {
		t.Helper()
		st, _ := written(t)
		return st
	}, withLine},
	"a repeated write": {func(t *testing.T) *Store {
		t.Helper()
		st, _ := written(t)
		return st
	}, slices.Clone[[]byte]},
}

// stepsOf are the steps of f, in their order.
func stepsOf(t *testing.T, st *Store, f func() error) []string {
	t.Helper()
	var steps []string
	st.fault = func(step string) error {
		steps = append(steps, step)
		return nil
	}
	require.NoError(t, f())
	st.fault = nil
	return steps
}

// begun is the store before one write, its content, and the steps that the write will have.
func begun(t *testing.T, kind string) (*Store, store.Blob, []string) {
	t.Helper()
	st, other := writes[kind].begin(t), writes[kind].begin(t)
	before := content(t, st)
	steps := stepsOf(t, other, func() error {
		return other.Swap(t.Context(), before.Token, writes[kind].next(before.Bytes))
	})
	return st, before, steps
}

// content is the document, or nothing where there never was one.
func content(t *testing.T, st *Store) store.Blob {
	t.Helper()
	blob, err := again(t, st).Get(t.Context(), "")
	if err != nil {
		require.ErrorIs(t, err, store.ErrNeverWritten)
	}
	return blob
}

// TestTheOrderOfAWrite: the content is durable before its name is, and the marker never
// claims a document that was not written.
func TestTheOrderOfAWrite(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string][]string{
		"the first write": {
			"open-directory", "open-lock", "create-lock", "own-lock", "lock", "check-lock", "read",
			"create-temp", "write-temp", "own-temp", "sync-temp", "close-temp", "rename", "sync-directory",
			"create-marker", "write-marker", "own-marker", "sync-marker", "close-marker", "rename-marker", "sync-marker-directory",
		},
		"a later write": {
			"open-directory", "open-lock", "lock", "check-lock", "read",
			"create-temp", "write-temp", "own-temp", "sync-temp", "close-temp", "rename", "sync-directory",
			"create-marker", "write-marker", "own-marker", "sync-marker", "close-marker", "rename-marker", "sync-marker-directory",
		},
		"a repeated write": {
			"open-directory", "open-lock", "lock", "check-lock", "read", "sync-file", "sync-directory",
			"create-marker", "write-marker", "own-marker", "sync-marker", "close-marker", "rename-marker", "sync-marker-directory",
		},
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			_, _, steps := begun(t, kind)
			require.Equal(t, want, steps)
		})
	}
}

// TestEachStepMayFail: after each failing call the document is the old one or the new one, no
// temporary file stays, and the next writer succeeds.
func TestEachStepMayFail(t *testing.T) {
	t.Parallel()
	for kind, c := range writes {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			_, _, steps := begun(t, kind)
			renamed := slices.Index(steps, "rename")
			for i, failing := range steps {
				t.Run(failing, func(t *testing.T) {
					t.Parallel()
					st, before, _ := begun(t, kind)
					next := c.next(before.Bytes)
					failAt(st, failing, syscall.EIO)
					err := st.Swap(t.Context(), before.Token, next)
					require.ErrorIs(t, err, syscall.EIO)
					after := content(t, st)
					if i <= renamed {
						require.Equal(t, before.Bytes, after.Bytes, "the old one")
					} else {
						require.Equal(t, next, after.Bytes, "the new one")
					}
					require.Subset(t, []string{st.base, st.lockName(), st.markerName()}, names(t, st.dir))
					st.fault = nil
					require.NoError(t, st.Swap(t.Context(), after.Token, next), "the caller tries again")
					require.NoError(t, change(t.Context(), st))
					require.Equal(t, withLine(next), content(t, st).Bytes)
				})
			}
		})
	}
}

// TestAWriteThatMayNotLastIsNotConfirmed: a process can read the new document, and that says
// nothing about a crash of the machine.
func TestAWriteThatMayNotLastIsNotConfirmed(t *testing.T) {
	t.Parallel()
	const gone, unmarked = "may be gone after a crash of the machine", "not noted in"
	for kind, steps := range map[string]map[string]string{
		"the first write": {
			"sync-directory": gone, "create-marker": unmarked, "sync-marker": unmarked, "rename-marker": unmarked, "sync-marker-directory": unmarked,
		},
		"a repeated write": {"sync-file": gone, "sync-directory": gone, "sync-marker": unmarked, "sync-marker-directory": unmarked},
	} {
		for failing, want := range steps {
			t.Run(kind+" "+failing, func(t *testing.T) {
				t.Parallel()
				st, before, _ := begun(t, kind)
				next := writes[kind].next(before.Bytes)
				failAt(st, failing, syscall.EIO)
				for range 2 { // to try again confirms nothing if the fault is still there
					err := st.Swap(t.Context(), before.Token, next)
					require.ErrorIs(t, err, store.ErrUnconfirmed)
					require.ErrorIs(t, err, syscall.EIO)
					require.ErrorContains(t, err, st.path)
					if kind == "a repeated write" {
						require.ErrorContains(t, err, want)
					}
				}
				st.fault = nil
				require.NoError(t, st.Swap(t.Context(), before.Token, next))
			})
		}
	}
}

func TestARepeatedWriteLeavesTheFileAndRestoresTheMarker(t *testing.T) {
	t.Parallel()
	st, blob := written(t)
	before, err := os.Stat(st.path)
	require.NoError(t, err)
	require.NoError(t, os.Remove(st.path+".written"))
	require.NoError(t, st.Swap(t.Context(), "", blob.Bytes))
	after, err := os.Stat(st.path)
	require.NoError(t, err)
	require.Equal(t, stampOf(before), stampOf(after))
	require.FileExists(t, st.path+".written")
}

func TestWhatMayNotBeWrittenIsReadOnly(t *testing.T) {
	t.Parallel()
	for _, cause := range []error{syscall.EROFS, syscall.EACCES, syscall.EPERM} {
		for _, failing := range []string{"open-lock", "create-temp", "rename"} {
			t.Run(failing+" "+cause.Error(), func(t *testing.T) {
				t.Parallel()
				st, before := written(t)
				failAt(st, failing, &os.PathError{Op: "openat", Path: "x", Err: cause})
				err := change(t.Context(), st)
				require.ErrorIs(t, err, store.ErrReadOnly)
				require.ErrorIs(t, err, cause)
				require.ErrorContains(t, err, st.path)
				require.Equal(t, before.Bytes, read(t, st).Bytes)
			})
		}
	}
}

func TestAFullDiskMakesNoWrite(t *testing.T) {
	t.Parallel()
	for _, failing := range []string{"write-temp", "sync-temp"} {
		st, before := written(t)
		failAt(st, failing, syscall.ENOSPC)
		err := change(t.Context(), st)
		require.ErrorIs(t, err, syscall.ENOSPC)
		require.NotErrorIs(t, err, store.ErrUnconfirmed)
		require.Equal(t, before.Bytes, read(t, st).Bytes)
	}
}

// TestWhatCannotBeDecodedIsReplacedOnlyByItsToken: the store keeps bytes, and a caller that
// has read them decides.
func TestWhatCannotBeDecodedIsReplacedOnlyByItsToken(t *testing.T) {
	t.Parallel()
	for name, spoiled := range map[string]string{"corrupt": "}", "empty": "", "newer": `{"format":2,"periods":[]}`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st, before := written(t)
			write(t, st, spoiled)
			for _, old := range []store.Token{"", before.Token} {
				require.ErrorIs(t, st.Swap(t.Context(), old, []byte("next")), store.ErrConflict)
			}
			blob := read(t, st)
			require.Equal(t, []byte(spoiled), blob.Bytes)
			require.Equal(t, store.TokenOf([]byte(spoiled)), blob.Token)
			require.NoError(t, st.Swap(t.Context(), blob.Token, []byte("next")))
			require.Equal(t, []byte("next"), read(t, st).Bytes)
		})
	}
}

func TestWhatIsNoDocumentIsRefused(t *testing.T) {
	t.Parallel()
	st := newFile(t)
	require.ErrorContains(t, st.Swap(t.Context(), "", nil), "document is empty")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, st.Swap(ended, "", make([]byte, store.MaxBytes+1)), store.ErrTooLarge)
	require.Empty(t, names(t, st.dir))
}

func TestASymbolicLinkIsReadAndNeverWrittenThrough(t *testing.T) {
	t.Parallel()
	st, before := written(t)
	target := filepath.Join(t.TempDir(), "target.json")
	require.NoError(t, os.Rename(st.path, target))
	require.NoError(t, os.Symlink(target, st.path))

	require.Equal(t, before.Bytes, read(t, st).Bytes)
	err := change(t.Context(), st)
	require.ErrorIs(t, err, store.ErrReadOnly)
	require.ErrorContains(t, err, "name the file that it points to")

	is, err := os.ReadFile(target)
	require.NoError(t, err)
	require.Equal(t, before.Bytes, is)
	info, err := os.Lstat(st.path)
	require.NoError(t, err)
	require.NotZero(t, info.Mode()&os.ModeSymlink, "it is still a link")
}

// TestAConfigMap: a mounted ConfigMap is a directory of links through another link, which
// is swapped when it changes.
func TestAConfigMap(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	publish := func(version, content string) {
		require.NoError(t, os.Mkdir(filepath.Join(dir, version), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, version, "downtime.json"), []byte(content), 0o644))
		require.NoError(t, os.Symlink(version, filepath.Join(dir, "..data_tmp")))
		require.NoError(t, os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data")))
	}
	publish("..1", "one")
	require.NoError(t, os.Symlink("..data/downtime.json", filepath.Join(dir, "downtime.json")))
	st, err := New(filepath.Join(dir, "downtime.json"))
	require.NoError(t, err)
	before := read(t, st)
	require.Equal(t, "one", string(before.Bytes))

	publish("..2", "two")
	after, err := st.Get(t.Context(), before.Token)
	require.NoError(t, err)
	require.Equal(t, "two", string(after.Bytes))

	require.ErrorIs(t, change(t.Context(), st), store.ErrReadOnly)
	require.NotContains(t, names(t, dir), "downtime.json.lock.tmp")

	require.NoError(t, os.Remove(filepath.Join(dir, "..data", "downtime.json")))
	_, err = st.Get(t.Context(), after.Token)
	require.ErrorContains(t, err, "which does not exist")
}

func TestTemporaryFilesOfTheKilledAreRemoved(t *testing.T) {
	t.Parallel()
	st, _ := written(t)
	random := strings.ToLower(rand.Text())
	stale := filepath.Join(st.dir, ".downtime.json."+random+".tmp")
	others := []string{
		".downtime.json." + random + ".tmp.bak", "downtime.json.tmp", ".other.json." + random + ".tmp",
		".downtime.json.eu." + random + ".tmp", ".downtime.json.tmp", ".downtime.json." + random[1:] + ".tmp",
		".downtime.json." + random[1:] + "_.tmp", ".downtime.json." + random + random + ".tmp",
	}
	for _, name := range others {
		require.NoError(t, os.WriteFile(filepath.Join(st.dir, name), nil, 0o600))
	}
	require.NoError(t, os.WriteFile(stale, []byte("{"), 0o600))
	read(t, st)
	require.FileExists(t, stale, "a reader writes nothing")

	require.NoError(t, change(t.Context(), st))
	require.ElementsMatch(t, append(others, st.base, st.lockName(), st.markerName()), names(t, st.dir))
}

// TestAStoreWhoseNameBeginsLikeAnothers: no other store removes its temporary file.
func TestAStoreWhoseNameBeginsLikeAnothers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	short, err := New(filepath.Join(dir, "shop"))
	require.NoError(t, err)
	long, err := New(filepath.Join(dir, "shop.eu"))
	require.NoError(t, err)
	long.fault = func(step string) error {
		if step != "rename" {
			return nil
		}
		return change(t.Context(), short)
	}
	require.NoError(t, change(t.Context(), long))
}

func TestAContextThatEndsMeanwhileStopsTheWrite(t *testing.T) {
	t.Parallel()
	st, before := written(t)
	ctx, cancel := context.WithCancel(t.Context())
	st.fault = func(step string) error {
		if step == "close-temp" {
			cancel()
		}
		return nil
	}
	require.ErrorIs(t, change(ctx, st), context.Canceled)
	require.Equal(t, before.Bytes, read(t, st).Bytes)
	require.Len(t, names(t, st.dir), 3)
}

func TestTheDirectoryMayMoveDuringAWrite(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	dir, elsewhere := filepath.Join(parent, "a"), filepath.Join(parent, "b")
	require.NoError(t, os.Mkdir(dir, 0o700))
	st, err := New(filepath.Join(dir, "downtime.json"))
	require.NoError(t, err)
	st.fault = func(step string) error {
		if step == "create-temp" {
			return errors.Join(os.Rename(dir, elsewhere), os.Mkdir(dir, 0o700))
		}
		return nil
	}
	require.NoError(t, st.Swap(t.Context(), "", []byte("a")))
	require.Empty(t, names(t, dir), "nothing is written where this process has no lock")
	require.ElementsMatch(t, []string{"downtime.json", "downtime.json.lock", "downtime.json.written"}, names(t, elsewhere))
}

// TestThePathMayNameAnotherFileDuringAWrite: the document that is compared is the one that is
// replaced.
func TestThePathMayNameAnotherFileDuringAWrite(t *testing.T) {
	t.Parallel()
	st, before := written(t)
	elsewhere := st.dir + ".away"
	st.fault = func(step string) error {
		if step == "read" {
			return errors.Join(os.Rename(st.dir, elsewhere), os.Mkdir(st.dir, 0o700), os.WriteFile(st.path, []byte("other"), 0o600))
		}
		return nil
	}
	require.ErrorIs(t, st.Swap(t.Context(), store.TokenOf([]byte("other")), []byte("next")), store.ErrConflict)
	b, err := os.ReadFile(filepath.Join(elsewhere, st.base))
	require.NoError(t, err)
	require.Equal(t, before.Bytes, b)
}
