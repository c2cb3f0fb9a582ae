package filestore

import (
	"bufio"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
)

// TestAWriterMayDieBeforeEachStep ends another process, as kill -9 does, before each system
// call of a write.
func TestAWriterMayDieBeforeEachStep(t *testing.T) {
	t.Parallel()
	for name, exists := range map[string]bool{"the first write": false, "a later write": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			steps := stepsOf(t, exists)
			renamed := slices.Index(steps, "rename")
			for i, step := range steps {
				t.Run(step, func(t *testing.T) {
					t.Parallel()
					st := newFile(t)
					if exists {
						st, _ = down(t)
					}
					before := load(t, st)
					var died *exec.ExitError
					require.ErrorAs(t, process(t.Context(), "die-at-step", st.path, stepVar+"="+step).Run(), &died)
					require.False(t, died.Exited() && died.ExitCode() == 1, "it was killed, it did not fail")

					after := load(t, again(t, st)).Document
					switch {
					case i <= renamed:
						require.Equal(t, before.Document, after, "the old one")
					case exists:
						require.Equal(t, before.Document.Revision+1, after.Revision, "the new one")
						require.False(t, after.HandEdited())
					default:
						require.EqualValues(t, 1, after.Revision, "the new one")
						require.False(t, after.HandEdited())
					}
					requireLogged(t, again(t, st), after)
					requireWritable(t, st)
				})
			}
		})
	}
}

// requireWritable: the next writer finds no lock in its way, and leaves nothing of the
// killed behind.
func requireWritable(t *testing.T, st *Store) {
	t.Helper()
	began := time.Now()
	_, err := core.Start(t.Context(), again(t, st), core.StartOptions{Holder: "next"})
	require.NoError(t, err)
	require.Less(t, time.Since(began), lockTimeout/2)
	requireLogged(t, st, load(t, st).Document)
	require.ElementsMatch(t, []string{st.base, st.lockName(), st.logName(), st.markerName()}, names(t, st.dir))
}

// TestKilledWriters kills 1,000 processes that write as fast as they can, at whatever they
// are at. Each next one is the proof that the lock was free.
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
				var revision int64
				for range kills / batches {
					revision = killOneWriter(t, st, revision)
					if len(names(t, st.dir)) > 4 {
						amid.Add(1) // its temporary file is still there
					}
				}
				requireWritable(t, st)
				writes.Add(revision)
			})
		}
	})
}

// killOneWriter lets a writer go on from revision, kills it, and returns the revision that
// is then in the file.
func killOneWriter(t *testing.T, st *Store, revision int64) int64 {
	t.Helper()
	cmd := process(t.Context(), "write-for-ever", st.path)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines := bufio.NewScanner(out)
	confirmed := revision
	for range 1 + rand.IntN(2) { // the first line: this one could write
		require.True(t, lines.Scan(), "a writer could not write after one was killed")
		confirmed = number(t, lines.Text())
	}
	require.Greater(t, confirmed, revision)
	<-time.After(rand.N(5 * time.Millisecond)) // about one write
	require.NoError(t, cmd.Process.Kill())
	for lines.Scan() { // what it had still confirmed
		confirmed = number(t, lines.Text())
	}
	var died *exec.ExitError
	require.ErrorAs(t, cmd.Wait(), &died)
	require.False(t, died.Exited(), "it was killed, it did not fail")

	b, err := os.ReadFile(st.path)
	require.NoError(t, err)
	d, err := core.DecodeDocument(b)
	require.NoError(t, err)
	require.False(t, d.HandEdited(), "what is there is what was written, to the byte")
	require.GreaterOrEqual(t, d.Revision, confirmed, "what was confirmed stays")
	require.LessOrEqual(t, d.Revision, confirmed+1)
	require.Equal(t, strings.Repeat("x", 2000), d.Periods[0].Reason)
	return d.Revision
}

func number(t testing.TB, line string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(line, 10, 64)
	require.NoError(t, err)
	return n
}

// TestReadersNeverSeeATornFile reads the bare file while it is written.
func TestReadersNeverSeeATornFile(t *testing.T) {
	t.Parallel()
	st, _ := down(t)
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
				b, err := os.ReadFile(st.path)
				if err == nil {
					_, err = core.DecodeDocument(b)
				}
				if err != nil {
					torn <- err.Error()
					return
				}
			}
		})
	}
	for i := range 50 {
		reason := strings.Repeat("y", i*50)
		_, err := core.Start(t.Context(), st, core.StartOptions{Holder: "ann", Reason: &reason})
		require.NoError(t, err)
	}
	close(done)
	readers.Wait()
	close(torn)
	for what := range torn {
		t.Error(what)
	}
}
