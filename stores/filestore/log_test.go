package filestore

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
)

// lineOf is a line of a log without its newline.
func lineOf(t *testing.T, e core.Entry) string {
	t.Helper()
	b, err := core.EncodeEntry(e)
	require.NoError(t, err)
	return string(b)
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(b)
}

func appendTo(t *testing.T, path, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, []byte(readFile(t, path)+text), 0o600))
}

// TestALineWithoutItsNewlineIsTrueIfTheDocumentSaysSo: what a crash leaves.
func TestALineWithoutItsNewlineIsTrueIfTheDocumentSaysSo(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		leave func(t *testing.T, st *Store, doc *core.Document)
		shown int
	}{
		"the write took place": {func(t *testing.T, st *Store, _ *core.Document) {
			log := readFile(t, st.logPath())
			require.NoError(t, os.Truncate(st.logPath(), int64(len(log)-1)))
		}, 1},
		"the write did not take place": {func(t *testing.T, st *Store, doc *core.Document) {
			appendTo(t, st.logPath(), lineOf(t, entryOf(nextDocument(doc))))
		}, 1},
		"the line is torn": {func(t *testing.T, st *Store, doc *core.Document) {
			appendTo(t, st.logPath(), lineOf(t, entryOf(nextDocument(doc)))[:40])
		}, 1},
		"of the line there is hardly anything": {func(t *testing.T, st *Store, _ *core.Document) {
			appendTo(t, st.logPath(), `{"t`)
		}, 1},
		"of the line there is only room": {func(t *testing.T, st *Store, _ *core.Document) {
			appendTo(t, st.logPath(), strings.Repeat("\x00", 300)) // as some file systems leave it after a power cut
		}, 1},
		"it is the first line": {func(t *testing.T, st *Store, doc *core.Document) {
			require.NoError(t, os.WriteFile(st.logPath(), []byte(lineOf(t, entryOf(nextDocument(doc)))), 0o600))
		}, 0},
		"the document is gone meanwhile": {func(t *testing.T, st *Store, _ *core.Document) {
			log := readFile(t, st.logPath())
			require.NoError(t, os.Truncate(st.logPath(), int64(len(log)-1)))
			require.NoError(t, os.Remove(st.path))
		}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st, state := down(t)
			test.leave(t, st, state.Document)
			entries, err := again(t, st).Entries(t.Context(), 0)
			require.NoError(t, err)
			require.Len(t, entries, test.shown)

			res, err := core.End(t.Context(), again(t, st), core.EndOptions{All: true})
			require.NoError(t, err)
			entries, err = st.Entries(t.Context(), 0)
			require.NoError(t, err)
			require.Len(t, entries, test.shown+1)
			require.Equal(t, res.After.WriteID, entries[0].WriteID)
			require.Equal(t, test.shown+1, strings.Count(readFile(t, st.logPath()), "\n"), "and nothing else is in the file")
		})
	}
}

// TestAWriteWithoutAnEntryKeepsTheLastLine: it is then no longer what the document says.
func TestAWriteWithoutAnEntryKeepsTheLastLine(t *testing.T) {
	t.Parallel()
	st, state := down(t)
	require.NoError(t, os.Truncate(st.logPath(), int64(len(readFile(t, st.logPath()))-1)))
	require.NoError(t, st.Commit(t.Context(), state.Mark, nextDocument(state.Document), core.Entry{}))
	entries, err := st.Entries(t.Context(), 0)
	require.NoError(t, err)
	require.Len(t, entries, 1)
}

// TestTheLogOutlivesAnEditByHand: whatever somebody puts in the document's place, what was
// done before stays in the log, and the next write says that somebody did.
func TestTheLogOutlivesAnEditByHand(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(t *testing.T, st *Store){
		"another document": func(t *testing.T, st *Store) { write(t, st, handwritten) },
		"an edited one": func(t *testing.T, st *Store) {
			write(t, st, strings.Replace(readFile(t, st.path), `"enabled": true`, `"enabled": false`, 1))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st, _ := down(t)
			_, err := core.Start(t.Context(), st, core.StartOptions{Holder: "bob"})
			require.NoError(t, err)
			edit(t, st)
			entries, err := again(t, st).Entries(t.Context(), 0)
			require.NoError(t, err)
			require.Len(t, entries, 2)
			require.False(t, entries[0].HandEdited)

			_, err = core.Start(t.Context(), st, core.StartOptions{Holder: "cat"})
			require.NoError(t, err)
			entries, err = st.Entries(t.Context(), 0)
			require.NoError(t, err)
			require.Len(t, entries, 3)
			require.True(t, entries[0].HandEdited)
			require.Equal(t, "cat", entries[0].Actor)
		})
	}
	t.Run("a backup put back", func(t *testing.T) {
		t.Parallel()
		st, _ := down(t)
		backup := readFile(t, st.path)
		_, err := core.Start(t.Context(), st, core.StartOptions{Holder: "bob"})
		require.NoError(t, err)
		write(t, st, backup)
		_, err = core.Start(t.Context(), st, core.StartOptions{Holder: "cat"})
		require.NoError(t, err)
		entries, err := st.Entries(t.Context(), 0)
		require.NoError(t, err)
		var actors []string
		for _, e := range entries {
			actors = append(actors, fmt.Sprint(e.Revision, " ", e.Actor))
		}
		require.Equal(t, []string{"2 cat", "2 bob", "1 ann"}, actors)
	})
}

