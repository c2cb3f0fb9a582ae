package filestore

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/store"
)

const handwritten = `{"format": 1, "periods": [
  {"id": "night", "kind": "window", "start": "2026-01-01T00:00:00Z", "enabled": true}
]}`

func TestAFileWrittenByHandIsRead(t *testing.T) {
	t.Parallel()
	st := newFile(t)
	write(t, st, handwritten)
	blob := read(t, st)
	require.Equal(t, store.TokenOf([]byte(handwritten)), store.TokenOf(blob.Bytes))
	_, err := st.Get(t.Context(), blob.Token)
	require.ErrorIs(t, err, store.ErrUnchanged)
	require.NoError(t, st.Swap(t.Context(), blob.Token, []byte("next")), "it can be written over")
}

func TestAnEditByHandIsAnotherDocument(t *testing.T) {
	t.Parallel()
	st, before := written(t)
	write(t, st, strings.Replace(string(before.Bytes), "true", "null", 1))
	after, err := st.Get(t.Context(), before.Token)
	require.NoError(t, err)
	require.NotEqual(t, before.Token, after.Token)
	require.Contains(t, string(after.Bytes), "null")
	require.ErrorIs(t, st.Swap(t.Context(), before.Token, []byte("next")), store.ErrConflict, "no operator overwrites the edit unseen")
	require.NoError(t, st.Swap(t.Context(), after.Token, []byte("next")))
}

func TestAnEmptyFileIsADocument(t *testing.T) {
	t.Parallel()
	st := newFile(t)
	write(t, st, "")
	blob := read(t, st)
	require.NotNil(t, blob.Bytes)
	require.Empty(t, blob.Bytes)
	require.Equal(t, store.TokenOf(nil), blob.Token)
	_, err := st.Get(t.Context(), blob.Token)
	require.ErrorIs(t, err, store.ErrUnchanged)
	require.ErrorIs(t, st.Swap(t.Context(), "", []byte("next")), store.ErrConflict, "it is not a missing one")
	require.NoError(t, st.Swap(t.Context(), blob.Token, []byte("next")))
}

func TestWhatIsNoDocumentIsAnError(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		spoil func(t *testing.T, st *Store)
		want  string
	}{
		"huge": {func(t *testing.T, st *Store) {
			require.NoError(t, os.Truncate(st.path, store.MaxBytes+1))
		}, "has 1048577 bytes, want at most 1048576"},
		"a directory": {func(t *testing.T, st *Store) {
			require.NoError(t, os.Remove(st.path))
			require.NoError(t, os.Mkdir(st.path, 0o700))
		}, "is a directory, want a regular file"},
		"a link to nothing": {func(t *testing.T, st *Store) {
			require.NoError(t, os.Remove(st.path))
			require.NoError(t, os.Symlink("nothing", st.path))
		}, "is a symbolic link to nothing, which does not exist"},
		"a link to itself": {func(t *testing.T, st *Store) {
			require.NoError(t, os.Remove(st.path))
			require.NoError(t, os.Symlink(filepath.Base(st.path), st.path))
		}, "cannot be read"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st, before := written(t)
			tc.spoil(t, st)
			for range 2 { // and stays one, also after it was read
				blob, err := st.Get(t.Context(), before.Token)
				require.ErrorContains(t, err, tc.want)
				require.ErrorContains(t, err, "file:"+st.path)
				require.NotErrorIs(t, err, store.ErrUnchanged)
				require.NotErrorIs(t, err, store.ErrLost)
				require.Zero(t, blob)
			}
			_, err := again(t, st).Get(t.Context(), "")
			require.ErrorContains(t, err, tc.want, "a process that starts now learns it too")
			require.Error(t, st.Swap(t.Context(), before.Token, []byte("next")))
			_, err = st.Keep(t.Context(), before.Token)
			require.Error(t, err)
		})
	}
}

func TestAFileThatRecoversIsRead(t *testing.T) {
	t.Parallel()
	st, before := written(t)
	require.NoError(t, os.Rename(st.path, st.path+".away"))
	require.NoError(t, os.Mkdir(st.path, 0o700))
	_, err := st.Get(t.Context(), before.Token)
	require.Error(t, err)
	require.NoError(t, os.Remove(st.path))
	require.NoError(t, os.Rename(st.path+".away", st.path))
	_, err = st.Get(t.Context(), before.Token)
	require.ErrorIs(t, err, store.ErrUnchanged)
	require.Equal(t, before.Bytes, read(t, st).Bytes)
}

