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

	"github.com/go-downtime/downtime/internal/trust"
	"github.com/go-downtime/downtime/store"
)

// Users of the tests. The test accesses files as the server does: on a thread of its own, whose
// access Linux judges by another user and group.
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

// asUser is as, for code that asks for the user of the process. That is the effective user of the
// thread.
func asUser(t *testing.T, id int, f func()) {
	t.Helper()
	as(t, id, func() {
		if id != 0 {
			_, _, errno := syscall.RawSyscall(syscall.SYS_SETRESUID, ^uintptr(0), uintptr(id), ^uintptr(0))
			require.Zero(t, errno)
		}
		f()
	})
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
	require.Equal(t, trust.Owner{UID: id, GID: id}, trust.OwnerOf(info), path)
	require.Equal(t, mode, info.Mode().Perm(), path)
}

// TestTheServerCanReadWhatRootHasWritten: "sudo downtime start", and the server is another
// user.
func TestTheServerCanReadWhatRootHasWritten(t *testing.T) {
	t.Parallel()
	needRoot(t)
	t.Run("in the server's directory", func(t *testing.T) {
		t.Parallel()
		st := place(t, server)
		require.NoError(t, change(t.Context(), st))
		requireOwner(t, st.path, server, 0o644)
		requireOwner(t, st.path+".lock", server, 0o600)
		requireOwner(t, st.path+".written", server, 0o644)
		as(t, server, func() {
			read(t, again(t, st))
			require.NoError(t, change(t.Context(), again(t, st)), "its admin page can write too")
		})
		requireOwner(t, st.path, server, 0o644)
	})
	t.Run("in root's directory", func(t *testing.T) {
		t.Parallel()
		st := place(t, 0)
		require.NoError(t, change(t.Context(), st))
		requireOwner(t, st.path, 0, 0o644)
		as(t, server, func() {
			read(t, again(t, st))
			require.ErrorIs(t, change(t.Context(), again(t, st)), store.ErrReadOnly)
		})
		require.Len(t, names(t, st.dir), 3)
	})
	t.Run("over the server's file", func(t *testing.T) {
		t.Parallel()
		st := place(t, server)
		as(t, server, func() { require.NoError(t, change(t.Context(), st)) })
		require.NoError(t, os.Chmod(st.path, 0o600))
		require.NoError(t, change(t.Context(), again(t, st)))
		requireOwner(t, st.path, server, 0o600)
	})
}

func TestAFileThatCannotBeRead(t *testing.T) {
	t.Parallel()
	needRoot(t)
	st := place(t, 0)
	require.NoError(t, change(t.Context(), st))
	require.NoError(t, os.Chmod(st.path, 0o600))
	as(t, server, func() {
		other := again(t, st)
		_, err := other.Get(t.Context(), "")
		require.ErrorContains(t, err, "; run as user root, or let a group of both in: chgrp GROUP "+st.path+" && chmod g+r "+st.path+": ")
		require.NotErrorIs(t, err, store.ErrLost)
	})
	require.NoError(t, os.Remove(st.path))
	require.NoError(t, os.Chmod(st.path+".written", 0o600))
	as(t, server, func() {
		_, err := again(t, st).Get(t.Context(), "")
		require.ErrorContains(t, err, "its marker cannot tell")
	})
}

func TestADirectoryThatCannotBeWrittenIsReadOnly(t *testing.T) {
	t.Parallel()
	needRoot(t)
	st := place(t, 0)
	as(t, server, func() {
		_, err := st.Get(t.Context(), "")
		require.ErrorIs(t, err, store.ErrNeverWritten, "to read needs no lock")
		err = change(t.Context(), st)
		require.ErrorIs(t, err, store.ErrReadOnly)
		require.ErrorContains(t, err, st.path)
	})
	require.Empty(t, names(t, st.dir))
}

