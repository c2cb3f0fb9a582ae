package filestore

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
)

// stepsOf are the steps of one Commit, in their order.
func stepsOf(t *testing.T, exists bool) []string {
	t.Helper()
	st := newFile(t)
	if exists {
		st, _ = down(t)
	}
	var steps []string
	st.fault = func(step string) error {
		steps = append(steps, step)
		return nil
	}
	_, err := core.Start(t.Context(), st, core.StartOptions{Holder: "bob"})
	require.NoError(t, err)
	require.Contains(t, steps, "rename")
	return steps
}

// TestTheOrderOfAWrite: the new content is durable before its name is, and the marker says
// nothing that is not so.
func TestTheOrderOfAWrite(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{
		"open-directory", "open-lock", "lock", "check-lock", "read",
		"create-temp", "write-temp", "own-temp", "sync-temp", "close-temp",
		"open-log", "read-log", "write-log", "sync-log",
		"rename", "sync-directory", "end-log",
		"create-marker", "write-marker", "own-marker", "close-marker", "rename-marker",
	}, stepsOf(t, true))
	require.Equal(t, []string{
		"open-directory", "open-lock", "create-lock", "own-lock", "lock", "check-lock", "read",
		"create-temp", "write-temp", "own-temp", "sync-temp", "close-temp",
		"open-log", "create-log", "write-log", "own-log", "sync-log", "close-log", "rename-log", "read-log", "write-log", "sync-log",
		"rename", "sync-directory", "end-log",
		"create-marker", "write-marker", "own-marker", "sync-marker", "close-marker", "rename-marker",
		"sync-marker-directory",
	}, stepsOf(t, false))
}

// TestEachStepMayFail: whatever call fails, the document is the old one or the new one, no
// temporary file stays, and the next writer succeeds.
func TestEachStepMayFail(t *testing.T) {
	t.Parallel()
	for name, exists := range map[string]bool{"the first write": false, "a later write": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			steps := stepsOf(t, exists)
			renamed := slices.Index(steps, "rename")
			for i, failing := range steps {
				t.Run(failing, func(t *testing.T) {
					t.Parallel()
					st := newFile(t)
					if exists {
						st, _ = down(t)
					}
					before := load(t, st)
					next := nextDocument(before.Document)
					st.fault = func(step string) error {
						if step == failing {
							return syscall.EIO
						}
						return nil
					}
					err := st.Commit(t.Context(), before.Mark, next, entryOf(next))
					if failing == "end-log" {
						require.NoError(t, err, "a reader can do without")
					} else {
						require.ErrorIs(t, err, syscall.EIO)
					}
					after := load(t, again(t, st))
					if i <= renamed {
						require.Equal(t, before.Document, after.Document, "the old one")
						requireLogged(t, again(t, st), before.Document)
					} else {
						require.Equal(t, next, after.Document, "the new one")
						requireLogged(t, again(t, st), next)
					}
					for _, file := range names(t, st.dir) {
						require.Contains(t, []string{st.base, st.lockName(), st.logName(), st.markerName()}, file)
					}
					st.fault = nil
					third := nextDocument(after.Document)
					require.NoError(t, st.Commit(t.Context(), after.Mark, third, entryOf(third)))
					requireLogged(t, again(t, st), third)
				})
			}
		})
	}
}

// TestAWriteThatMayNotLastIsNotConfirmed: that the new document can be read says nothing of
// a crash, so that whoever has written it is told.
func TestAWriteThatMayNotLastIsNotConfirmed(t *testing.T) {
	t.Parallel()
	for failing, want := range map[string]string{
		"sync-directory":        "revision 1 is in the file, but may be gone after a crash of the machine",
		"create-marker":         "revision 1 is in the file, but not noted in",
		"sync-marker":           "revision 1 is in the file, but not noted in",
		"rename-marker":         "revision 1 is in the file, but not noted in",
		"sync-marker-directory": "revision 1 is in the file, but not noted in",
	} {
		t.Run(failing, func(t *testing.T) {
			t.Parallel()
			st := newFile(t)
			st.fault = func(step string) error {
				if step == failing {
					return syscall.EIO
				}
				return nil
			}
			res, err := core.Start(t.Context(), st, core.StartOptions{Holder: "ann"})
			require.ErrorIs(t, err, core.ErrUnconfirmed)
			require.ErrorIs(t, err, syscall.EIO)
			require.ErrorContains(t, err, want)
			require.ErrorContains(t, err, st.path)
			require.Zero(t, res.Period, "nothing is said to have begun")
		})
	}
}