// TestTheLogIsBounded: it is copied now and then, not with each write.
func TestTheLogIsBounded(t *testing.T) {
	t.Parallel()
	st, state := down(t)
	e := entryOf(state.Document)
	e.Actor = strings.Repeat("a", 500)
	full := strings.Repeat(lineOf(t, e)+"\n", core.MaxEntries+slackLines+1)
	require.Greater(t, len(full), lookAtLog)
	require.NoError(t, os.WriteFile(st.logPath(), []byte(full), 0o600))
	require.NoError(t, os.Chmod(st.logPath(), 0o640))
	_, err := core.End(t.Context(), st, core.EndOptions{All: true})
	require.NoError(t, err)
	require.Equal(t, core.MaxEntries+1, strings.Count(readFile(t, st.logPath()), "\n"))
	entries, err := st.Entries(t.Context(), 0)
	require.NoError(t, err)
	require.Len(t, entries, core.MaxEntries)
	require.Equal(t, core.ActionEnd, entries[0].Action)
	info, err := os.Stat(st.logPath())
	require.NoError(t, err)
	if hasPermissions {
		require.EqualValues(t, 0o640, info.Mode().Perm(), "the copy has the permissions of the one before")
	}
	_, err = core.Start(t.Context(), st, core.StartOptions{Holder: "ann"})
	require.NoError(t, err)
	require.Equal(t, core.MaxEntries+2, strings.Count(readFile(t, st.logPath()), "\n"))
}

func TestLastLines(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		given string
		n     int
		want  string
	}{
		"fewer than wanted":   {"a\nb\n", 3, "a\nb\n"},
		"just so many":        {"a\nb\n", 2, "a\nb\n"},
		"more":                {"a\nb\nc\n", 2, "b\nc\n"},
		"what has not ended":  {"a\nb\nc", 1, "b\nc"},
		"nothing":             {"", 2, ""},
		"nothing that ended":  {"a", 2, "a"},
		"empty lines as well": {"a\n\n\n", 2, "\n\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, test.want, string(lastLines([]byte(test.given), test.n)))
		})
	}
}

// TestWhatIsNoLogIsLeftAlone: nothing is written that would make a log of something else,
// and no downtime begins or ends without its line.
func TestWhatIsNoLogIsLeftAlone(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		put  func(t *testing.T, path string)
		want string
	}{
		"another program's log": {func(t *testing.T, path string) {
			require.NoError(t, os.WriteFile(path, []byte("started\nstopp"), 0o600))
		}, "does not end in an entry of ours"},
		"another program's log, whose last line has ended": {func(t *testing.T, path string) {
			require.NoError(t, os.WriteFile(path, []byte("started\nstopped\n"), 0o600))
		}, "does not end in an entry of ours"},
		"one long line": {func(t *testing.T, path string) {
			require.NoError(t, os.WriteFile(path, bytes.Repeat([]byte("x"), core.MaxEntry+2), 0o600))
		}, "longer than any entry"},
		"a link to another file": {func(t *testing.T, path string) {
			require.NoError(t, os.WriteFile(path+".target", []byte("x\n"), 0o600))
			require.NoError(t, os.Remove(path))
			require.NoError(t, os.Symlink(filepath.Base(path)+".target", path))
		}, "is a symbolic link, want a regular file"},
		"another file's second name": {func(t *testing.T, path string) {
			require.NoError(t, os.WriteFile(path+".target", []byte("x\n"), 0o600))
			require.NoError(t, os.Remove(path))
			require.NoError(t, os.Link(path+".target", path))
		}, "a hard link"},
		"a directory": {func(t *testing.T, path string) {
			require.NoError(t, os.Remove(path))
			require.NoError(t, os.Mkdir(path, 0o700))
		}, "is a directory, want a regular file"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if name == "another file's second name" && !hasPermissions {
				t.Skip("this system does not count a file's names")
			}
			st, before := down(t)
			test.put(t, st.logPath())
			info, err := os.Stat(st.logPath())
			require.NoError(t, err)
			_, err = core.End(t.Context(), st, core.EndOptions{All: true})
			require.ErrorContains(t, err, test.want)
			require.ErrorContains(t, err, st.logPath())
			require.Equal(t, before.Document, load(t, st).Document, "it has not ended")
			after, err := os.Stat(st.logPath())
			require.NoError(t, err)
			require.Equal(t, info.Size(), after.Size())
		})
	}
}

