package filestore

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
)

// Users of the tests. What the server may do is tried as the server, on a thread of its
// own, whose access to files Linux judges by another user and group.
const (
	server   = 65534
	deployer = 65533
)

// as runs f as the user and group id. f begins no goroutine.
func as(t *testing.T, id int, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		_ = syscall.Setfsgid(id)
		_ = syscall.Setfsuid(id)
		f()
	}()
	<-done
}

func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can play several users: run this test as root")
	}
}

// place is a store in a directory of the user id, that others can enter.
func place(t *testing.T, id int) *Store {
	t.Helper()
	st := newFile(t)
	require.NoError(t, os.Chmod(filepath.Dir(st.dir), 0o755)) // all of this test's are in there
	require.NoError(t, os.Chmod(st.dir, 0o755))
	require.NoError(t, os.Chown(st.dir, id, id))
	return st
}

func requireOwner(t *testing.T, path string, id int, mode os.FileMode) {
	t.Helper()
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, owner{id, id}, ownerOf(info), path)
	require.Equal(t, mode, info.Mode().Perm(), path)
}

func start(t *testing.T, st *Store) error {
	t.Helper()
	_, err := core.Start(t.Context(), st, core.StartOptions{Holder: "ann"})
	return err
}

// TestTheServerCanReadWhatRootHasWritten: "sudo downtime start", with the server as
// somebody else.
func TestTheServerCanReadWhatRootHasWritten(t *testing.T) {
	t.Parallel()
	needRoot(t)
	t.Run("in the server's directory", func(t *testing.T) {
		t.Parallel()
		st := place(t, server)
		require.NoError(t, start(t, st))
		requireOwner(t, st.path, server, 0o640)
		requireOwner(t, st.path+".lock", server, 0o600)
		requireOwner(t, st.path+".written", server, 0o640)
		as(t, server, func() {
			_, err := again(t, st).Load(t.Context(), core.Mark{})
			require.NoError(t, err)
			require.NoError(t, start(t, again(t, st)), "its admin page can write too")
		})
		requireOwner(t, st.path, server, 0o640)
		requireOwner(t, st.path+".log", server, 0o640)
	})
	t.Run("in root's directory", func(t *testing.T) {
		t.Parallel()
		st := place(t, 0)
		require.NoError(t, start(t, st))
		requireOwner(t, st.path, 0, 0o644)
		as(t, server, func() {
			other := again(t, st)
			state, err := other.Load(t.Context(), core.Mark{})
			require.NoError(t, err)
			require.ErrorIs(t, other.Commit(t.Context(), state.Mark, nextDocument(state.Document), core.Entry{}), core.ErrReadOnly)
		})
		require.Len(t, names(t, st.dir), 4)
	})
	t.Run("over the server's file", func(t *testing.T) {
		t.Parallel()
		st := place(t, server)
		as(t, server, func() { require.NoError(t, start(t, st)) })
		require.NoError(t, os.Chmod(st.path, 0o600))
		require.NoError(t, start(t, again(t, st)))
		requireOwner(t, st.path, server, 0o600)
	})
}

func TestAFileThatCannotBeRead(t *testing.T) {
	t.Parallel()
	needRoot(t)
	st := place(t, 0)
	require.NoError(t, start(t, st))
	require.NoError(t, os.Chmod(st.path, 0o600))
	as(t, server, func() {
		other := again(t, st)
		_, err := other.Load(t.Context(), core.Mark{})
		require.ErrorContains(t, err, "cannot be read by this user, give it read permission")
		require.NotErrorIs(t, err, core.ErrLost)
	})
	require.NoError(t, os.Remove(st.path))
	require.NoError(t, os.Chmod(st.path+".written", 0o600))
	as(t, server, func() {
		_, err := again(t, st).Load(t.Context(), core.Mark{})
		require.ErrorContains(t, err, "its marker cannot tell")
	})
}

func TestADirectoryThatCannotBeWrittenIsReadOnly(t *testing.T) {
	t.Parallel()
	needRoot(t)
	st := place(t, 0)
	as(t, server, func() {
		state, err := st.Load(t.Context(), core.Mark{})
		require.NoError(t, err, "to read needs no lock")
		require.Nil(t, state.Document)
		err = start(t, st)
		require.ErrorIs(t, err, core.ErrReadOnly)
		require.ErrorContains(t, err, st.path)
	})
	require.Empty(t, names(t, st.dir))
}

// TestNobodyIsLockedOut: who cannot give the new file to the one who reads the old one
// does not replace it.
func TestNobodyIsLockedOut(t *testing.T) {
	t.Parallel()
	needRoot(t)
	for name, tc := range map[string]struct {
		uid, gid int
		mode     os.FileMode
		ok       bool
	}{
		"the server's group would be lost": {deployer, server, 0o640, false},
		"the server itself would be":       {server, deployer, 0o600, false},
		"its group can read":               {server, deployer, 0o640, true},
		"everybody can read":               {server, server, 0o644, true},
		"nobody else could read":           {deployer, server, 0o600, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := place(t, deployer)
			require.NoError(t, start(t, st))
			require.NoError(t, os.Chown(st.path, tc.uid, tc.gid))
			require.NoError(t, os.Chmod(st.path, tc.mode))
			old, err := os.Lstat(st.path)
			require.NoError(t, err)
			as(t, deployer, func() {
				f, err := os.CreateTemp(st.dir, "new")
				require.NoError(t, err)
				defer func() { require.NoError(t, f.Close()) }()
				chown(f, ownerOf(old))
				err = stillReadable(f, old)
				if tc.ok {
					require.NoError(t, err)
					return
				}
				require.ErrorIs(t, err, core.ErrReadOnly)
				require.ErrorContains(t, err, "write as that user or as root")
			})
		})
	}
}