func nextDocument(d *core.Document) *core.Document {
	next := &core.Document{Format: core.Format, StoreID: "s", Periods: []core.Period{}}
	if d != nil {
		*next = *d
	}
	next.Revision++
	next.WriteID = "w"
	return next
}

// entryOf is the one that belongs to the write of d.
func entryOf(d *core.Document) core.Entry {
	return core.Entry{
		Time: time.Date(2026, 3, 8, 12, 0, 0, 0, time.UTC), Revision: d.Revision, WriteID: d.WriteID,
		Action: core.ActionStart, Actor: "ann", Changes: []core.Change{},
	}
}

// requireLogged: the log has an entry for each revision up to d's, and no other.
func requireLogged(t *testing.T, st *Store, d *core.Document) {
	t.Helper()
	entries, err := st.Entries(t.Context(), 0)
	require.NoError(t, err)
	var got, want []int64
	for _, e := range entries {
		got = append(got, e.Revision)
	}
	if d != nil {
		require.Equal(t, d.WriteID, entries[0].WriteID)
		for n := d.Revision; n > max(0, d.Revision-core.MaxEntries); n-- {
			want = append(want, n)
		}
	}
	require.Equal(t, want, got)
}

func TestWhatMayNotBeWrittenIsReadOnly(t *testing.T) {
	t.Parallel()
	for _, cause := range []error{syscall.EROFS, syscall.EACCES, syscall.EPERM} {
		for _, failing := range []string{"open-lock", "create-temp", "open-log", "sync-log", "rename"} {
			t.Run(failing+" "+cause.Error(), func(t *testing.T) {
				t.Parallel()
				st, before := down(t)
				st.fault = func(step string) error {
					if step == failing {
						return &os.PathError{Op: "openat", Path: "x", Err: cause}
					}
					return nil
				}
				_, err := core.End(t.Context(), st, core.EndOptions{All: true})
				require.ErrorIs(t, err, core.ErrReadOnly)
				require.ErrorIs(t, err, cause)
				require.ErrorContains(t, err, st.path)
				require.Equal(t, before.Document, load(t, st).Document)
			})
		}
	}
}

func TestWhatIsNoDocumentIsNeverReplaced(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{"corrupt": "}", "empty": "", "newer": `{"format":2,"periods":[]}`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st, before := down(t)
			write(t, st, content)
			for _, base := range []core.Mark{{}, before.Mark} {
				err := st.Commit(t.Context(), base, nextDocument(before.Document), core.Entry{})
				require.ErrorContains(t, err, "not replaced, repair or remove it")
				require.NotErrorIs(t, err, core.ErrConflict)
			}
			_, err := core.End(t.Context(), st, core.EndOptions{All: true})
			require.Error(t, err)
			b, err := os.ReadFile(st.path)
			require.NoError(t, err)
			require.Equal(t, content, string(b))
		})
	}
}

func TestADocumentThatNobodyMadeIsRefused(t *testing.T) {
	t.Parallel()
	st := newFile(t)
	for name, d := range map[string]*core.Document{
		"no document": nil,
		"no store_id": {Format: 1, Revision: 1, WriteID: "w"},
		"no revision": {Format: 1, StoreID: "s", WriteID: "w"},
		"no write_id": {Format: 1, StoreID: "s", Revision: 1},
		"no format":   {StoreID: "s", Revision: 1, WriteID: "w"},
	} {
		require.ErrorContains(t, st.Commit(t.Context(), core.Mark{}, d, core.Entry{}), "not written", name)
	}
	require.Empty(t, names(t, st.dir))
}

