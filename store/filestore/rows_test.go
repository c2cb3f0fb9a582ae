package filestore

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/internal/hostid"
	"github.com/go-downtime/downtime/store"
)

func put(t *testing.T, st *Store, key string) store.Token {
	t.Helper()
	token, now, err := st.PutRow(t.Context(), key, []byte("row"), time.Minute)
	require.NoError(t, err)
	require.False(t, now.IsZero())
	return token
}

// rows are those that another process sees.
func rows(t *testing.T, st *Store) []store.Row {
	t.Helper()
	set, err := again(t, st).ListRows(t.Context(), "")
	if err != nil {
		require.True(t, noDocument(err), err)
	}
	return set.Rows
}

func file(st *Store, name string) string { return filepath.Join(st.path+".instances", name) }

// editRow changes the file of a row.
func editRow(t *testing.T, st *Store, key string, edit func(*record)) {
	t.Helper()
	b, err := os.ReadFile(file(st, key+".json"))
	require.NoError(t, err)
	var r record
	require.NoError(t, json.Unmarshal(b, &r))
	edit(&r)
	b, err = json.Marshal(r)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file(st, key+".json"), b, 0o600))
}

func TestARowIsAliveForAsLongAsItsProcessHoldsTheLock(t *testing.T) {
	t.Parallel()
	st := newFile(t)
	require.Empty(t, rows(t, st))
	put(t, st, "one")
	found := rows(t, st)
	require.Len(t, found, 1)
	require.Equal(t, store.Live, found[0].Life)
	require.Equal(t, "row", string(found[0].Bytes))
	editRow(t, st, "one", func(r *record) { r.Lease = time.Now().Add(-time.Minute) })
	require.Equal(t, store.Expired, rows(t, st)[0].Life, "the process lives, and yet its lease has ended")
	require.NoError(t, st.DeleteRow(t.Context(), "one", []byte("left")))
	require.NoError(t, st.DeleteRow(t.Context(), "one", []byte("again")), "idempotent")
	require.Equal(t, []string{"one.gone", "since"}, names(t, st.path+".instances"))
	require.Empty(t, st.held)
}

func TestAKilledProcessIsKnownToBeDead(t *testing.T) {
	t.Parallel()
	st := newFile(t)
	kill := waiting(t, "put a row", st.path)
	found := rows(t, st)
	require.Len(t, found, 1)
	require.Equal(t, store.Live, found[0].Life)
	kill()
	require.Equal(t, store.Gone, rows(t, st)[0].Life, "the kernel freed its lock")
	editRow(t, st, "child", func(r *record) { r.Lease = time.Now().Add(-time.Hour) })
	require.Equal(t, store.Gone, rows(t, st)[0].Life, "dead is not silent")
}

func TestOnlyThisHostAndBootTellTheDead(t *testing.T) {
	t.Parallel()
	for name, elsewhere := range map[string]func(*record){
		"another host": func(r *record) { r.Host += "-other" },
		"another boot": func(r *record) { r.Boot = "earlier" },
		"no host":      func(r *record) { r.Host, r.Boot = "", "" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := newFile(t)
			put(t, st, "far")
			require.NoError(t, st.held["far"].lock.Unlock()) // as if its process had ended
			editRow(t, st, "far", elsewhere)
			require.Equal(t, store.Live, rows(t, st)[0].Life)
			editRow(t, st, "far", func(r *record) { r.Lease = time.Now().Add(-time.Hour) })
			require.Equal(t, store.Expired, rows(t, st)[0].Life)
		})
	}
}

// TestANewRowIsNeverTakenForDead lists the rows before each step of a PutRow, because for a
// moment its lock file is not locked.
func TestANewRowIsNeverTakenForDead(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(t *testing.T, st *Store){
		"the first row":                  func(*testing.T, *Store) {},
		"a row whose lock file was lost": func(t *testing.T, st *Store) { put(t, st, "one"); require.NoError(t, os.Remove(file(st, "one.lock"))) },
		"a renewal":                      func(t *testing.T, st *Store) { put(t, st, "one") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := newFile(t)
			prepare(t, st)
			steps := 0
			st.fault = func(string) error {
				steps++
				for _, row := range rows(t, st) {
					require.NoError(t, row.Err)
					require.Equal(t, store.Live, row.Life)
				}
				return nil
			}
			put(t, st, "one")
			require.Greater(t, steps, 5)
			require.Equal(t, store.Live, rows(t, st)[0].Life)
		})
	}
}

