package filestore

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
)

// plantRow writes a row that every reader prunes, with a lock file, into dir.
func plantRow(t *testing.T, dir, id string) {
	t.Helper()
	row, err := core.EncodeInstance(core.Instance{ID: id, Host: "elsewhere"})
	require.NoError(t, err)
	old := time.Now().Add(-2 * core.PruneAfter)
	text, err := json.Marshal(stampedRow{Seen: old, Lease: old, Row: row})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, id+".json"), text, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, id+".lock"), nil, 0o600))
}

// TestTheRowsDirectoryIsNoLink: what is read, written and pruned is not wherever somebody
// who may write beside the document points to.
func TestTheRowsDirectoryIsNoLink(t *testing.T) {
	t.Parallel()
	for name, beside := range map[string]bool{"to a directory elsewhere": false, "to a directory beside it": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st, _ := down(t)
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

			_, _, err := st.Instances(t.Context())
			require.ErrorContains(t, err, st.path+".instances: want a directory, and no link to one")
			_, _, err = st.Report(t.Context(), newRow("one"), time.Minute)
			require.ErrorContains(t, err, "no link to one")
			require.ErrorContains(t, st.Leave(t.Context(), "daemon"), "no link to one")
			require.ElementsMatch(t, []string{"daemon.json", "daemon.lock"}, names(t, victim))
		})
	}
}

// TestTheRowsDirectoryMayBeSwappedMeanwhile: what is removed is what was read.
func TestTheRowsDirectoryMayBeSwappedMeanwhile(t *testing.T) {
	t.Parallel()
	st, _ := down(t)
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
	_, found, err := st.Instances(t.Context())
	require.NoError(t, err)
	require.Empty(t, found)
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
	_, _, err = st.Report(t.Context(), newRow("one"), time.Minute)
	require.ErrorContains(t, err, "want a directory, and no link to one")
	require.Empty(t, names(t, victim))
	after, err := os.Stat(victim)
	require.NoError(t, err)
	require.Equal(t, ownerOf(before), ownerOf(after))
	require.Equal(t, before.Mode(), after.Mode())
}

func TestWhatLiesInTheWayOfARow(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ plant, want string }{
		"a link in the place of the temporary file": {plant: ".one.tmp"},
		"a link in the place of the row":            {plant: "one.json"},
		"a link in the place of the lock file":      {plant: "one.lock", want: "one.lock is a symbolic link, want a regular file"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := newFile(t)
			rows := st.path + ".instances"
			require.NoError(t, os.Mkdir(rows, 0o700))
			require.NoError(t, os.WriteFile(filepath.Join(rows, "victim"), []byte("untouched"), 0o600))
			require.NoError(t, os.Symlink("victim", filepath.Join(rows, c.plant)))
			_, _, err := st.Report(t.Context(), newRow("one"), time.Minute)
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

// TestALockThatIsNotTheInstancesOwnTellsNothing: a row whose lock is a link to a file that
// nobody holds is not known to be dead.
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
			_, _, err := st.Report(t.Context(), newRow("one"), time.Minute)
			require.NoError(t, err)
			require.NoError(t, st.held["one"].Unlock())
			require.True(t, rows(t, st.path)[0].Dead)
			lock := filepath.Join(st.path+".instances", "one.lock")
			require.NoError(t, errors.Join(os.Remove(lock), plant(lock)))
			require.False(t, rows(t, st.path)[0].Dead)
		})
	}
}

func TestLeaveGivesTheLockBackAlsoWhereTheRowsAreGone(t *testing.T) {
	t.Parallel()
	st := newFile(t)
	_, _, err := st.Report(t.Context(), newRow("one"), time.Minute)
	require.NoError(t, err)
	require.NoError(t, os.RemoveAll(st.path+".instances"))
	require.NoError(t, st.Leave(t.Context(), "one"))
	require.Empty(t, st.held)
}