func TestAFileThatAllUsersCanWriteIsRefused(t *testing.T) {
	t.Parallel()
	if !hasPermissions {
		t.Skip("this system has no such permissions")
	}
	st, before := written(t)
	require.NoError(t, os.Chmod(st.path, 0o666))
	_, err := st.Get(t.Context(), "")
	require.ErrorContains(t, err, "every user of this system can write "+st.path+" (0666): chmod o-w it")
	require.ErrorContains(t, st.Swap(t.Context(), before.Token, []byte("next")), "chmod o-w")

	allowing, err := New(st.path, TrustWritable())
	require.NoError(t, err)
	read(t, allowing)
}

// TestADirectoryThatAllUsersCanWriteInIsRefused: a user who can rename a file over the
// document needs no permission to write the document itself.
func TestADirectoryThatAllUsersCanWriteInIsRefused(t *testing.T) {
	t.Parallel()
	if !hasPermissions {
		t.Skip("this system has no such permissions")
	}
	for name, c := range map[string]struct {
		mode    os.FileMode
		options []Option
		through bool // by a link from another directory
		want    string
	}{
		"refused":                {mode: 0o777, want: "(0777), and so replace its files: chmod o-w the directory, or set the store's option TrustWritable"},
		"through a link as well": {mode: 0o777, through: true, want: "every user of this system can write in the directory"},
		"allowed on request":     {mode: 0o777, options: []Option{TrustWritable()}},
		"as /tmp, by its owner":  {mode: 0o777 | os.ModeSticky},
		"the group may":          {mode: 0o775},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st, _ := written(t)
			path := st.path
			if c.through {
				path = filepath.Join(t.TempDir(), "link.json")
				require.NoError(t, os.Symlink(st.path, path))
			}
			require.NoError(t, os.Chmod(st.dir, c.mode))
			for _, missing := range []bool{false, true} {
				if missing && !c.through {
					require.NoError(t, errors.Join(os.Remove(path), os.Remove(path+".written")))
				}
				reader, err := New(path, c.options...)
				require.NoError(t, err)
				blob, err := reader.Get(t.Context(), "")
				if c.want == "" {
					if missing {
						require.ErrorIs(t, err, store.ErrNeverWritten)
					} else {
						require.NoError(t, err)
					}
					require.NoError(t, reader.Swap(t.Context(), blob.Token, []byte("next")))
					continue
				}
				require.ErrorContains(t, err, c.want)
				require.NotErrorIs(t, err, store.ErrLost)
				require.NotErrorIs(t, err, store.ErrNeverWritten)
				require.Error(t, reader.Swap(t.Context(), "", []byte("next")))
			}
		})
	}
}

func TestAMissingFile(t *testing.T) {
	t.Parallel()
	remove := func(t *testing.T, st *Store) {
		t.Helper()
		require.NoError(t, os.Remove(st.path))
	}
	requireMissing := func(t *testing.T, st *Store, want error, texts ...string) {
		t.Helper()
		blob, err := st.Get(t.Context(), "")
		require.ErrorIs(t, err, want)
		require.False(t, blob.Now.IsZero())
		require.Empty(t, blob.Token)
		require.Nil(t, blob.Bytes)
		for _, text := range texts {
			require.ErrorContains(t, err, text)
		}
	}
	t.Run("that was never written is so", func(t *testing.T) {
		t.Parallel()
		requireMissing(t, newFile(t), store.ErrNeverWritten)
	})
	t.Run("is lost to another process, by the marker", func(t *testing.T) {
		t.Parallel()
		st, before := written(t)
		remove(t, st)
		requireMissing(t, again(t, st), store.ErrLost, "token "+string(before.Token),
			`restore the file, or write a fresh one by "downtime end --all"`)
	})
	t.Run("is lost to a process that has read it, without a marker", func(t *testing.T) {
		t.Parallel()
		st := newFile(t)
		write(t, st, handwritten)
		read(t, st)
		remove(t, st)
		requireMissing(t, st, store.ErrLost, "it was here before")
		requireMissing(t, again(t, st), store.ErrNeverWritten) // nothing tells another process
	})
	t.Run("is lost to a process that has written it, without a marker", func(t *testing.T) {
		t.Parallel()
		st := newFile(t)
		failAt(st, "create-marker", errors.New("refused by the test"))
		require.ErrorIs(t, st.Swap(t.Context(), "", []byte("a")), store.ErrUnconfirmed)
		remove(t, st)
		requireMissing(t, st, store.ErrLost)
	})
	t.Run("is an error if its directory went with it", func(t *testing.T) {
		t.Parallel()
		st, _ := written(t)
		require.NoError(t, os.RemoveAll(st.dir))
		_, err := st.Get(t.Context(), "")
		require.ErrorContains(t, err, "the directory cannot be reached")
	})
	t.Run("is lost if it must exist", func(t *testing.T) {
		t.Parallel()
		requireMissing(t, newFile(t, MustExist()), store.ErrLost)
	})
	t.Run("is an error where the marker cannot tell", func(t *testing.T) {
		t.Parallel()
		st := newFile(t)
		require.NoError(t, os.Mkdir(st.path+".written", 0o700))
		_, err := st.Get(t.Context(), "")
		require.ErrorContains(t, err, "its marker cannot tell whether there was one")
		require.NotErrorIs(t, err, store.ErrLost)
		require.NotErrorIs(t, err, store.ErrNeverWritten)
	})
	t.Run("is lost also where the marker is empty, as after a crash", func(t *testing.T) {
		t.Parallel()
		st, _ := written(t)
		remove(t, st)
		require.NoError(t, os.Truncate(st.path+".written", 0))
		requireMissing(t, again(t, st), store.ErrLost, st.path+".written says only that there was a document")
	})
	t.Run("is lost also where the lock file went with it", func(t *testing.T) {
		t.Parallel()
		st, _ := written(t)
		remove(t, st)
		require.NoError(t, os.Remove(st.path+".lock"))
		requireMissing(t, again(t, st), store.ErrLost)
	})
	t.Run("is back once it is restored", func(t *testing.T) {
		t.Parallel()
		st, before := written(t)
		require.NoError(t, os.Rename(st.path, st.path+".away"))
		_, err := st.Get(t.Context(), before.Token)
		require.ErrorIs(t, err, store.ErrLost)
		require.NoError(t, os.Rename(st.path+".away", st.path))
		_, err = st.Get(t.Context(), before.Token)
		require.ErrorIs(t, err, store.ErrUnchanged)
	})
	t.Run("is written anew only by a caller that knows that there is none", func(t *testing.T) {
		t.Parallel()
		st, before := written(t)
		remove(t, st)
		require.ErrorIs(t, st.Swap(t.Context(), before.Token, []byte("next")), store.ErrConflict)
		require.NoError(t, st.Swap(t.Context(), "", []byte("next")))
		require.Equal(t, "next", string(read(t, again(t, st)).Bytes))
	})
}

