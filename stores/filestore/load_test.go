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

	"github.com/go-downtime/downtime/core"
)

const handwritten = `{"format": 1, "periods": [
  {"id": "night", "kind": "window", "start": "2026-01-01T00:00:00Z", "enabled": true}
]}`

func write(t testing.TB, st *Store, content string) {
	t.Helper()
	require.NoError(t, os.WriteFile(st.path, []byte(content), 0o600))
}

func TestAFileWrittenByHandIsRead(t *testing.T) {
	t.Parallel()
	st := newFile(t)
	write(t, st, handwritten)
	state := load(t, st)
	require.Len(t, state.Document.Periods, 1)
	require.True(t, state.Document.HandEdited())
	require.NotEqual(t, core.Mark{}, state.Mark, "it has a mark, though it names no write")

	_, err := st.Load(t.Context(), state.Mark)
	require.ErrorIs(t, err, core.ErrUnchanged)
	_, err = core.Start(t.Context(), st, core.StartOptions{Holder: "ann"})
	require.NoError(t, err, "it can be written over")
	require.Len(t, load(t, st).Document.Periods, 2)
}

func TestAnEditByHandIsAChangeAtTheSameRevision(t *testing.T) {
	t.Parallel()
	st, before := down(t)
	b, err := os.ReadFile(st.path)
	require.NoError(t, err)
	write(t, st, strings.Replace(string(b), `"enabled": true`, `"enabled": false`, 1))
	after, err := st.Load(t.Context(), before.Mark)
	require.NoError(t, err)
	require.Equal(t, before.Document.Mark(), after.Document.Mark())
	require.NotEqual(t, before.Mark, after.Mark)
	require.True(t, after.Document.HandEdited())
	require.Empty(t, after.Document.InForce(after.Time))

	next := *before.Document
	require.ErrorIs(t, st.Commit(t.Context(), before.Mark, &next, core.Entry{}), core.ErrConflict, "nobody overwrites the edit unseen")
}

func TestWhatIsNoDocumentIsAnError(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		spoil func(t *testing.T, st *Store)
		want  string
	}{
		"empty":     {func(t *testing.T, st *Store) { write(t, st, "") }, "document is empty"},
		"corrupt":   {func(t *testing.T, st *Store) { write(t, st, "\x00\x00\x00") }, "want an object"},
		"truncated": {func(t *testing.T, st *Store) { require.NoError(t, os.Truncate(st.path, 100)) }, "truncated"},
		"newer":     {func(t *testing.T, st *Store) { write(t, st, `{"format":2,"periods":[]}`) }, "written by a newer downtime"},
		"huge": {func(t *testing.T, st *Store) {
			require.NoError(t, os.Truncate(st.path, core.MaxDocument+1))
		}, "has 16777217 bytes, want at most 16777216"},
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
		"a link to garbage": {func(t *testing.T, st *Store) {
			require.NoError(t, os.Rename(st.path, st.path+".real"))
			require.NoError(t, os.WriteFile(st.path+".garbage", []byte("}"), 0o600))
			require.NoError(t, os.Remove(st.path+".real"))
			require.NoError(t, os.Symlink(st.path+".garbage", st.path))
		}, "want an object"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st, before := down(t)
			tc.spoil(t, st)
			for range 2 { // and stays one, also from what is remembered
				_, err := st.Load(t.Context(), before.Mark)
				require.ErrorContains(t, err, tc.want)
				require.ErrorContains(t, err, st.String())
				require.NotErrorIs(t, err, core.ErrUnchanged)
				require.NotErrorIs(t, err, core.ErrLost)
			}
			_, err := again(t, st).Load(t.Context(), core.Mark{})
			require.ErrorContains(t, err, tc.want, "a process that starts now learns it too")
		})
	}
}

func TestAFileThatRecoversIsRead(t *testing.T) {
	t.Parallel()
	st, before := down(t)
	b, err := os.ReadFile(st.path)
	require.NoError(t, err)
	write(t, st, "")
	_, err = st.Load(t.Context(), before.Mark)
	require.Error(t, err)
	write(t, st, string(b))
	_, err = st.Load(t.Context(), before.Mark)
	require.ErrorIs(t, err, core.ErrUnchanged)
	require.Equal(t, before.Document, load(t, st).Document)
}

