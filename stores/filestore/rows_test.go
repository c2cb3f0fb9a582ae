package filestore

import (
	"bufio"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
)

func newRow(id string) core.Instance {
	host, boot := core.ThisHost()
	return core.Instance{ID: id, Host: host, Boot: boot, PID: os.Getpid(), Refuses: []string{}}
}

// rows are those that another process would see.
func rows(t *testing.T, path string) []core.Instance {
	t.Helper()
	other, err := New(path)
	require.NoError(t, err)
	_, rows, err := core.Instances(t.Context(), other)
	require.NoError(t, err)
	return rows
}

func TestARowIsAliveForAsLongAsItsProcessHoldsTheLock(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "downtime.json")
	require.Empty(t, rows(t, path))
	st, err := New(path)
	require.NoError(t, err)
	_, now, err := st.Report(t.Context(), newRow("one"), time.Minute)
	require.NoError(t, err)
	found := rows(t, path)
	require.Len(t, found, 1)
	require.False(t, found[0].Dead)
	require.True(t, found[0].Live(now))
	require.True(t, found[0].Silent(now.Add(time.Minute)), "alive, and yet its lease has run out")
	require.NoError(t, st.Leave(t.Context(), "one"))
	require.NoError(t, st.Leave(t.Context(), "one"), "idempotent")
	require.Empty(t, rows(t, path))
	left, err := os.ReadDir(path + ".instances")
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestAKilledProcessIsKnownToBeDead(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "downtime.json")
	child := process(t.Context(), "register", path)
	stdin, err := child.StdinPipe() // open until the end, so that the child waits
	require.NoError(t, err)
	defer func() { _ = stdin.Close() }()
	stdout, err := child.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "registered\n", line)
	found := rows(t, path)
	require.Len(t, found, 1)
	require.False(t, found[0].Dead)
	require.NoError(t, child.Process.Kill())
	require.Error(t, child.Wait(), "it was killed")
	found = rows(t, path)
	require.Len(t, found, 1)
	require.True(t, found[0].Dead, "the kernel gave its lock back")
	require.False(t, found[0].Silent(time.Now().Add(time.Hour)), "dead is not silent")
}

func TestOnlyThisHostAndBootTellTheDead(t *testing.T) {
	t.Parallel()
	for name, elsewhere := range map[string]func(*core.Instance){
		"another host": func(i *core.Instance) { i.Host += "-other" },
		"another boot": func(i *core.Instance) { i.Boot = "earlier" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "downtime.json")
			st, err := New(path)
			require.NoError(t, err)
			row := newRow("far")
			elsewhere(&row)
			_, now, err := st.Report(t.Context(), row, time.Minute)
			require.NoError(t, err)
			require.NoError(t, st.held["far"].Unlock()) // as if its process had ended
			found := rows(t, path)
			require.Len(t, found, 1)
			require.False(t, found[0].Dead)
			require.True(t, found[0].Silent(now.Add(time.Minute)))
		})
	}
}

func TestRowsThatAreLongGoneArePruned(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		dead, kept bool
	}{
		"a dead one is removed":                           {dead: true},
		"one that lives is kept, however late its report": {kept: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "downtime.json")
			st, err := New(path)
			require.NoError(t, err)
			_, _, err = st.Report(t.Context(), newRow("old"), -core.PruneAfter-time.Minute)
			require.NoError(t, err)
			if c.dead {
				require.NoError(t, st.held["old"].Unlock())
			}
			require.Equal(t, c.kept, len(rows(t, path)) == 1)
			if !c.kept {
				_, _, err = st.Report(t.Context(), newRow("old"), time.Minute)
				require.NoError(t, err, "whoever was pruned by mistake registers again")
				found := rows(t, path)
				require.Len(t, found, 1)
				require.False(t, found[0].Dead)
			}
		})
	}
}

func TestRowsThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	t.Run("a missing directory is an error", func(t *testing.T) {
		t.Parallel()
		st, err := New(filepath.Join(t.TempDir(), "none", "downtime.json"))
		require.NoError(t, err)
		_, _, err = st.Report(t.Context(), newRow("one"), time.Minute)
		require.ErrorContains(t, err, "none")
	})
	t.Run("an id that is a path is refused", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "downtime.json")
		st, err := New(path)
		require.NoError(t, err)
		for _, id := range []string{"", "../x", "a/b", "A", "a.json"} {
			_, _, err := st.Report(t.Context(), newRow(id), time.Minute)
			require.ErrorContains(t, err, "a-z and 0-9", id)
			require.Error(t, st.Leave(t.Context(), id))
		}
		require.NoDirExists(t, path+".instances")
	})
	t.Run("another process with the same id is refused", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "downtime.json")
		for i, want := range []string{"", "another process"} {
			st, err := New(path)
			require.NoError(t, err)
			_, _, err = st.Report(t.Context(), newRow("same"), time.Minute)
			if i == 0 {
				require.NoError(t, err)
				t.Cleanup(func() { _ = st.Leave(t.Context(), "same") })
			} else {
				require.ErrorContains(t, err, want)
			}
		}
	})
	t.Run("a spoiled row is an error that names the file", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "downtime.json")
		st, err := New(path)
		require.NoError(t, err)
		_, _, err = st.Report(t.Context(), newRow("one"), time.Minute)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path+".instances/two.json", []byte("{"), 0o600))
		_, _, err = st.Instances(t.Context())
		require.ErrorContains(t, err, "two.json")
	})
}
