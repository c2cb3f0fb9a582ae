package filestore

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/internal/trust"
	"github.com/go-downtime/downtime/store"
)

// attacker is a user other than the server, root and the owner of a directory.
const attacker = 65532

// shared is a store in a directory like /tmp, where each user can create files and replace
// their own only.
func shared(t *testing.T, owner int) *Store {
	t.Helper()
	needRoot(t)
	st := place(t, owner)
	require.NoError(t, os.Chmod(st.dir, 0o777|os.ModeSticky))
	return st
}

// TestWhoCreatesTheFileFirstDoesNotOwnTheSite: in a directory like /tmp.
func TestWhoCreatesTheFileFirstDoesNotOwnTheSite(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		plant func(t *testing.T, st *Store) // as the attacker
		want  string
	}{
		"an empty document": {func(t *testing.T, st *Store) {
			t.Helper()
			write(t, st, "")
		}, "belongs to user 65532"},
		"a document": {func(t *testing.T, st *Store) {
			t.Helper()
			write(t, st, handwritten)
			require.NoError(t, os.Chmod(st.path, 0o644))
		}, "belongs to user 65532"},
		"a link to a file of root's": {func(t *testing.T, st *Store) {
			t.Helper()
			require.NoError(t, os.Symlink("/etc/hostname", st.path))
		}, "belongs to user 65532"},
		"a link to a document of its own": {func(t *testing.T, st *Store) {
			t.Helper()
			require.NoError(t, os.WriteFile(st.path+".mine", []byte(handwritten), 0o600))
			require.NoError(t, os.Symlink(filepath.Base(st.path)+".mine", st.path))
		}, "belongs to user 65532"},
	} {
		for place, owner := range map[string]int{" in root's directory": 0, " in the server's directory": server} {
			t.Run(name+place, func(t *testing.T) {
				t.Parallel()
				st := shared(t, owner)
				as(t, attacker, func() { c.plant(t, st) })
				before, err := os.Lstat(st.path)
				require.NoError(t, err)
				for _, reader := range []int{0, server, deployer} {
					as(t, reader, func() {
						_, err := again(t, st).Get(t.Context(), "")
						require.ErrorContains(t, err, c.want)
						require.NotErrorIs(t, err, store.ErrLost)
						require.NotErrorIs(t, err, store.ErrNeverWritten)
						require.ErrorContains(t, err, st.path)
						require.ErrorContains(t, err, "look at it and then remove it or chown it")
					})
				}
				require.Error(t, st.Swap(t.Context(), "", []byte("next")))
				require.Error(t, st.Swap(t.Context(), store.TokenOf(nil), []byte("next")))
				after, err := os.Lstat(st.path)
				require.NoError(t, err)
				require.True(t, os.SameFile(before, after), "nothing was replaced")
				require.Equal(t, trust.OwnerOf(before), trust.OwnerOf(after))
			})
		}
	}
}

// TestASecondNameOfRootsFileIsNoDocument: where the kernel lets each user create hard links.
func TestASecondNameOfRootsFileIsNoDocument(t *testing.T) {
	t.Parallel()
	st := shared(t, 0)
	old := filepath.Join(filepath.Dir(st.dir), "old-backup.json")
	require.NoError(t, os.WriteFile(old, []byte(handwritten), 0o644))
	require.NoError(t, os.Link(old, st.path))
	_, err := st.Get(t.Context(), "")
	require.ErrorContains(t, err, "has a second name, a hard link")
}