// TestAnInstanceMayDieBeforeEachStep ends another process before each system call of its first
// PutRow. The rows of the others stay readable.
func TestAnInstanceMayDieBeforeEachStep(t *testing.T) {
	t.Parallel()
	other := newFile(t)
	put(t, other, "one")
	steps := stepsOf(t, other, func() error {
		_, _, err := other.PutRow(t.Context(), "child", nil, time.Minute)
		return err
	})
	visible := slices.Index(steps, "rename-row")
	for i, step := range steps {
		t.Run(strconv.Itoa(i)+" "+step, func(t *testing.T) {
			t.Parallel()
			st := newFile(t)
			put(t, st, "one")
			requireKilled(t, process(t.Context(), "die at a step of a row", st.path, stepVar+"="+strconv.Itoa(i)))
			found := rows(t, st)
			if i <= visible {
				require.Len(t, found, 1)
			} else {
				require.Len(t, found, 2)
				require.NoError(t, found[0].Err)
				require.Equal(t, "child", found[0].Key)
			}
			require.Equal(t, store.Live, found[len(found)-1].Life)
		})
	}
}

func TestEachStepOfARowMayFail(t *testing.T) {
	t.Parallel()
	st, blob := written(t)
	steps := stepsOf(t, st, func() error {
		_, _, err := st.PutRow(t.Context(), "one", nil, time.Minute)
		return err
	})
	for i, step := range steps {
		t.Run(strconv.Itoa(i)+" "+step, func(t *testing.T) {
			t.Parallel()
			st, _ := written(t)
			left := i
			st.fault = func(string) error {
				if left--; left == -1 {
					return syscall.EIO
				}
				return nil
			}
			_, _, err := st.PutRow(t.Context(), "one", []byte("row"), time.Minute)
			require.ErrorIs(t, err, syscall.EIO)
			require.ErrorContains(t, err, st.path)
			require.Equal(t, blob.Token, put(t, st, "one"), "the next one has the token, which the instance did not get")
			found := rows(t, st)
			require.Len(t, found, 1)
			require.Equal(t, store.Live, found[0].Life)
			for _, name := range names(t, st.path+".instances") {
				require.Contains(t, []string{"one.json", "one.lock", "since"}, name)
			}
		})
	}
}

func TestTheTokenStaysDueUntilTheDocumentCouldBeRead(t *testing.T) {
	t.Parallel()
	st, blob := written(t)
	require.NoError(t, os.Rename(st.path, st.path+".away"))
	require.NoError(t, os.Mkdir(st.path, 0o700))
	for range 2 {
		_, _, err := st.PutRow(t.Context(), "one", []byte("row"), time.Minute)
		require.ErrorContains(t, err, "is a directory")
		require.Len(t, names(t, st.path+".instances"), 3, "the row is visible all the same")
	}
	require.NoError(t, os.Remove(st.path))
	require.NoError(t, os.Rename(st.path+".away", st.path))
	require.Equal(t, blob.Token, put(t, st, "one"))
	require.NoError(t, os.Rename(st.path, st.path+".away"))
	require.NoError(t, os.Mkdir(st.path, 0o700))
	require.Empty(t, put(t, st, "one"), "a renewal does not need the document")
}

func TestALostRowIsNew(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(st *Store) error{
		"its file":      func(st *Store) error { return os.Remove(file(st, "one.json")) },
		"its lock file": func(st *Store) error { return os.Remove(file(st, "one.lock")) },
		"its content":   func(st *Store) error { return os.Truncate(file(st, "one.json"), 0) },
		"all rows":      func(st *Store) error { return os.RemoveAll(st.path + ".instances") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st, blob := written(t)
			require.Equal(t, blob.Token, put(t, st, "one"))
			require.Empty(t, put(t, st, "one"))
			require.NoError(t, lose(st))
			require.Equal(t, blob.Token, put(t, st, "one"))
			require.Equal(t, store.Live, rows(t, st)[0].Life)
			require.Empty(t, put(t, st, "one"))
		})
	}
}