func TestALogThatIsNotAsItWasWrittenIsAnError(t *testing.T) {
	t.Parallel()
	st, _ := down(t)
	log := readFile(t, st.logPath())
	for name, test := range map[string]struct{ content, want string }{
		"a line that is no entry": {log + "{}\n" + log, "line 2 is not as it was written, repair or remove it"},
		"a line of garbage":       {log + "\x00\x00\n", "line 2 is not as it was written"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := newFile(t)
			require.NoError(t, os.WriteFile(st.logPath(), []byte(test.content), 0o600))
			_, err := st.Entries(t.Context(), 0)
			require.ErrorContains(t, err, test.want)
			require.ErrorContains(t, err, st.logPath())
		})
	}
	t.Run("an empty line is nothing", func(t *testing.T) {
		t.Parallel()
		st := newFile(t)
		require.NoError(t, os.WriteFile(st.logPath(), []byte("\n"+log+" \n"), 0o600))
		entries, err := st.Entries(t.Context(), 0)
		require.NoError(t, err)
		require.Len(t, entries, 1)
	})
	t.Run("older lines than those that are wanted do not matter", func(t *testing.T) {
		t.Parallel()
		st := newFile(t)
		require.NoError(t, os.WriteFile(st.logPath(), []byte("{}\n"+log), 0o600))
		entries, err := st.Entries(t.Context(), 1)
		require.NoError(t, err)
		require.Len(t, entries, 1)
	})
	t.Run("no file is no entries", func(t *testing.T) {
		t.Parallel()
		entries, err := newFile(t).Entries(t.Context(), 0)
		require.NoError(t, err)
		require.Equal(t, []core.Entry{}, entries)
	})
}

// TestALogThatEverybodyMayWrite could be forged by anybody.
func TestALogThatEverybodyMayWrite(t *testing.T) {
	t.Parallel()
	if !hasPermissions {
		t.Skip("files have no permissions here")
	}
	st, _ := down(t)
	require.NoError(t, os.Chmod(st.logPath(), 0o666))
	_, err := st.Entries(t.Context(), 0)
	require.ErrorContains(t, err, "any of whom could forge it")
	lenient, err := New(st.path, AllowWorldWritable())
	require.NoError(t, err)
	entries, err := lenient.Entries(t.Context(), 0)
	require.NoError(t, err)
	require.Len(t, entries, 1)

	require.NoError(t, os.Chmod(st.logPath(), 0o644))
	require.NoError(t, os.Chmod(st.dir, 0o777))
	_, err = st.Entries(t.Context(), 0)
	require.ErrorContains(t, err, "every user of this system may write in its directory")
	entries, err = lenient.Entries(t.Context(), 0)
	require.NoError(t, err)
	require.Len(t, entries, 1)
}

// TestAReaderMissesNoEntry reads the log again and again while it is written.
func TestAReaderMissesNoEntry(t *testing.T) {
	t.Parallel()
	st, _ := down(t)
	done := make(chan error, 1)
	go func() {
		var err error
		for range 100 {
			if _, err = core.Start(t.Context(), st, core.StartOptions{Holder: "ann"}); err != nil {
				break
			}
		}
		done <- err
	}()
	reader := again(t, st)
	for confirmed := int64(0); ; {
		select {
		case err := <-done:
			require.NoError(t, err)
			requireLogged(t, reader, load(t, st).Document)
			return
		default:
		}
		entries, err := reader.Entries(t.Context(), 0)
		require.NoError(t, err)
		require.GreaterOrEqual(t, int64(len(entries)), confirmed)
		for i, e := range entries {
			require.Equal(t, int64(len(entries)-i), e.Revision)
		}
		confirmed = load(t, reader).Document.Revision
	}
}

// TestAFullDiskMakesNoWrite: neither a line without its write, nor a write without its line.
func TestAFullDiskMakesNoWrite(t *testing.T) {
	t.Parallel()
	for _, failing := range []string{"write-log", "sync-log"} {
		st, before := down(t)
		st.fault = func(step string) error {
			if step == failing {
				return syscall.ENOSPC
			}
			return nil
		}
		_, err := core.End(t.Context(), st, core.EndOptions{All: true})
		require.ErrorIs(t, err, syscall.ENOSPC)
		require.ErrorContains(t, err, "its log "+st.logPath())
		st.fault = nil
		require.Equal(t, before.Document, load(t, st).Document)
		requireLogged(t, st, before.Document)
	}
}
