package filestore

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/internal/trust"
	"github.com/go-downtime/downtime/store"
)

// plantRow writes a row that every reader prunes, with a lock file, into dir.
func plantRow(t *testing.T, dir, key string) {
	t.Helper()
	old := time.Now().Add(-2 * store.KeepRow)
	text, err := json.Marshal(record{Seen: old, Lease: old, Host: "elsewhere"})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, key+".json"), text, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, key+".lock"), nil, 0o600))
}

// TestTheRowsDirectoryIsNoLink: a user who can write beside the document cannot choose another
// directory to be read, written and pruned.
func TestTheRowsDirectoryIsNoLink(t *testing.T) {
	t.Parallel()
	for name, beside := range map[string]bool{"to a directory elsewhere": false, "to a directory beside it": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st, _ := written(t)
			victim := filepath.Join(t.TempDir(), "victim")
			if beside {
				victim = filepath.Join(st.dir, "victim")
			}
			require.NoError(t, os.Mkdir(victim, 0o700))
			plantRow(t, victim, "daemon")
			target := victim
			if beside {
				target = "victim"
			}
			require.NoError(t, os.Symlink(target, st.path+".instances"))

			_, err := st.ListRows(t.Context(), "")
			require.ErrorContains(t, err, st.path+".instances: want a directory, and no link to one")
			_, _, err = st.PutRow(t.Context(), "one", []byte("row"), time.Minute)
			require.ErrorContains(t, err, "no link to one")
			require.ErrorContains(t, st.DeleteRow(t.Context(), "daemon", nil), "no link to one")
			require.ElementsMatch(t, []string{"daemon.json", "daemon.lock"}, names(t, victim))
		})
	}
}

// TestTheRowsDirectoryMayBeSwappedMeanwhile: only the files that were read are removed.
func TestTheRowsDirectoryMayBeSwappedMeanwhile(t *testing.T) {
	t.Parallel()
	st, _ := written(t)
	rows, victim := st.path+".instances", filepath.Join(t.TempDir(), "victim")
	for _, dir := range []string{rows, victim} {
		require.NoError(t, os.Mkdir(dir, 0o700))
		plantRow(t, dir, "daemon")
	}
	st.fault = func(step string) error {
		if step != "read-rows" {
			return nil
		}
		return errors.Join(os.Rename(rows, rows+".away"), os.Symlink(victim, rows))
	}
	set, err := st.ListRows(t.Context(), "")
	require.NoError(t, err)
	require.Empty(t, set.Rows)
	require.Empty(t, names(t, rows+".away"), "pruned")
	require.ElementsMatch(t, []string{"daemon.json", "daemon.lock"}, names(t, victim))
}

func TestARowsDirectoryThatBecomesALinkAsItIsMade(t *testing.T) {
	t.Parallel()
	st := newFile(t)
	rows, victim := st.path+".instances", t.TempDir()
	before, err := os.Stat(victim)
	require.NoError(t, err)
	st.fault = func(step string) error {
		if step != "open-rows" {
			return nil
		}
		return errors.Join(os.Remove(rows), os.Symlink(victim, rows))
	}
	_, _, err = st.PutRow(t.Context(), "one", []byte("row"), time.Minute)
	require.ErrorContains(t, err, "want a directory, and no link to one")
	require.Empty(t, names(t, victim))
	after, err := os.Stat(victim)
	require.NoError(t, err)
	require.Equal(t, trust.OwnerOf(before), trust.OwnerOf(after))
	require.Equal(t, before.Mode(), after.Mode())
}

func TestWhatLiesInTheWayOfARow(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ plant, want string }{
		"a link in the place of the row":       {plant: "one.json"},
		"a link in the place of the time":      {plant: "since"},
		"a link in the place of the tombstone": {plant: "one.gone", want: "row of this instance was deleted"},
		"a link in the place of the lock file": {plant: "one.lock", want: "one.lock is a symbolic link, want a regular file"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := newFile(t)
			rows := st.path + ".instances"
			require.NoError(t, os.Mkdir(rows, 0o700))
			require.NoError(t, os.WriteFile(filepath.Join(rows, "victim"), []byte("untouched"), 0o600))
			require.NoError(t, os.Symlink("victim", filepath.Join(rows, c.plant)))
			_, _, err := st.PutRow(t.Context(), "one", []byte("row"), time.Minute)
			if c.want != "" {
				require.ErrorContains(t, err, c.want)
			} else {
				require.NoError(t, err)
			}
			b, err := os.ReadFile(filepath.Join(rows, "victim"))
			require.NoError(t, err)
			require.Equal(t, "untouched", string(b))
		})
	}
}