// TestWhatIsPlantedBesideTheDocument: an error names the planted file. The store does not write
// to it, and root can write after it is removed.
func TestWhatIsPlantedBesideTheDocument(t *testing.T) {
	t.Parallel()
	write := func(st *Store) error { return change(t.Context(), st) }
	read := func(st *Store) error { _, err := st.Get(t.Context(), ""); return err }
	for name, c := range map[string]struct {
		suffix string
		plant  func(path string) error // as the attacker
		try    func(st *Store) error
		want   string
	}{
		"a lock": {".lock", func(path string) error { return os.WriteFile(path, nil, 0o600) }, write, "belongs to user 65532"},
		"a lock for all": {".lock", func(path string) error {
			return errors.Join(os.WriteFile(path, nil, 0o600), os.Chmod(path, 0o666))
		}, write, "can write"},
		"a link as a lock":        {".lock", func(path string) error { return os.Symlink("/etc/hostname", path) }, write, ".lock is a symbolic link, want a regular file"},
		"a directory as a lock":   {".lock", func(path string) error { return os.Mkdir(path, 0o777) }, write, ".lock is a directory, want a regular file"},
		"a marker":                {".written", func(path string) error { return os.WriteFile(path, []byte("x"), 0o600) }, read, "belongs to user 65532"},
		"a link as a marker":      {".written", func(path string) error { return os.Symlink("/etc/hostname", path) }, read, ".written is a symbolic link, want a regular file"},
		"a directory as a marker": {".written", func(path string) error { return os.Mkdir(path, 0o777) }, read, ".written is a directory, want a regular file"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := shared(t, 0)
			as(t, attacker, func() { require.NoError(t, c.plant(st.path+c.suffix)) })
			before, err := os.Lstat(st.path + c.suffix)
			require.NoError(t, err)
			began := time.Now()
			err = c.try(st)
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, st.path+c.suffix)
			require.NotErrorIs(t, err, store.ErrLost)
			require.Less(t, time.Since(began), lockTimeout/2, "it does not wait for a lock that is none")
			after, err := os.Lstat(st.path + c.suffix)
			require.NoError(t, err)
			require.Equal(t, before.Mode(), after.Mode())
			require.Equal(t, trust.OwnerOf(before), trust.OwnerOf(after))

			require.NoError(t, os.RemoveAll(st.path+c.suffix))
			require.NoError(t, change(t.Context(), st))
			requireOwner(t, st.path, 0, 0o644)
			as(t, attacker, func() {
				require.Error(t, os.WriteFile(st.path, nil, 0o600))
				require.Error(t, os.Remove(st.path))
				require.Error(t, os.Rename(st.path, st.path+".away"))
			})
		})
	}
}

// TestADirectoryInThePlaceOfTheMarker is named before the document is written, because no write
// could be confirmed.
func TestADirectoryInThePlaceOfTheMarker(t *testing.T) {
	t.Parallel()
	st := shared(t, 0)
	write(t, st, handwritten)
	as(t, attacker, func() { require.NoError(t, os.Mkdir(st.path+".written", 0o700)) })
	err := change(t.Context(), st)
	require.ErrorContains(t, err, st.path+".written is a directory, want a regular file: remove it")
	require.NotErrorIs(t, err, store.ErrUnconfirmed)
	require.NoError(t, os.Remove(st.path+".written"))
	as(t, attacker, func() { require.NoError(t, os.WriteFile(st.path+".written", nil, 0o600)) })
	require.NoError(t, change(t.Context(), st), "root's marker takes its place")
	requireOwnerIn(t, st.path+".written", 0)
}

// TestRowsAreNotForgedInASharedDirectory: the attacker creates the directory of the rows.
func TestRowsAreNotForgedInASharedDirectory(t *testing.T) {
	t.Parallel()
	st := shared(t, 0)
	require.NoError(t, change(t.Context(), st))
	forger := again(t, st)
	forger.trustWritable = true
	stop := make(chan struct{})
	planted := make(chan error)
	done := make(chan struct{})
	go func() {
		defer close(done)
		as(t, attacker, func() {
			_, _, err := forger.PutRow(t.Context(), "forged", []byte("row"), time.Minute)
			planted <- err
			<-stop
		})
	}()
	require.NoError(t, <-planted)
	defer func() { close(stop); <-done }()
	for _, reader := range []int{0, server, attacker} {
		as(t, reader, func() {
			set, err := again(t, st).ListRows(t.Context(), "")
			require.ErrorContains(t, err, st.path+".instances belongs to user 65532")
			require.Empty(t, set.Rows)
			_, _, err = again(t, st).PutRow(t.Context(), "mine", nil, time.Minute)
			for _, err := range []error{err, again(t, st).DeleteRow(t.Context(), "forged", nil)} {
				require.ErrorContains(t, err, ".instances belongs to user 65532")
				require.ErrorIs(t, err, store.ErrReadOnly, "a gate does not wait for its row")
			}
		})
	}
	// Its live row makes its document no better.
	require.NoError(t, os.Remove(st.path))
	require.NoError(t, os.Remove(st.path+".written"))
	as(t, attacker, func() { require.NoError(t, os.WriteFile(st.path, []byte(handwritten), 0o644)) })
	_, err := again(t, st).Get(t.Context(), "")
	require.ErrorContains(t, err, "belongs to user 65532")
	require.NoError(t, os.Remove(st.path))
	require.NoError(t, change(t.Context(), again(t, st)), "rows that are not trusted do not keep root from writing")
}

