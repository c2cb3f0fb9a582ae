package filestore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/go-downtime/downtime/store"
)

// A file that root's command creates must stay readable to the server, which runs as another
// user: a change that the server cannot read is no change.

// own gives the new file f the permissions of old and, where this user can, its owner. If old
// is nil, f gets what suits a first document.
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

// shareLock lets exactly those users open the lock file f who can write in its directory. A
// user who can open it, even to read, can hold the lock and stop all writers. An existing file
// is corrected if this user owns it and it is certainly a lock file: its creator can have been
// killed before this step.
func (w *writer) shareLock(f *os.File, isNew bool) error {
	dir, err := w.dir.Stat(".")
	if err != nil {
		return err
	}
	file, err := f.Stat()
	if err != nil {
		return err
	}
	mode, who := fs.FileMode(0o600), asIs
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

// guarded refuses a directory in which every user of the system could replace the document:
// the directory of the path and, if the path is a link, that of its target.
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
			return s.errorf("every user of this system can write in its directory %s (%#o), and so replace the file and end downtime: chmod o-w the directory, or chmod +t it, or set the store's option AllowWorldWritable", dir, info.Mode().Perm())
		}
	}
	return nil
}

// openToAll reports whether every user can remove other users' files in this directory.
func openToAll(dir fs.FileInfo) bool {
	return dir.Mode()&0o002 != 0 && dir.Mode()&fs.ModeSticky == 0
}

// permissions returns mode and owner of old. If old is nil, it returns what suits a new file:
// the directory's owner, if this user is root, and the mode that [Mode] says.
func (w *writer) permissions(old fs.FileInfo) (fs.FileMode, owner, error) {
	if old != nil {
		return old.Mode().Perm(), ownerOf(old), nil
	}
	dir, err := w.dir.Stat(".")
	if err != nil {
		return 0, asIs, err
	}
	mode, who := w.store.mode, asIs
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

// stillReadable fails if a user who can read old could not read f, which is to replace it.
func stillReadable(f *os.File, old fs.FileInfo) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	mode, was, is := old.Mode(), ownerOf(old), ownerOf(info)
	sameGroup := was.gid == is.gid
	switch {
	case mode&0o004 != 0: // by all users
	case was.uid != is.uid && was.uid != 0 && (!sameGroup || mode&0o040 == 0),
		!sameGroup && was.gid != 0 && mode&0o040 != 0:
		return fmt.Errorf("%w: it belongs to user %d, group %d (%#o), and this user cannot give them the new file, so they could not read it; write as that user or as root",
			store.ErrReadOnly, was.uid, was.gid, mode.Perm())
	}
	return nil
}

// owner is the owner of a file. asIs leaves it as it is.
type owner struct{ uid, gid int }

var asIs = owner{-1, -1}

func (o owner) owns(file fs.FileInfo) bool {
	is := ownerOf(file)
	return (o.uid < 0 || o.uid == is.uid) && (o.gid < 0 || o.gid == is.gid)
}

// chown gives f to who as far as this user can. stillReadable tells whether that is enough.
func chown(f *os.File, who owner) {
	if f.Chown(who.uid, who.gid) != nil {
		_ = f.Chown(-1, who.gid)
	}
}
