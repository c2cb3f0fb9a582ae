package filestore

import (
	"bufio"
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
)

// holder is another process that holds the lock of st until it is killed.
func holder(t *testing.T, st *Store) (kill func()) {
	t.Helper()
	cmd := process(t.Context(), "hold-the-lock", st.path)
	_, err := cmd.StdinPipe() // open, so that it waits
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "held\n", line)
	return sync.OnceFunc(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
}

func TestAWriterWaitsForTheLockAndSaysSo(t *testing.T) {
	t.Parallel()
	st, before := down(t)
	kill := holder(t, st)
	defer kill()

	require.Equal(t, before.Document, load(t, again(t, st)).Document, "readers do not wait")

	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := st.Commit(ctx, before.Mark, nextDocument(before.Document), core.Entry{})
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorContains(t, err, "another process holds the lock "+st.path+".lock")
	require.Equal(t, before.Document, load(t, st).Document)

	kill() // as kill -9 does
	require.NoError(t, st.Commit(t.Context(), before.Mark, nextDocument(before.Document), core.Entry{}), "the kernel has freed it")
}

func TestAWriterOfThisProcessWaitsForTheOther(t *testing.T) {
	t.Parallel()
	st, before := down(t)
	inside, proceed := make(chan struct{}), make(chan struct{})
	st.fault = func(step string) error {
		if step == "rename" {
			close(inside)
			<-proceed
		}
		return nil
	}
	first := make(chan error)
	go func() { first <- st.Commit(t.Context(), before.Mark, nextDocument(before.Document), core.Entry{}) }()
	<-inside
	for _, second := range []*Store{st, again(t, st)} { // over the same handle, and over another
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		require.ErrorIs(t, second.Commit(ctx, before.Mark, nextDocument(before.Document), core.Entry{}), context.DeadlineExceeded)
		cancel()
	}
	close(proceed)
	require.NoError(t, <-first)
	require.ErrorIs(t, again(t, st).Commit(t.Context(), before.Mark, nextDocument(before.Document), core.Entry{}), core.ErrConflict)
}

// TestALockFileThatIsRemovedIsNoLock: two writers that locked two files of one name would
// both be alone.
func TestALockFileThatIsRemovedIsNoLock(t *testing.T) {
	t.Parallel()
	for name, remove := range map[string]func(t *testing.T, path string){
		"removed": func(t *testing.T, path string) {
			t.Helper()
			require.NoError(t, os.Remove(path))
		},
		"replaced": func(t *testing.T, path string) {
			t.Helper()
			require.NoError(t, os.WriteFile(path+".new", nil, 0o600))
			require.NoError(t, os.Rename(path+".new", path))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st, before := down(t)
			kill := holder(t, st)
			defer kill()
			waits, attempts := make(chan struct{}), 0
			other := again(t, st)
			other.fault = func(step string) error {
				if step == "lock" {
					if attempts++; attempts == 1 {
						close(waits)
					}
				}
				return nil
			}
			done := make(chan error)
			go func() { done <- other.Commit(t.Context(), before.Mark, nextDocument(before.Document), core.Entry{}) }()
			<-waits
			remove(t, st.path+".lock")
			require.NoError(t, <-done)
			require.FileExists(t, st.path+".lock", "what others will lock")
		})
	}
}

func TestALockFileThatVanishesAsItIsTakenIsNoLock(t *testing.T) {
	t.Parallel()
	st, before := down(t)
	attempts := 0
	st.fault = func(step string) error {
		if step != "check-lock" {
			return nil
		}
		switch attempts++; attempts {
		case 1:
			return os.Remove(st.path + ".lock")
		case 2:
			return errors.Join(os.Remove(st.path+".lock"), os.WriteFile(st.path+".lock", nil, 0o600))
		}
		return nil
	}
	require.NoError(t, st.Commit(t.Context(), before.Mark, nextDocument(before.Document), core.Entry{}))
	require.Equal(t, 3, attempts)
	marker, err := st.marker()
	require.NoError(t, err)
	require.NotEmpty(t, marker)
}

func TestWhatIsNoLockFile(t *testing.T) {
	t.Parallel()
	for name, plant := range map[string]func(t *testing.T, path string){
		"a directory": func(t *testing.T, path string) {
			t.Helper()
			require.NoError(t, os.Mkdir(path, 0o700))
		},
		"a link to another file": func(t *testing.T, path string) {
			t.Helper()
			victim := filepath.Join(filepath.Dir(path), "victim")
			require.NoError(t, os.WriteFile(victim, []byte("untouched"), 0o600))
			require.NoError(t, os.Symlink("victim", path))
			t.Cleanup(func() {
				b, err := os.ReadFile(victim)
				require.NoError(t, err)
				require.Equal(t, "untouched", string(b))
			})
		},
		"a link to an empty file": func(t *testing.T, path string) {
			t.Helper()
			victim := filepath.Join(filepath.Dir(path), "victim")
			require.NoError(t, os.WriteFile(victim, nil, 0o600))
			before, err := os.Stat(victim)
			require.NoError(t, err)
			require.NoError(t, os.Symlink("victim", path))
			t.Cleanup(func() {
				after, err := os.Stat(victim)
				require.NoError(t, err)
				require.Equal(t, before.Mode(), after.Mode())
				require.Zero(t, after.Size())
			})
		},
		"a link to nothing": func(t *testing.T, path string) {
			t.Helper()
			require.NoError(t, os.Symlink("victim", path))
			t.Cleanup(func() { require.NoFileExists(t, filepath.Join(filepath.Dir(path), "victim")) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := newFile(t)
			plant(t, st.path+".lock")
			err := st.Commit(t.Context(), core.Mark{}, nextDocument(nil), core.Entry{})
			require.ErrorContains(t, err, "the lock "+st.path+".lock cannot be taken")
			require.NoFileExists(t, st.path)
		})
	}
}

func TestTheMarkerFollowsTheDocument(t *testing.T) {
	t.Parallel()
	st := newFile(t)
	for _, revision := range []int64{1_000_000, 2} { // a shorter one leaves nothing of the longer
		state := load(t, st)
		next := nextDocument(state.Document)
		next.Revision = revision
		require.NoError(t, st.Commit(t.Context(), state.Mark, next, core.Entry{}))
		marker, err := st.marker()
		require.NoError(t, err)
		require.Regexp(t, `^"a document was written here, store_id s, revision \d+"$`, marker)
	}
	marker, err := st.marker()
	require.NoError(t, err)
	require.Contains(t, marker, "revision 2\"")
}