func TestRowsThatAreLongGoneArePruned(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(t *testing.T, st *Store)
		left  []string
	}{
		"the files of a dead process": {func(t *testing.T, st *Store) {
			t.Helper()
			require.NoError(t, st.held["old"].lock.Unlock())
		}, []string{"since"}},
		"the files of another host": {func(t *testing.T, st *Store) {
			t.Helper()
			editRow(t, st, "old", func(r *record) { r.Host = "elsewhere" })
		}, []string{"since"}},
		"not the files of a process that lives": {func(*testing.T, *Store) {}, []string{"old.json", "old.lock", "since"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st, blob := written(t)
			_, _, err := st.PutRow(t.Context(), "old", nil, -store.KeepRow-time.Minute)
			require.NoError(t, err)
			c.spoil(t, st)
			require.Empty(t, rows(t, st))
			require.Equal(t, c.left, names(t, st.path+".instances"))
			require.Equal(t, blob.Token, put(t, st, "old"), "a process that was cut off comes back")
			require.Equal(t, store.Live, rows(t, st)[0].Life)
		})
	}
}

// TestARowThatCannotBeReadHidesNoOther: it is listed as expired for as long as it could have
// been live, and for a day.
func TestARowThatCannotBeReadHidesNoOther(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(path string) error{
		"missing":   os.Remove,
		"empty":     func(path string) error { return os.Truncate(path, 0) },
		"truncated": func(path string) error { return os.Truncate(path, 40) },
		"garbage":   func(path string) error { return os.WriteFile(path, []byte("{}"), 0o600) },
		"too large": func(path string) error { return os.WriteFile(path, make([]byte, 3*store.MaxRow), 0o600) },
		"a directory": func(path string) error {
			return errors.Join(os.Remove(path), os.Mkdir(path, 0o700))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := newFile(t)
			for _, key := range []string{"a", "b", "c"} {
				put(t, st, key)
			}
			require.NoError(t, spoil(file(st, "b.json")))
			found := rows(t, st)
			require.Len(t, found, 3)
			for i, want := range []store.Life{store.Live, store.Expired, store.Live} {
				require.Equal(t, want, found[i].Life)
			}
			require.ErrorContains(t, found[1].Err, "row b cannot be read")
			require.ErrorContains(t, found[1].Err, st.path)
			require.Nil(t, found[1].Bytes)
			require.Zero(t, found[1].Lease)

			require.NoError(t, st.held["b"].lock.Unlock())
			require.Equal(t, store.Expired, rows(t, st)[1].Life, "its host is not known")
			long := time.Now().Add(-store.KeepRow - time.Minute)
			require.NoError(t, os.Chtimes(file(st, "b.lock"), long, long))
			if name != "missing" {
				require.Len(t, rows(t, st), 3, "its file is young")
				require.NoError(t, os.Chtimes(file(st, "b.json"), long, long))
			}
			require.Len(t, rows(t, st), 2)
			require.NoFileExists(t, file(st, "b.lock"))
		})
	}
}

func TestATombstoneThatCannotBeReadRefusesForADay(t *testing.T) {
	t.Parallel()
	st := newFile(t)
	require.NoError(t, st.DeleteRow(t.Context(), "one", []byte("left")))
	require.NoError(t, os.Truncate(file(st, "one.gone"), 3))
	found := rows(t, st)
	require.Len(t, found, 1)
	require.Equal(t, store.Deleted, found[0].Life)
	require.ErrorContains(t, found[0].Err, "tombstone of row one")
	_, _, err := st.PutRow(t.Context(), "one", nil, time.Minute)
	require.ErrorIs(t, err, store.ErrRowDeleted)
	long := time.Now().Add(-store.KeepRow - time.Minute)
	require.NoError(t, os.Chtimes(file(st, "one.gone"), long, long))
	require.Empty(t, rows(t, st))
	put(t, st, "one")
	require.Equal(t, store.Live, rows(t, st)[0].Life)
}

