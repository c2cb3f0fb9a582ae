package filestore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/go-downtime/downtime/core"
)

// A file that root's command makes must stay readable to the server that runs as somebody
// else: a change that the server cannot read is no change.

// own gives the new file f the permissions, and where this user may, the owner of old; of
// a fitting new file where old is nil.
func (w *writer) own(f *os.File, old fs.FileInfo) error {
	mode, who, err := w.permissions(old)
	if err != nil {
		return err
	}
	chown(f, who)
	if old != nil {
		if err := stillReadable(f, old); err != nil {
			return err
		}
	}
	return f.Chmod(mode)
}

// shareLock lets all who may replace the document use the lock file f.
func (w *writer) shareLock(f *os.File) error {
	old, err := w.dir.Lstat(w.store.base)
	if err != nil || !old.Mode().IsRegular() {
		old = nil
	}
	mode, who, err := w.permissions(old)
	if err != nil {
		return err
	}
	dir, err := w.dir.Stat(".")
	if err != nil {
		return err
	}
	chown(f, who)
	err = f.Chmod(mode&^0o022 | 0o600 | dir.Mode()&0o020)
	if errors.Is(err, fs.ErrPermission) {
		return nil // it is another user's, who does this; here it is enough to have opened it
	}
	return err
}

// permissions returns those of old, else those that suit a new file: its directory's owner,
// if this is root, and what [Mode] says.
func (w *writer) permissions(old fs.FileInfo) (fs.FileMode, owner, error) {
	if old != nil {
		return old.Mode().Perm(), ownerOf(old), nil
	}
	dir, err := w.dir.Stat(".")
	if err != nil {
		return 0, nobody, err
	}
	mode, who := w.store.mode, nobody
	if os.Geteuid() == 0 {
		who = ownerOf(dir)
	}
	if mode == 0 {
		mode = 0o640
		if who.uid == 0 {
			mode = 0o644
		}
	}
	return mode, who, nil
}

// stillReadable fails if f, which is to replace old, could not be read by somebody who
// can read old.
func stillReadable(f *os.File, old fs.FileInfo) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	mode, was, is := old.Mode(), ownerOf(old), ownerOf(info)
	sameGroup := was.gid == is.gid
	switch {
	case mode&0o004 != 0: // by everybody
	case was.uid != is.uid && was.uid != 0 && (!sameGroup || mode&0o040 == 0),
		!sameGroup && was.gid != 0 && mode&0o040 != 0:
		return fmt.Errorf("%w: it belongs to user %d, group %d (%#o), and this user cannot give a new one to them, so that they could not read it any more; write as that user or as root",
			core.ErrReadOnly, was.uid, was.gid, mode.Perm())
	}
	return nil
}

// owner of a file. nobody means: leave it as it is.
type owner struct{ uid, gid int }

var nobody = owner{-1, -1}

// chown gives f to who as far as this user may; stillReadable tells whether it matters.
func chown(f *os.File, who owner) {
	if f.Chown(who.uid, who.gid) != nil {
		_ = f.Chown(-1, who.gid)
	}
}