func TestAFileThatEverybodyMayWriteIsRefused(t *testing.T) {
	t.Parallel()
	if !hasPermissions {
		t.Skip("this system has no such permissions")
	}
	st, _ := down(t)
	require.NoError(t, os.Chmod(st.path, 0o666))
	_, err := st.Load(t.Context(), core.Mark{})
	require.ErrorContains(t, err, "may be written by every user of this system (0666)")
	_, err = core.End(t.Context(), st, core.EndOptions{All: true})
	require.ErrorContains(t, err, "chmod o-w")

	allowing, err := New(st.path, AllowWorldWritable())
	require.NoError(t, err)
	load(t, allowing)
}

// TestADirectoryThatEverybodyMayWriteInIsRefused: whoever can rename a file over the
// document needs no permission to write the document itself.
func TestADirectoryThatEverybodyMayWriteInIsRefused(t *testing.T) {
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
		"refused":                {mode: 0o777, want: "(0777), and so replace the file and end downtime: chmod o-w the directory, or chmod +t it"},
		"through a link as well": {mode: 0o777, through: true, want: "every user of this system may write in its directory"},
		"allowed on request":     {mode: 0o777, options: []Option{AllowWorldWritable()}},
		"the sticky bit will do": {mode: 0o777 | os.ModeSticky},
		"the group may":          {mode: 0o775},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st, _ := down(t)
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
				state, err := reader.Load(t.Context(), core.Mark{})
				if c.want == "" {
					require.NoError(t, err)
					require.NoError(t, reader.Commit(t.Context(), state.Mark, nextDocument(state.Document), core.Entry{}))
					continue
				}
				require.ErrorContains(t, err, c.want)
				require.NotErrorIs(t, err, core.ErrLost)
				require.Error(t, reader.Commit(t.Context(), core.Mark{}, nextDocument(nil), core.Entry{}))
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
	t.Run("that was never written is empty", func(t *testing.T) {
		t.Parallel()
		state := load(t, newFile(t))
		require.Nil(t, state.Document)
		require.Equal(t, core.Mark{}, state.Mark)
	})
	t.Run("is lost to another process, by the marker", func(t *testing.T) {
		t.Parallel()
		st, before := down(t)
		remove(t, st)
		_, err := again(t, st).Load(t.Context(), core.Mark{})
		require.ErrorIs(t, err, core.ErrLost)
		require.ErrorContains(t, err, "store_id "+before.Document.StoreID+", revision 1")
		require.ErrorContains(t, err, `restore the file, or write a fresh one by "downtime end --all"`)
	})
	t.Run("is lost to whoever has read it, without a marker", func(t *testing.T) {
		t.Parallel()
		st := newFile(t)
		write(t, st, handwritten)
		load(t, st)
		remove(t, st)
		_, err := st.Load(t.Context(), core.Mark{})
		require.ErrorIs(t, err, core.ErrLost)
		require.ErrorContains(t, err, "it was here before")
		require.Nil(t, load(t, again(t, st)).Document, "nothing can tell another process")
	})
	t.Run("is lost if its directory went with it", func(t *testing.T) {
		t.Parallel()
		st, _ := down(t)
		require.NoError(t, os.RemoveAll(st.dir))
		_, err := st.Load(t.Context(), core.Mark{})
		require.ErrorContains(t, err, "the directory cannot be reached")
	})
	t.Run("is lost if it must exist", func(t *testing.T) {
		t.Parallel()
		_, err := newFile(t, MustExist()).Load(t.Context(), core.Mark{})
		require.ErrorIs(t, err, core.ErrLost)
	})
	t.Run("is an error where the marker cannot tell", func(t *testing.T) {
		t.Parallel()
		st := newFile(t)
		require.NoError(t, os.Mkdir(st.path+".written", 0o700))
		_, err := st.Load(t.Context(), core.Mark{})
		require.ErrorContains(t, err, "its marker cannot tell whether there was one")
	})
	t.Run("is lost also where the marker is empty, as after a crash", func(t *testing.T) {
		t.Parallel()
		st, _ := down(t)
		remove(t, st)
		require.NoError(t, os.Truncate(st.path+".written", 0))
		_, err := again(t, st).Load(t.Context(), core.Mark{})
		require.ErrorIs(t, err, core.ErrLost)
		require.ErrorContains(t, err, st.path+".written says only that there was a document")
	})
	t.Run("is lost also where the lock file went with it", func(t *testing.T) {
		t.Parallel()
		st, _ := down(t)
		remove(t, st)
		require.NoError(t, os.Remove(st.path+".lock"))
		_, err := again(t, st).Load(t.Context(), core.Mark{})
		require.ErrorIs(t, err, core.ErrLost)
	})
	t.Run("is back once it is restored", func(t *testing.T) {
		t.Parallel()
		st, before := down(t)
		require.NoError(t, os.Rename(st.path, st.path+".away"))
		_, err := st.Load(t.Context(), before.Mark)
		require.ErrorIs(t, err, core.ErrLost)
		require.NoError(t, os.Rename(st.path+".away", st.path))
		_, err = st.Load(t.Context(), before.Mark)
		require.ErrorIs(t, err, core.ErrUnchanged)
	})
	t.Run("is written anew by end --all only", func(t *testing.T) {
		t.Parallel()
		st, _ := down(t)
		remove(t, st)
		_, err := core.Start(t.Context(), st, core.StartOptions{Holder: "bob"})
		require.ErrorIs(t, err, core.ErrLost)
		_, err = core.End(t.Context(), st, core.EndOptions{All: true})
		require.NoError(t, err)
		require.Empty(t, load(t, again(t, st)).Document.Periods)
	})
}