// TestALockThatIsNotTheInstancesOwnTellsNothing: a row whose lock is missing, or a link to a
// file that no process holds, is not known to be dead.
func TestALockThatIsNotTheInstancesOwnTellsNothing(t *testing.T) {
	t.Parallel()
	for name, plant := range map[string]func(lock string) error{
		"missing": func(string) error { return nil },
		"a link": func(lock string) error {
			return errors.Join(os.WriteFile(lock+"x", nil, 0o600), os.Symlink("one.lockx", lock))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := newFile(t)
			put(t, st, "one")
			require.NoError(t, st.held["one"].lock.Unlock())
			require.Equal(t, store.Gone, rows(t, st)[0].Life)
			lock := filepath.Join(st.path+".instances", "one.lock")
			require.NoError(t, errors.Join(os.Remove(lock), plant(lock)))
			require.Equal(t, store.Live, rows(t, st)[0].Life)
		})
	}
}

// TestALockThatIsReplacedWhileItIsProbedTellsNothing: its process can have taken another one.
func TestALockThatIsReplacedWhileItIsProbedTellsNothing(t *testing.T) {
	t.Parallel()
	st := newFile(t)
	put(t, st, "one")
	reader := again(t, st)
	reader.fault = func(step string) error {
		if step == "probe-row" {
			require.NoError(t, os.Remove(file(st, "one.lock")))
			put(t, st, "one")
		}
		return nil
	}
	set, err := reader.ListRows(t.Context(), "")
	require.ErrorIs(t, err, store.ErrNeverWritten)
	require.Len(t, set.Rows, 1)
	require.Equal(t, store.Live, set.Rows[0].Life)
}

func TestDeleteRowGivesTheLockBackAlsoWhereTheRowsAreLost(t *testing.T) {
	t.Parallel()
	st := newFile(t)
	put(t, st, "one")
	require.NoError(t, os.RemoveAll(st.path+".instances"))
	require.NoError(t, st.DeleteRow(t.Context(), "one", nil))
	require.Empty(t, st.held)
}

func TestTheTimeOfTheSetIsWrittenAnewIfItIsLost(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(path string) error{
		"removed": os.Remove,
		"empty":   func(path string) error { return os.Truncate(path, 0) },
		"garbage": func(path string) error { return os.WriteFile(path, []byte("{}"), 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := newFile(t)
			put(t, st, "one")
			before := since(t, st)
			require.False(t, before.IsZero())
			require.NoError(t, lose(filepath.Join(st.path+".instances", "since")))
			require.Zero(t, since(t, st))
			require.Len(t, rows(t, st), 1)
			put(t, st, "one")
			require.True(t, since(t, st).After(before), "the set is young")
		})
	}
}

func since(t *testing.T, st *Store) time.Time {
	t.Helper()
	set, err := again(t, st).ListRows(t.Context(), "")
	require.ErrorIs(t, err, store.ErrNeverWritten)
	return set.Since
}

func TestTemporaryFilesOfKilledInstancesAreRemovedAfterADay(t *testing.T) {
	t.Parallel()
	st := newFile(t)
	put(t, st, "one")
	dir := st.path + ".instances"
	root, err := os.OpenRoot(dir)
	require.NoError(t, err)
	defer func() { require.NoError(t, root.Close()) }()
	young, err := st.writeRecordTemp(root, record{})
	require.NoError(t, err)
	old, err := st.writeRecordTemp(root, record{})
	require.NoError(t, err)
	long := time.Now().Add(-store.KeepRow - time.Minute)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "another.tmp"), nil, 0o600))
	for _, name := range []string{old, "another.tmp", "one.lock"} {
		require.NoError(t, os.Chtimes(filepath.Join(dir, name), long, long))
	}
	require.Len(t, rows(t, st), 1)
	require.ElementsMatch(t, []string{"one.json", "one.lock", "since", young, "another.tmp"}, names(t, dir))
}