// TestNoReaderIsLockedOut: a user who cannot give the new file to the readers of the old one
// does not replace it.
func TestNoReaderIsLockedOut(t *testing.T) {
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
		"all users can read":               {server, server, 0o644, true},
		"no other user could read":         {deployer, server, 0o600, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := place(t, deployer)
			require.NoError(t, change(t.Context(), st))
			require.NoError(t, os.Chown(st.path, tc.uid, tc.gid))
			require.NoError(t, os.Chmod(st.path, tc.mode))
			old, err := os.Lstat(st.path)
			require.NoError(t, err)
			as(t, deployer, func() {
				f, err := os.CreateTemp(st.dir, "new")
				require.NoError(t, err)
				defer func() { require.NoError(t, f.Close()) }()
				trust.Give(f, trust.OwnerOf(old))
				err = stillReadable(f, old)
				if tc.ok {
					require.NoError(t, err)
					return
				}
				require.ErrorIs(t, err, store.ErrReadOnly)
				require.ErrorContains(t, err, "write as that user or as root")
			})
		})
	}
}

func TestAWriteThatWouldLockOutIsRefused(t *testing.T) {
	t.Parallel()
	needRoot(t)
	st := place(t, deployer)
	require.NoError(t, change(t.Context(), st))
	require.NoError(t, os.Chown(st.path, deployer, server))
	require.NoError(t, os.Chmod(st.path, 0o640))
	before := read(t, st)
	as(t, deployer, func() { require.ErrorIs(t, change(t.Context(), st), store.ErrReadOnly) })
	require.Equal(t, before.Bytes, read(t, st).Bytes)
	require.Len(t, names(t, st.dir), 3)
}

// TestAGroupMayShareTheFile: users of one group, in a directory with the group's bit set.
func TestAGroupMayShareTheFile(t *testing.T) {
	t.Parallel()
	needRoot(t)
	st := place(t, 0)
	require.NoError(t, os.Chown(st.dir, 0, deployer))
	require.NoError(t, os.Chmod(st.dir, 0o775|os.ModeSetgid))
	as(t, deployer, func() { require.NoError(t, change(t.Context(), st)) })
	info, err := os.Stat(st.path + ".lock")
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o660), info.Mode().Perm(), "every member can lock, and no other user")
	require.Equal(t, deployer, trust.OwnerOf(info).GID)
}

// TestAReadOnlyMount is read, and never written to.
func TestAReadOnlyMount(t *testing.T) {
	t.Parallel()
	needRoot(t)
	st, before := written(t)
	require.NoError(t, os.Remove(st.path+".lock")) // as where the file came from elsewhere
	require.NoError(t, os.Remove(st.path+".written"))
	require.NoError(t, os.Chmod(st.dir, 0o777)) // as a ConfigMap's
	mountReadOnly(t, st.dir, func() {
		mounted := again(t, st)
		require.Equal(t, before.Bytes, read(t, mounted).Bytes)
		_, keep := mounted.Keep(t.Context(), before.Token)
		_, _, put := mounted.PutRow(t.Context(), "one", nil, time.Minute)
		for _, err := range []error{change(t.Context(), mounted), keep, put, mounted.DeleteRow(t.Context(), "one", nil)} {
			require.ErrorIs(t, err, store.ErrReadOnly)
			require.ErrorIs(t, err, syscall.EROFS)
		}
		set, err := mounted.ListRows(t.Context(), before.Token)
		require.NoError(t, err)
		require.Empty(t, set.Rows)
		require.Zero(t, set.Since)
	})
	require.Equal(t, []string{st.base}, names(t, st.dir))
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
		t.Skip("this user cannot mount: " + err.Error())
	}
}

// TestAReaderCannotKeepOthersFromWriting: the kernel lets each user lock a file who can open
// it, even to read.
func TestAReaderCannotKeepOthersFromWriting(t *testing.T) {
	t.Parallel()
	needRoot(t)
	st := place(t, 0)
	require.NoError(t, change(t.Context(), st))
	as(t, server, func() {
		_, err := os.Open(st.path + ".lock")
		require.ErrorIs(t, err, os.ErrPermission)
		b, err := os.ReadFile(st.path + ".written")
		require.NoError(t, err, "a user who can read the document can know that there is one")
		require.NotEmpty(t, b)
	})
	require.NoError(t, os.Remove(st.path))
	as(t, server, func() {
		_, err := again(t, st).Get(t.Context(), "")
		require.ErrorIs(t, err, store.ErrLost)
	})
}