// TestARowThatIsDeletedBetweenTwoSteps of its PutRow is deleted, and the instance learns it.
func TestARowThatIsDeletedBetweenTwoSteps(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(t *testing.T, st *Store){
		"a new row":             func(*testing.T, *Store) {},
		"a renewal":             func(t *testing.T, st *Store) { put(t, st, "one") },
		"a row of another life": func(t *testing.T, st *Store) { put(t, st, "one"); st.letGoLocked("one") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			one := newFile(t)
			prepare(t, one)
			steps := stepsOf(t, one, func() error { _, _, err := one.PutRow(t.Context(), "one", nil, time.Minute); return err })
			for i := range steps {
				st := newFile(t)
				prepare(t, st)
				left := i
				st.fault = func(string) error {
					if left--; left == -1 {
						return again(t, st).DeleteRow(t.Context(), "one", []byte("forgotten"))
					}
					return nil
				}
				_, _, err := st.PutRow(t.Context(), "one", []byte("late"), time.Minute)
				require.ErrorIs(t, err, store.ErrRowDeleted, steps[i])
				require.Empty(t, st.held)
				found := rows(t, st)
				require.Len(t, found, 1)
				require.Equal(t, store.Deleted, found[0].Life)
				require.Equal(t, "forgotten", string(found[0].Note))
				require.Equal(t, []string{"one.gone", "since"}, names(t, st.path+".instances"))
			}
		})
	}
}

// TestARowIsReadableUntilItIsDeleted lists rows while they are put and deleted.
func TestARowIsReadableUntilItIsDeleted(t *testing.T) {
	t.Parallel()
	st := newFile(t)
	done := make(chan error, 1)
	go func() {
		var err error
		for n := 0; n < 100 && err == nil; n++ {
			key := strconv.Itoa(n)
			if _, _, err = st.PutRow(t.Context(), key, []byte("row"), time.Minute); err == nil {
				err = st.DeleteRow(t.Context(), key, nil)
			}
		}
		done <- err
	}()
	for {
		for _, row := range rows(t, st) {
			require.NoError(t, row.Err)
			require.NotEqual(t, store.Expired, row.Life)
		}
		select {
		case err := <-done:
			require.NoError(t, err)
			return
		default:
		}
	}
}

func TestADeleteThatCannotLeaveATombstoneChangesNothing(t *testing.T) {
	t.Parallel()
	for _, failing := range []string{"open-rows", "create-row", "write-row", "close-row"} {
		st := newFile(t)
		put(t, st, "one")
		failAt(st, failing, syscall.ENOSPC)
		require.ErrorIs(t, st.DeleteRow(t.Context(), "one", nil), syscall.ENOSPC)
		require.Equal(t, store.Live, rows(t, st)[0].Life)
		require.ElementsMatch(t, []string{"one.json", "one.lock", "since"}, names(t, st.path+".instances"))
		st.fault = nil
		require.NoError(t, st.DeleteRow(t.Context(), "one", nil))
	}
}

func TestARowIsThatOfThisHost(t *testing.T) {
	t.Parallel()
	st := newFile(t)
	put(t, st, "one")
	host, boot := hostid.This()
	editRow(t, st, "one", func(r *record) {
		require.Equal(t, host, r.Host)
		require.Equal(t, boot, r.Boot)
	})
}

func TestRowsThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	t.Run("a missing directory is an error", func(t *testing.T) {
		t.Parallel()
		st, err := New(filepath.Join(t.TempDir(), "none", "downtime.json"))
		require.NoError(t, err)
		_, _, err = st.PutRow(t.Context(), "one", nil, time.Minute)
		require.ErrorContains(t, err, "none")
		require.ErrorContains(t, st.DeleteRow(t.Context(), "one", nil), "none")
	})
	t.Run("a key that is a path is refused", func(t *testing.T) {
		t.Parallel()
		st := newFile(t)
		for _, key := range []string{"", "../x", "a/b", "A", "a.json"} {
			_, _, err := st.PutRow(t.Context(), key, nil, time.Minute)
			require.ErrorContains(t, err, "a-z and 0-9", key)
			require.ErrorContains(t, st.DeleteRow(t.Context(), key, nil), "a-z and 0-9", key)
		}
		require.NoDirExists(t, st.path+".instances")
	})
	t.Run("another process with the same key is refused", func(t *testing.T) {
		t.Parallel()
		st := newFile(t)
		waiting(t, "put a row", st.path)
		_, _, err := st.PutRow(t.Context(), "child", []byte("mine"), time.Minute)
		require.ErrorContains(t, err, "another process holds row child")
		require.Equal(t, "row", string(rows(t, st)[0].Bytes))
	})
}