func TestADirectoryOfRowsForAllToWriteIsRefused(t *testing.T) {
	t.Parallel()
	for name, mode := range map[string]os.FileMode{"": 0o777, "and sticky": 0o777 | os.ModeSticky} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st, _ := written(t)
			put(t, st, "one")
			require.NoError(t, os.Chmod(st.path+".instances", mode))
			_, err := again(t, st).ListRows(t.Context(), "")
			require.ErrorContains(t, err, ".instances")
			require.ErrorContains(t, err, "chmod o-w")
		})
	}
}

// TestWhoMayWriteInASharedDirectory: users whose file is believed.
func TestWhoMayWriteInASharedDirectory(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		dir, user int
		ok        bool
	}{
		"root":                            {0, 0, true},
		"root in another's directory":     {server, 0, true},
		"the directory's owner":           {server, server, true},
		"another user":                    {0, server, false},
		"another user in the server's":    {server, attacker, false},
		"another user in root's, as /tmp": {0, attacker, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := shared(t, c.dir)
			asUser(t, c.user, func() {
				err := change(t.Context(), again(t, st))
				_, _, put := again(t, st).PutRow(t.Context(), "one", nil, time.Minute)
				if c.ok {
					require.NoError(t, err)
					require.NoError(t, put)
					return
				}
				for _, err := range []error{err, put} {
					require.ErrorIs(t, err, store.ErrReadOnly)
					require.ErrorContains(t, err, "every user of this system can create files in "+st.dir+" (01777)")
					require.ErrorContains(t, err, "keep the file in a directory in which only its users can write")
				}
				require.Empty(t, names(t, st.dir))
			})
			if c.ok {
				requireOwnerIn(t, st.path, c.dir)
			}
		})
	}
}

// TestTheOwnerOfALiveRowMayWriteInASharedDirectory: root has made the directory of the rows for
// the group of the server.
func TestTheOwnerOfALiveRowMayWriteInASharedDirectory(t *testing.T) {
	t.Parallel()
	st := shared(t, 0)
	rows := st.path + ".instances"
	require.NoError(t, os.Mkdir(rows, 0o750))
	require.NoError(t, os.Chown(rows, 0, server))
	require.NoError(t, os.Chmod(rows, 0o775))
	require.Error(t, writeAs(t, server, st), "it has no row yet")
	instance := again(t, st)
	as(t, server, func() { put(t, instance, "one") })
	require.NoError(t, writeAs(t, server, st))
	requireOwnerIn(t, st.path, server)
	before := read(t, again(t, st))
	require.Error(t, writeAs(t, attacker, st))

	// Root writes over it. The new file is root's, and the server can read it.
	require.NoError(t, again(t, st).Swap(t.Context(), before.Token, []byte("root's")))
	info, err := os.Stat(st.path)
	require.NoError(t, err)
	require.Equal(t, trust.Owner{UID: 0, GID: server}, trust.OwnerOf(info))
	as(t, server, func() {
		require.Equal(t, "root's", string(read(t, again(t, st)).Bytes))
		require.Error(t, os.WriteFile(st.path, nil, 0o600))
	})

	// Its file is believed for as long as its row is live.
	require.NoError(t, os.Chown(st.path, server, server))
	read(t, again(t, st))
	as(t, server, func() { require.NoError(t, instance.DeleteRow(t.Context(), "one", nil)) })
	_, err = again(t, st).Get(t.Context(), "")
	require.ErrorContains(t, err, "belongs to user 65534")
}

// writeAs changes the document in a process of that user.
func writeAs(t *testing.T, id int, st *Store) (err error) {
	t.Helper()
	asUser(t, id, func() { err = change(context.WithoutCancel(t.Context()), again(t, st)) })
	return err
}

func requireOwnerIn(t *testing.T, path string, id int) {
	t.Helper()
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, id, trust.OwnerOf(info).UID)
}