// TestTheLockIsForWriters: for the users who can write in the directory.
func TestTheLockIsForWriters(t *testing.T) {
	t.Parallel()
	needRoot(t)
	for name, c := range map[string]struct {
		dir, lock os.FileMode
		options   []Option
	}{
		"the owner alone":           {dir: 0o755, lock: 0o600},
		"the group too":             {dir: 0o770, lock: 0o660},
		"all users, where allowed":  {dir: 0o777, lock: 0o666, options: []Option{TrustWritable()}},
		"each user their own files": {dir: 0o777 | os.ModeSticky, lock: 0o660},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := newFile(t, c.options...)
			require.NoError(t, os.Chown(st.dir, deployer, server))
			require.NoError(t, os.Chmod(st.dir, c.dir))
			require.NoError(t, change(t.Context(), st))
			info, err := os.Stat(st.path + ".lock")
			require.NoError(t, err)
			require.Equal(t, trust.Owner{UID: deployer, GID: server}, trust.OwnerOf(info))
			require.Equal(t, c.lock, info.Mode().Perm())
		})
	}
}

// TestALockFileIsCorrectedByItsOwnerOnly: the process that created it was killed before it
// could share it.
func TestALockFileIsCorrectedByItsOwnerOnly(t *testing.T) {
	t.Parallel()
	needRoot(t)
	for name, c := range map[string]struct {
		prepare   func(t *testing.T, path string)
		corrected bool
	}{
		"an empty file of one's own": {corrected: true},
		"a file with something in it": {prepare: func(t *testing.T, path string) {
			t.Helper()
			require.NoError(t, os.WriteFile(path, []byte("x"), 0o600))
		}},
		"a file with a second name": {prepare: func(t *testing.T, path string) {
			t.Helper()
			require.NoError(t, os.Link(path, path+"2"))
		}},
		"another user's": {prepare: func(t *testing.T, path string) {
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
			require.NoError(t, change(t.Context(), st))
			after, err := os.Stat(path)
			require.NoError(t, err)
			if c.corrected {
				require.Equal(t, trust.Owner{UID: server, GID: server}, trust.OwnerOf(after))
			} else {
				require.Equal(t, trust.OwnerOf(before), trust.OwnerOf(after))
			}
		})
	}
}

// TestRootsInstanceGivesItsRowsDirectoryToTheDirectorysOwner, and nothing else.
func TestRootsInstanceGivesItsRowsDirectoryToTheDirectorysOwner(t *testing.T) {
	t.Parallel()
	needRoot(t)
	t.Run("the directory that it has made", func(t *testing.T) {
		t.Parallel()
		st := place(t, server)
		_, _, err := st.PutRow(t.Context(), "one", nil, time.Minute)
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
		_, _, err := st.PutRow(t.Context(), "one", nil, time.Minute)
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
		_, _, err := st.PutRow(t.Context(), "one", nil, time.Minute)
		require.NoError(t, err)
		requireOwner(t, rows, 0, 0o700)
	})
}

// TestTheCopyOfAFileIsReadableLikeTheFile: root writes a document that the server can read.
func TestTheCopyOfAFileIsReadableLikeTheFile(t *testing.T) {
	t.Parallel()
	needRoot(t)
	st := place(t, server)
	as(t, server, func() { require.NoError(t, change(t.Context(), st)) })
	kept, err := again(t, st).Keep(t.Context(), read(t, st).Token)
	require.NoError(t, err)
	requireOwner(t, kept, server, 0o644)
}

// TestARowThatThisUserCannotReadHidesNoOther: it is listed as unreadable.
func TestARowThatThisUserCannotReadHidesNoOther(t *testing.T) {
	t.Parallel()
	needRoot(t)
	st := place(t, server)
	as(t, server, func() {
		_, _, err := st.PutRow(t.Context(), "one", []byte("row"), time.Minute)
		require.NoError(t, err)
	})
	_, _, err := st.PutRow(t.Context(), "two", []byte("row"), time.Minute)
	require.NoError(t, err)
	require.NoError(t, os.Chmod(filepath.Join(st.path+".instances", "two.json"), 0o600))
	as(t, server, func() {
		set, err := again(t, st).ListRows(t.Context(), "")
		require.ErrorIs(t, err, store.ErrNeverWritten)
		require.Len(t, set.Rows, 2)
		require.Equal(t, store.Live, set.Rows[0].Life)
		require.Equal(t, store.Expired, set.Rows[1].Life)
		require.ErrorContains(t, set.Rows[1].Err, "row two cannot be read")
	})
}
