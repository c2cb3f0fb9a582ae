package filestore

import (
	"bufio"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestAWriterMayDieBeforeEachStep ends another process, as kill -9 does, before each system
// call of a write.
func TestAWriterMayDieBeforeEachStep(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"the first write", "a later write"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			_, _, steps := begun(t, kind)
			renamed := slices.Index(steps, "rename")
			for i, step := range steps {
				t.Run(step, func(t *testing.T) {
					t.Parallel()
					st, before, _ := begun(t, kind)
					requireKilled(t, process(t.Context(), "die at a step of a write", st.path, stepVar+"="+strconv.Itoa(i)))
					after := content(t, st)
					if i <= renamed {
						require.Equal(t, before.Bytes, after.Bytes, "the old one")
					} else {
						require.Equal(t, withLine(before.Bytes), after.Bytes, "the new one")
					}
					requireWritable(t, st)
				})
			}
		})
	}
}

func requireKilled(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	var died *exec.ExitError
	require.ErrorAs(t, cmd.Run(), &died)
	require.False(t, died.Exited() && died.ExitCode() == 1, "it was killed, it did not fail")
}

// requireWritable: the next writer finds no lock in its way, and leaves nothing of the
// killed behind.
func requireWritable(t *testing.T, st *Store) {
	t.Helper()
	began := time.Now()
	require.NoError(t, change(t.Context(), again(t, st)))
	require.Less(t, time.Since(began), lockTimeout/2)
	require.ElementsMatch(t, []string{st.base, st.lockName(), st.markerName()}, names(t, st.dir))
}

// TestKilledWriters kills 1,000 processes that write as fast as they can, at any point. Each
// next one proves that the lock was free.
func TestKilledWriters(t *testing.T) {
	t.Parallel()
	kills, batches := 1000, 4
	if testing.Short() {
		kills = 100
	}
	var amid, writes atomic.Int64
	t.Run("batches", func(t *testing.T) {
		t.Parallel()
		t.Cleanup(func() {
			t.Logf("%d kills, %d of them amid a temporary file, %d writes", kills, amid.Load(), writes.Load())
			require.Positive(t, amid.Load(), "no writer was killed at work")
		})
		for batch := range batches {
			t.Run(strconv.Itoa(batch), func(t *testing.T) {
				t.Parallel()
				st := newFile(t)
				n := 0
				for range kills / batches {
					n = killOneWriter(t, st, n)
					if len(names(t, st.dir)) > 3 {
						amid.Add(1) // its temporary file is still there
					}
				}
				requireWritable(t, st)
				writes.Add(int64(n))
			})
		}
	})
}

// killOneWriter lets a writer go on from document n, kills it, and returns the number of the
// document that is then in the file.
func killOneWriter(t *testing.T, st *Store, n int) int {
	t.Helper()
	cmd := process(t.Context(), "write on and on", st.path)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines := bufio.NewScanner(out)
	confirmed := n
	for range 1 + rand.IntN(2) { // the first line: this one could write
		require.True(t, lines.Scan(), "a writer could not write after one was killed")
		confirmed = number(t, lines.Text())
	}
	require.Greater(t, confirmed, n)
	<-time.After(rand.N(5 * time.Millisecond)) // about one write
	require.NoError(t, cmd.Process.Kill())
	for lines.Scan() { // its last confirmed write
		confirmed = number(t, lines.Text())
	}
	var died *exec.ExitError
	require.ErrorAs(t, cmd.Wait(), &died)
	require.False(t, died.Exited(), "it was killed, it did not fail")

	b, err := os.ReadFile(st.path)
	require.NoError(t, err)
	is := numberOf(b)
	require.Positive(t, is, "the file has each byte that was written")
	require.GreaterOrEqual(t, is, confirmed, "what was confirmed stays")
	require.LessOrEqual(t, is, confirmed+1)
	return is
}

func number(t testing.TB, line string) int {
	t.Helper()
	n, err := strconv.Atoi(line)
	require.NoError(t, err)
	return n
}

// TestReadersNeverSeeATornFile reads the bare file while it is written.
func TestReadersNeverSeeATornFile(t *testing.T) {
	t.Parallel()
	st := newFile(t)
	require.NoError(t, st.Swap(t.Context(), "", numbered(1)))
	done := make(chan struct{})
	var readers sync.WaitGroup
	torn := make(chan string, 4)
	for range 2 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				if b, err := os.ReadFile(st.path); err != nil || numberOf(b) == 0 {
					torn <- string(b)
					return
				}
			}
		})
	}
	for n := 2; n <= 50; n++ {
		require.NoError(t, st.Swap(t.Context(), read(t, st).Token, numbered(n)))
	}
	close(done)
	readers.Wait()
	close(torn)
	for what := range torn {
		t.Error(what)
	}
}