// TestEveryDirectoryOfAChainOfLinksCounts: who can replace a link can replace the document.
func TestEveryDirectoryOfAChainOfLinksCounts(t *testing.T) {
	t.Parallel()
	needRoot(t)
	for name, mode := range map[string]os.FileMode{"for all": 0o777, "for all and sticky": 0o777 | os.ModeSticky} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st, _ := written(t)
			first, second := t.TempDir(), t.TempDir()
			require.NoError(t, os.Chmod(second, mode))
			start, middle := filepath.Join(first, "link.json"), filepath.Join(second, "middle.json")
			require.NoError(t, os.Symlink(middle, start))
			require.NoError(t, os.Symlink(st.path, middle))
			require.NoError(t, os.Lchown(middle, attacker, attacker))
			for _, path := range []string{start, middle} {
				reader, err := New(path)
				require.NoError(t, err)
				_, err = reader.Get(t.Context(), "")
				require.ErrorContains(t, err, second)
			}
		})
	}
}

// TestAConfigMapIsRead: links through ..data, in a directory of 0777 that is mounted read-only.
func TestAConfigMapIsRead(t *testing.T) {
	t.Parallel()
	needRoot(t)
	dir := t.TempDir()
	require.NoError(t, os.Chmod(filepath.Dir(dir), 0o755))
	volume := filepath.Join(dir, "..2026_11_26_01_00_00.1")
	require.NoError(t, os.Mkdir(volume, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(volume, "downtime.json"), []byte(handwritten), 0o644))
	require.NoError(t, os.Symlink(filepath.Base(volume), filepath.Join(dir, "..data")))
	path := filepath.Join(dir, "downtime.json")
	require.NoError(t, os.Symlink("..data/downtime.json", path))
	st, err := New(path, MustExist())
	require.NoError(t, err)
	want := store.TokenOf([]byte(handwritten))
	for name, mode := range map[string]os.FileMode{"0755": 0o755, "0777": 0o777, "1777": 0o777 | os.ModeSticky, "2777": 0o777 | os.ModeSetgid} {
		require.NoError(t, os.Chmod(dir, mode))
		mountReadOnly(t, dir, func() {
			_ = syscall.Setfsuid(server)
			require.Equal(t, want, read(t, again(t, st)).Token, name)
		})
	}
	require.NoError(t, os.Chmod(dir, 0o755))
	as(t, server, func() { require.Equal(t, want, read(t, st).Token) })
}

// TestAReaderDoesNotMakeADeadInstanceLive: the kernel lets a user lock a file who can open it.
func TestAReaderDoesNotMakeADeadInstanceLive(t *testing.T) {
	t.Parallel()
	needRoot(t)
	st := place(t, server)
	kill := waiting(t, "put a row", st.path) // by root, in the server's directory
	lock := file(st, "child.lock")
	requireOwner(t, lock, server, 0o600)
	require.Equal(t, store.Live, rows(t, st)[0].Life)
	kill()
	for _, how := range []int{syscall.LOCK_SH, syscall.LOCK_EX} {
		as(t, attacker, func() {
			f, err := os.Open(lock)
			if err == nil {
				defer func() { require.NoError(t, f.Close()) }()
				require.NoError(t, flock(f, how|syscall.LOCK_NB))
			}
			require.Equal(t, store.Gone, rowsAs(t, 0, st)[0].Life)
			require.ErrorIs(t, err, os.ErrPermission)
		})
	}
	require.Equal(t, store.Gone, rowsAs(t, server, st)[0].Life, "who may write rows sees it too")
}

func rowsAs(t *testing.T, id int, st *Store) (found []store.Row) {
	t.Helper()
	as(t, id, func() { found = rows(t, st) })
	return found
}

// TestTheLocksOfRowsAreForWriters: for those who can write in their directory.
func TestTheLocksOfRowsAreForWriters(t *testing.T) {
	t.Parallel()
	needRoot(t)
	for name, c := range map[string]struct {
		dir, lock os.FileMode
	}{
		"the owner alone": {0o755, 0o600},
		"the group too":   {0o775, 0o660},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := place(t, server)
			require.NoError(t, os.Mkdir(st.path+".instances", 0o755))
			require.NoError(t, os.Chown(st.path+".instances", server, deployer))
			require.NoError(t, os.Chmod(st.path+".instances", c.dir))
			put(t, st, "one")
			info, err := os.Stat(file(st, "one.lock"))
			require.NoError(t, err)
			require.Equal(t, c.lock, info.Mode().Perm())
			require.Equal(t, trust.Owner{UID: server, GID: deployer}, trust.OwnerOf(info))
		})
	}
}