// TestAnEditWithinOneTickIsNoticed: two writes can leave the same time stamp, so the file is
// read for two seconds though it looks unchanged.
func TestAnEditWithinOneTickIsNoticed(t *testing.T) {
	t.Parallel()
	st := newFile(t)
	write(t, st, handwritten)
	synctest.Test(t, func(t *testing.T) {
		before := read(t, st)
		edited := strings.Replace(handwritten, "night", "NIGHT", 1)
		write(t, st, edited)
		forgeStamp(t, st)
		after, err := st.Get(t.Context(), before.Token)
		require.NoError(t, err, "just after the file was first read")
		require.Equal(t, []byte(edited), after.Bytes)

		<-time.After(settleTime + time.Millisecond)
		write(t, st, handwritten)
		forgeStamp(t, st)
		back, err := st.Get(t.Context(), after.Token)
		require.NoError(t, err, "by the read that ends the two seconds")
		require.Equal(t, before.Token, back.Token)
		require.True(t, st.last.settled)
	})
}

// forgeStamp makes the file as it is now look like the one that st has read.
func forgeStamp(t testing.TB, st *Store) {
	t.Helper()
	info, err := os.Stat(st.path)
	require.NoError(t, err)
	st.last.stamp = stampOf(info)
}

func TestAFileIsReadForTwoSecondsOnly(t *testing.T) {
	t.Parallel()
	st := newFile(t)
	write(t, st, handwritten)
	synctest.Test(t, func(t *testing.T) {
		blob := read(t, st)
		for range 19 {
			<-time.After(pollInterval)
			_, err := st.Get(t.Context(), blob.Token)
			require.ErrorIs(t, err, store.ErrUnchanged)
			require.False(t, st.last.settled)
		}
		<-time.After(pollInterval)
		read(t, st)
		require.True(t, st.last.settled)

		require.NoError(t, os.Chtimes(st.path, time.Time{}, time.Now())) // touched: to be read again
		read(t, st)
		require.False(t, st.last.settled)
	})
}

func TestAnUnchangedFileIsCheap(t *testing.T) { //nolint:paralleltest // counts allocations
	st, blob := written(t)
	st.last.settled = true
	require.LessOrEqual(t, testing.AllocsPerRun(100, func() {
		if _, err := st.Get(t.Context(), blob.Token); err != store.ErrUnchanged { //nolint:errorlint // it must be as cheap as this
			t.Error(err)
		}
	}), 4.0)
}

func BenchmarkGetUnchanged(b *testing.B) {
	st, blob := written(b)
	st.last.settled = true
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		_, _ = st.Get(ctx, blob.Token)
	}
}

func BenchmarkSwap(b *testing.B) {
	st, blob := written(b)
	for n := 1; b.Loop(); n++ {
		next := numbered(n)
		if err := st.Swap(b.Context(), blob.Token, next); err != nil {
			b.Fatal(err)
		}
		blob.Token = store.TokenOf(next)
	}
}
