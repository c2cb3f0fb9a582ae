package filestore

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/store"
)

// TestAWriterWaitsAsLongAsItsDeadline holds the limit of five seconds to writers without one.
func TestAWriterWaitsAsLongAsItsDeadline(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ limit, want time.Duration }{
		"without a deadline": {0, lockTimeout},
		"a shorter one":      {time.Second, time.Second},
		"a longer one":       {30 * time.Second, 30 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st, _ := written(t)
			lock, err := os.OpenFile(st.path+".lock", os.O_RDWR, 0)
			require.NoError(t, err)
			held, err := tryLock(lock, false)
			require.NoError(t, err)
			require.NotNil(t, held)
			t.Cleanup(func() { require.NoError(t, held.Unlock()) })
			synctest.Test(t, func(t *testing.T) {
				st.writing = make(chan struct{}, 1)
				ctx := t.Context()
				if test.limit > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, test.limit)
					defer cancel()
				}
				begun := time.Now()
				err := st.Swap(ctx, "", []byte("next"))
				require.ErrorIs(t, err, context.DeadlineExceeded)
				require.ErrorIs(t, err, store.ErrNotWritten)
				require.Equal(t, test.want, time.Since(begun), "by the clock of the bubble")
			})
		})
	}
}

func TestAWriterWaitsForTheLockAndSaysSo(t *testing.T) {
	t.Parallel()
	st, before := written(t)
	kill := waiting(t, "hold the writers' lock", st.path)

	require.Equal(t, before.Bytes, read(t, again(t, st)).Bytes, "readers do not wait")

	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := st.Swap(ctx, before.Token, []byte("next"))
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorContains(t, err, "another process holds the lock "+st.path+".lock")
	require.Equal(t, before.Bytes, read(t, st).Bytes)

	kill() // as kill -9 does
	require.NoError(t, st.Swap(t.Context(), before.Token, []byte("next")), "the kernel has freed it")
}

func TestAWriterOfThisProcessWaitsForTheOther(t *testing.T) {
	t.Parallel()
	st, before := written(t)
	inside, proceed := make(chan struct{}), make(chan struct{})
	st.fault = func(step string) error {
		if step == "rename" {
			close(inside)
			<-proceed
		}
		return nil
	}
	first := make(chan error)
	go func() { first <- st.Swap(t.Context(), before.Token, []byte("next")) }()
	<-inside
	for _, second := range []*Store{st, again(t, st)} { // over the same handle, and over another
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		require.ErrorIs(t, second.Swap(ctx, before.Token, []byte("next")), context.DeadlineExceeded)
		cancel()
	}
	close(proceed)
	require.NoError(t, <-first)
	require.ErrorIs(t, again(t, st).Swap(t.Context(), before.Token, []byte("other")), store.ErrConflict)
}

// TestALockFileThatIsRemovedIsNoLock: two writers that hold locks on two files of one name
// would write at the same time.
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
			st, before := written(t)
			waiting(t, "hold the writers' lock", st.path)
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
			go func() { done <- other.Swap(t.Context(), before.Token, []byte("next")) }()
			<-waits
			remove(t, st.path+".lock")
			require.NoError(t, <-done)
			require.FileExists(t, st.path+".lock", "what others will lock")
		})
	}
}

func TestALockFileThatVanishesAsItIsTakenIsNoLock(t *testing.T) {
	t.Parallel()
	st, before := written(t)
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
	require.NoError(t, st.Swap(t.Context(), before.Token, []byte("next")))
	require.Equal(t, 3, attempts)
	_, marker, err := st.markerLocked()
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
			err := st.Swap(t.Context(), "", []byte("a"))
			require.ErrorContains(t, err, "the lock "+st.path+".lock cannot be taken")
			require.NoFileExists(t, st.path)
		})
	}
}

func TestTheMarkerFollowsTheDocument(t *testing.T) {
	t.Parallel()
	st, first := written(t)
	_, marker, err := st.markerLocked()
	require.NoError(t, err)
	require.Regexp(t, `^last write \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ, token `+string(first.Token)+`$`, marker)
	require.NoError(t, os.WriteFile(st.path+".written", make([]byte, 300), 0o600))
	require.NoError(t, st.Swap(t.Context(), first.Token, []byte("next")))
	_, marker, err = st.markerLocked()
	require.NoError(t, err)
	require.Contains(t, marker, "token "+string(store.TokenOf([]byte("next"))))
	require.NotContains(t, marker, "\\x00", "a shorter one leaves nothing of the longer")
}