func TestAWriteThatWouldLockOutIsRefused(t *testing.T) {
	t.Parallel()
	needRoot(t)
	st := place(t, deployer)
	require.NoError(t, start(t, st))
	require.NoError(t, os.Chown(st.path, deployer, server))
	before := load(t, st)
	as(t, deployer, func() { require.ErrorIs(t, start(t, st), core.ErrReadOnly) })
	after := load(t, st)
	require.Equal(t, before.Document, after.Document)
	require.Len(t, names(t, st.dir), 4)
}

// TestAGroupMayShareTheFile: people of one group, in a directory with the group's bit set.
func TestAGroupMayShareTheFile(t *testing.T) {
	t.Parallel()
	needRoot(t)
	st := place(t, 0)
	require.NoError(t, os.Chown(st.dir, 0, deployer))
	require.NoError(t, os.Chmod(st.dir, 0o775|os.ModeSetgid))
	as(t, deployer, func() { require.NoError(t, start(t, st)) })
	info, err := os.Stat(st.path + ".lock")
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o660), info.Mode().Perm(), "every member can lock, and nobody else")
	require.Equal(t, deployer, ownerOf(info).gid)
}

// TestAReadOnlyMount is read, and written to never.
func TestAReadOnlyMount(t *testing.T) {
	t.Parallel()
	needRoot(t)
	st, before := down(t)
	require.NoError(t, os.Remove(st.path+".lock")) // as where the file came from elsewhere
	require.NoError(t, os.Remove(st.path+".written"))
	require.NoError(t, os.Chmod(st.dir, 0o777)) // as a ConfigMap's
	mountReadOnly(t, st.dir, func() {
		mounted := again(t, st)
		require.Equal(t, before.Document, load(t, mounted).Document)
		_, err := core.End(t.Context(), mounted, core.EndOptions{All: true})
		require.ErrorIs(t, err, core.ErrReadOnly)
		require.ErrorIs(t, err, syscall.EROFS)
		_, err = mounted.Load(t.Context(), before.Mark)
		require.ErrorIs(t, err, core.ErrUnchanged)
		entries, err := mounted.Entries(t.Context(), 0)
		require.NoError(t, err)
		require.Len(t, entries, 1)
	})
	require.Equal(t, []string{st.base, st.logName()}, names(t, st.dir))
}

// mountReadOnly runs f on a thread in whose name space dir is mounted read-only; both end
// with the thread. f begins no goroutine.
func mountReadOnly(t *testing.T, dir string, f func()) {
	t.Helper()
	done := make(chan error, 1)
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		if err := syscall.Unshare(syscall.CLONE_NEWNS); err != nil {
			done <- err
			return
		}
		const bind = syscall.MS_BIND | syscall.MS_REC
		if err := errors.Join(
			syscall.Mount("", "/", "", syscall.MS_PRIVATE|syscall.MS_REC, ""),
			syscall.Mount(dir, dir, "", bind, ""),
			syscall.Mount("", dir, "", bind|syscall.MS_REMOUNT|syscall.MS_RDONLY, ""),
		); err != nil {
			done <- err
			return
		}
		f()
	}()
	if err := <-done; err != nil {
		t.Skip("this system lets nobody mount: " + err.Error())
	}
}

// TestAReaderCannotKeepOthersFromWriting: the kernel lets everybody lock a file who can
// open it, if only to read.
func TestAReaderCannotKeepOthersFromWriting(t *testing.T) {
	t.Parallel()
	needRoot(t)
	st := place(t, 0)
	require.NoError(t, start(t, st))
	as(t, server, func() {
		_, err := os.Open(st.path + ".lock")
		require.ErrorIs(t, err, os.ErrPermission)
		b, err := os.ReadFile(st.path + ".written")
		require.NoError(t, err, "who may read the document may know that there is one")
		require.NotEmpty(t, b)
	})
	require.NoError(t, os.Remove(st.path))
	as(t, server, func() {
		_, err := again(t, st).Load(t.Context(), core.Mark{})
		require.ErrorIs(t, err, core.ErrLost)
	})
}