// TestAnEditWithinOneTickIsNoticed: two writes may leave the same time stamp, so that the
// file is read for two seconds however unchanged it looks.
func TestAnEditWithinOneTickIsNoticed(t *testing.T) {
	t.Parallel()
	st := newFile(t)
	write(t, st, handwritten)
	synctest.Test(t, func(t *testing.T) {
		before := load(t, st)
		write(t, st, strings.Replace(handwritten, "night", "NIGHT", 1))
		forgeStamp(t, st)
		after, err := st.Load(t.Context(), before.Mark)
		require.NoError(t, err, "just after the file was first seen")
		require.Equal(t, "NIGHT", after.Document.Periods[0].ID)

		<-time.After(settleTime + time.Millisecond)
		write(t, st, handwritten)
		forgeStamp(t, st)
		back, err := st.Load(t.Context(), after.Mark)
		require.NoError(t, err, "by the reading that ends the two seconds")
		require.Equal(t, "night", back.Document.Periods[0].ID)
		require.True(t, st.last.done)
	})
}

// forgeStamp makes the file as it is now look like what st has read.
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
		state := load(t, st)
		for range 19 {
			<-time.After(pollInterval)
			_, err := st.Load(t.Context(), state.Mark)
			require.ErrorIs(t, err, core.ErrUnchanged)
			require.False(t, st.last.done)
		}
		<-time.After(pollInterval)
		load(t, st)
		require.True(t, st.last.done)

		require.NoError(t, os.Chtimes(st.path, time.Time{}, time.Now())) // touched: to be read again
		load(t, st)
		require.False(t, st.last.done)
	})
}

func TestAnUnchangedFileIsCheap(t *testing.T) { //nolint:paralleltest // counts allocations
	st, state := down(t)
	load(t, st)
	st.last.done = true
	require.LessOrEqual(t, testing.AllocsPerRun(100, func() {
		if _, err := st.Load(t.Context(), state.Mark); err != core.ErrUnchanged { //nolint:errorlint // it must be as cheap as this
			t.Error(err)
		}
	}), 4.0)
}

func BenchmarkLoadUnchanged(b *testing.B) {
	st, state := down(b)
	load(b, st)
	st.last.done = true
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		_, _ = st.Load(ctx, state.Mark)
	}
}

func BenchmarkCommit(b *testing.B) {
	st, _ := down(b)
	for b.Loop() {
		if _, err := core.Start(b.Context(), st, core.StartOptions{Holder: "ann"}); err != nil {
			b.Fatal(err)
		}
	}
}
