package filestore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

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

// shareLock lets those use the lock file f who may write in its directory, and nobody else:
// whoever could open it, if only to read, could hold the lock and keep all others from
// writing. One that is not new is mended if it is this user's own, and certainly a lock
// file: its maker may have been killed before it came so far.
func (w *writer) shareLock(f *os.File, isNew bool) error {
	dir, err := w.dir.Stat(".")
	if err != nil {
		return err
	}
	file, err := f.Stat()
	if err != nil {
		return err
	}
	mode, who := fs.FileMode(0o600), nobody
	if os.Geteuid() == 0 {
		who = ownerOf(dir)
	}
	if dir.Mode()&0o020 != 0 {
		mode, who.gid = mode|0o060, ownerOf(dir).gid
	}
	if w.store.worldWritable && openToAll(dir) {
		mode |= 0o066
	}
	if !isNew && (!hasPermissions || file.Mode().Perm() == mode && who.owns(file) ||
		file.Size() > 0 || !hasOneName(file) || ownerOf(file).uid != os.Geteuid()) {
		return nil
	}
	if err := w.at("own-lock"); err != nil {
		return err
	}
	chown(f, who)
	if file, err = f.Stat(); err != nil {
		return err
	}
	if mode&0o006 == 0 && ownerOf(file).gid != ownerOf(dir).gid {
		mode &^= 0o060 // the group that it has is another
	}
	err = f.Chmod(mode)
	if errors.Is(err, fs.ErrPermission) {
		return nil // here files have no permissions
	}
	return err
}

// guarded refuses a directory in which every user of the system could put another file in
// the place of the document: that of the path and, if there is a link, of what it names.
func (s *Store) guarded() error {
	if s.worldWritable || !hasPermissions {
		return nil
	}
	dirs := []string{s.dir}
	if info, err := os.Lstat(s.path); err == nil && info.Mode()&fs.ModeSymlink != 0 {
		target, err := filepath.EvalSymlinks(s.path)
		if err != nil {
			return s.unreadable(err)
		}
		dirs = append(dirs, filepath.Dir(target))
	}
	for _, dir := range dirs {
		info, err := os.Stat(dir)
		if err != nil {
			return s.unreadable(err)
		}
		if openToAll(info) && !isReadOnly(dir) {
			return s.errorf("every user of this system may write in its directory %s (%#o), and so replace the file and end downtime: chmod o-w the directory, or chmod +t it, or allow that by the store's option AllowWorldWritable", dir, info.Mode().Perm())
		}
	}
	return nil
}

// openToAll reports whether everybody may remove other people's files in this directory.
func openToAll(dir fs.FileInfo) bool {
	return dir.Mode()&0o002 != 0 && dir.Mode()&fs.ModeSticky == 0
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

func (o owner) owns(file fs.FileInfo) bool {
	is := ownerOf(file)
	return (o.uid < 0 || o.uid == is.uid) && (o.gid < 0 || o.gid == is.gid)
}

// chown gives f to who as far as this user may; stillReadable tells whether it matters.
func chown(f *os.File, who owner) {
	if f.Chown(who.uid, who.gid) != nil {
		_ = f.Chown(-1, who.gid)
	}
}