// TestTheLockIsForThoseWhoMayWrite in the directory.
func TestTheLockIsForThoseWhoMayWrite(t *testing.T) {
	t.Parallel()
	needRoot(t)
	for name, c := range map[string]struct {
		dir, lock os.FileMode
		options   []Option
	}{
		"the owner alone":          {dir: 0o755, lock: 0o600},
		"the group too":            {dir: 0o770, lock: 0o660},
		"everybody, where allowed": {dir: 0o777, lock: 0o666, options: []Option{AllowWorldWritable()}},
		"each their own files":     {dir: 0o777 | os.ModeSticky, lock: 0o660},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := newFile(t, c.options...)
			require.NoError(t, os.Chown(st.dir, deployer, server))
			require.NoError(t, os.Chmod(st.dir, c.dir))
			require.NoError(t, start(t, st))
			info, err := os.Stat(st.path + ".lock")
			require.NoError(t, err)
			require.Equal(t, owner{deployer, server}, ownerOf(info))
			require.Equal(t, c.lock, info.Mode().Perm())
		})
	}
}

// TestALockFileIsMendedByItsMakerOnly: one that was killed before it could share the lock.
func TestALockFileIsMendedByItsMakerOnly(t *testing.T) {
	t.Parallel()
	needRoot(t)
	for name, c := range map[string]struct {
		prepare func(t *testing.T, path string)
		mended  bool
	}{
		"an empty file of one's own": {mended: true},
		"a file with something in it": {prepare: func(t *testing.T, path string) {
			t.Helper()
			require.NoError(t, os.WriteFile(path, []byte("x"), 0o600))
		}},
		"a file with a second name": {prepare: func(t *testing.T, path string) {
			t.Helper()
			require.NoError(t, os.Link(path, path+"2"))
		}},
		"somebody else's": {prepare: func(t *testing.T, path string) {
			t.Helper()
			require.NoError(t, os.Chown(path, deployer, 0))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := place(t, server)
			path := st.path + ".lock"
			require.NoError(t, os.WriteFile(path, nil, 0o600))
			if c.prepare != nil {
				c.prepare(t, path)
			}
			before, err := os.Stat(path)
			require.NoError(t, err)
			require.NoError(t, start(t, st))
			after, err := os.Stat(path)
			require.NoError(t, err)
			if c.mended {
				require.Equal(t, owner{server, server}, ownerOf(after))
			} else {
				require.Equal(t, ownerOf(before), ownerOf(after))
			}
		})
	}
}

// TestRootsInstanceGivesItsRowsDirectoryToTheDirectorysOwner, and nothing else to anybody.
func TestRootsInstanceGivesItsRowsDirectoryToTheDirectorysOwner(t *testing.T) {
	t.Parallel()
	needRoot(t)
	t.Run("the directory that it has made", func(t *testing.T) {
		t.Parallel()
		st := place(t, server)
		_, _, err := st.Report(t.Context(), newRow("one"), time.Minute)
		require.NoError(t, err)
		requireOwner(t, st.path+".instances", server, 0o755)
	})
	t.Run("not what a link names that took its place", func(t *testing.T) {
		t.Parallel()
		st := place(t, server)
		rows, shadow := st.path+".instances", filepath.Join(t.TempDir(), "shadow")
		require.NoError(t, os.WriteFile(shadow, []byte("secret"), 0o600))
		st.fault = func(step string) error {
			if step != "open-rows" {
				return nil
			}
			return errors.Join(os.Remove(rows), os.Symlink(shadow, rows))
		}
		_, _, err := st.Report(t.Context(), newRow("one"), time.Minute)
		require.Error(t, err)
		requireOwner(t, shadow, 0, 0o600)
	})
	t.Run("not another directory of root's that took its place", func(t *testing.T) {
		t.Parallel()
		st := place(t, server)
		rows, other := st.path+".instances", filepath.Join(st.dir, "other")
		require.NoError(t, os.Mkdir(other, 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(other, "secret"), nil, 0o600))
		st.fault = func(step string) error {
			if step != "open-rows" {
				return nil
			}
			return errors.Join(os.Remove(rows), os.Rename(other, rows))
		}
		_, _, err := st.Report(t.Context(), newRow("one"), time.Minute)
		require.NoError(t, err)
		requireOwner(t, rows, 0, 0o700)
	})
}

// TestALogOfSomebodyElse is put in its place as the document is: by who may write in the
// directory, if those who could read it still can.
func TestALogOfSomebodyElse(t *testing.T) {
	t.Parallel()
	needRoot(t)
	st := place(t, server)
	as(t, server, func() { require.NoError(t, start(t, st)) })
	require.NoError(t, os.Chown(st.logPath(), 0, server))
	require.NoError(t, os.Chmod(st.logPath(), 0o640))
	as(t, server, func() {
		_, err := core.End(t.Context(), again(t, st), core.EndOptions{All: true})
		require.NoError(t, err)
	})
	requireOwner(t, st.logPath(), server, 0o640)
	entries, err := st.Entries(t.Context(), 0)
	require.NoError(t, err)
	require.Len(t, entries, 2)

	require.NoError(t, os.Chown(st.logPath(), 0, 0))
	require.NoError(t, os.Chmod(st.logPath(), 0o600))
	as(t, server, func() {
		err := start(t, again(t, st))
		require.ErrorIs(t, err, core.ErrReadOnly)
		require.ErrorContains(t, err, st.logPath())
	})
}