func TestASymbolicLinkIsReadAndNeverWrittenThrough(t *testing.T) {
	t.Parallel()
	st, _ := down(t)
	target := filepath.Join(t.TempDir(), "target.json")
	require.NoError(t, os.Rename(st.path, target))
	require.NoError(t, os.Symlink(target, st.path))
	was, err := os.ReadFile(target)
	require.NoError(t, err)

	state := load(t, st)
	require.Len(t, state.Document.InForce(state.Time), 1)
	_, err = core.End(t.Context(), st, core.EndOptions{All: true})
	require.ErrorIs(t, err, core.ErrReadOnly)
	require.ErrorContains(t, err, "name the file that it points to")

	is, err := os.ReadFile(target)
	require.NoError(t, err)
	require.Equal(t, was, is)
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
	publish("..1", handwritten)
	require.NoError(t, os.Symlink("..data/downtime.json", filepath.Join(dir, "downtime.json")))
	st, err := New(filepath.Join(dir, "downtime.json"))
	require.NoError(t, err)
	before := load(t, st)
	require.Len(t, before.Document.Periods, 1)

	publish("..2", `{"format":1,"periods":[]}`)
	after, err := st.Load(t.Context(), before.Mark)
	require.NoError(t, err)
	require.Empty(t, after.Document.Periods)

	_, err = core.Start(t.Context(), st, core.StartOptions{Holder: "ann"})
	require.ErrorIs(t, err, core.ErrReadOnly)
	require.NotContains(t, names(t, dir), "downtime.json.lock.tmp")

	require.NoError(t, os.Remove(filepath.Join(dir, "..data", "downtime.json")))
	_, err = st.Load(t.Context(), after.Mark)
	require.ErrorContains(t, err, "which does not exist")
}

func TestTemporaryFilesOfTheKilledAreRemoved(t *testing.T) {
	t.Parallel()
	st, before := down(t)
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
	load(t, st)
	require.FileExists(t, stale, "a reader writes nothing")

	require.NoError(t, st.Commit(t.Context(), before.Mark, nextDocument(before.Document), core.Entry{}))
	require.ElementsMatch(t, append(others, st.base, st.lockName(), st.logName(), st.markerName()), names(t, st.dir))
}

// TestAStoreWhoseNameBeginsLikeAnothers: its temporary file is nobody else's to remove.
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
		_, err := core.Start(t.Context(), short, core.StartOptions{Holder: "ann"})
		return err
	}
	_, err = core.Start(t.Context(), long, core.StartOptions{Holder: "bob"})
	require.NoError(t, err)
}

func TestAContextThatEndsMeanwhileStopsTheWrite(t *testing.T) {
	t.Parallel()
	st, before := down(t)
	ctx, cancel := context.WithCancel(t.Context())
	st.fault = func(step string) error {
		if step == "close-temp" {
			cancel()
		}
		return nil
	}
	require.ErrorIs(t, st.Commit(ctx, before.Mark, nextDocument(before.Document), core.Entry{}), context.Canceled)
	require.Equal(t, before.Document, load(t, st).Document)
	require.Len(t, names(t, st.dir), 4)
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
	require.NoError(t, st.Commit(t.Context(), core.Mark{}, nextDocument(nil), core.Entry{}))
	require.Empty(t, names(t, dir), "nothing is written where nobody has locked")
	require.ElementsMatch(t, []string{"downtime.json", "downtime.json.lock", "downtime.json.written"}, names(t, elsewhere))
}

func TestTheDocumentIsForPeople(t *testing.T) {
	t.Parallel()
	st, _ := down(t)
	b, err := os.ReadFile(st.path)
	require.NoError(t, err)
	require.Contains(t, string(b), "\n      \"kind\": \"deployment\",\n")
	require.True(t, strings.HasSuffix(string(b), "}\n"))
}

func TestTenThousandPeriodsAreQuick(t *testing.T) {
	t.Parallel()
	st := newFile(t)
	next := nextDocument(nil)
	for i := range 10_000 {
		next.Periods = append(next.Periods, core.Period{
			ID: "p" + strconv.Itoa(i), Kind: core.Window, Start: time.Unix(1.7e9, 0), Version: 1,
		})
	}
	began := time.Now()
	require.NoError(t, st.Commit(t.Context(), core.Mark{}, next, core.Entry{}))
	load(t, st)
	require.Less(t, time.Since(began), 5*time.Second)
}
