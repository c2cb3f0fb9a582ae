package filestore

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/go-downtime/downtime/internal/trust"
	"github.com/go-downtime/downtime/store"
)

// The server can run as another user than the command. It must be able to read each file that the
// command creates, because otherwise the site does not follow the command.

// own gives the new file f the permissions of old and, where this user can, its owner. If old is
// nil, f gets the owner and permissions of a first document.
func (w *writer) own(f *os.File, old fs.FileInfo) error {
	mode, who := w.permissions(old)
	trust.Give(f, who)
	if old != nil { // perhaps this user could not give it
		if err := stillReadable(f, old); err != nil {
			return err
		}
	}
	if err := f.Chmod(mode); err != nil {
		return err
	}
	return w.readable(f)
}

// shareLock lets exactly those users open the lock file f who can write in its directory. A user
// who can open it, even for reading, can hold the lock, stop all writers, or make a dead instance
// look alive. If the creator of an existing file was killed before this step, shareLock corrects
// the permissions. It does so only if this user owns the file and it is certainly a lock file.
func (s *Store) shareLock(f *os.File, in *os.Root, isNew bool) error {
	dir, err := in.Stat(".")
	if err != nil {
		return err
	}
	file, err := f.Stat()
	if err != nil {
		return err
	}
	mode, who := fs.FileMode(0o600), trust.Heir(dir)
	if dir.Mode()&0o020 != 0 {
		mode |= 0o060
	}
	if s.trustWritable && dir.Mode()&(0o002|fs.ModeSticky) == 0o002 {
		mode |= 0o066
	}
	if !isNew && (!hasPermissions || file.Mode().Perm() == mode && who.Has(file) ||
		file.Size() > 0 || !trust.HasOneName(file) || trust.OwnerOf(file).UID != os.Geteuid()) {
		return nil
	}
	if err := s.at("own-lock"); err != nil {
		return err
	}
	trust.Give(f, who)
	if file, err = f.Stat(); err != nil {
		return err
	}
	if mode&0o006 == 0 && trust.OwnerOf(file).GID != trust.OwnerOf(dir).GID {
		mode &^= 0o060 // the group that it has is another
	}
	err = f.Chmod(mode)
	if errors.Is(err, fs.ErrPermission) {
		return nil // here files have no permissions
	}
	return err
}

// rule says which files are trusted: in a directory that all users share, those of root, of
// the directory's owner, and of users with a live row.
func (s *Store) rule() trust.Rule {
	r := s.rowsRule()
	r.Also = s.hasLiveRow
	return r
}

// rowsRule is the rule for the directory of the rows, which itself says whose rows are live.
func (s *Store) rowsRule() trust.Rule {
	return trust.Rule{Lifted: s.trustWritable, Option: "the store's option TrustWritable"}
}

// mayWrite returns an error if no reader would trust a file that this process creates in the
// directory of the document.
func (s *Store) mayWrite(dir fs.FileInfo) error { return s.rule().Writer(s.dir, dir) }

// permissions returns mode and owner of old. In a directory that all users share, the owner is
// this user or the directory's owner. If old is nil, permissions returns those of a new file: the
// directory's owner, if this user is root; the directory's group, if its members can write there;
// and the mode of [Mode].
func (w *writer) permissions(old fs.FileInfo) (fs.FileMode, trust.Owner) {
	if old != nil {
		who := trust.OwnerOf(old)
		if who.UID != trust.OwnerOf(w.in).UID && w.store.rule().Shared(w.store.dir, w.in) {
			who.UID = -1 // the owner of old may lose this trust later
		}
		return old.Mode().Perm(), who
	}
	return cmp.Or(w.store.mode, readableMode), trust.Heir(w.in)
}

// stillReadable fails if a user who can read old could not read f, which is to replace it.
func stillReadable(f *os.File, old fs.FileInfo) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	mode, was, is := old.Mode(), trust.OwnerOf(old), trust.OwnerOf(info)
	sameGroup := was.GID == is.GID
	switch {
	case mode&0o004 != 0: // by all users
	case was.UID != is.UID && was.UID != 0 && (!sameGroup || mode&0o040 == 0),
		!sameGroup && was.GID != 0 && mode&0o040 != 0:
		return fmt.Errorf("%w: it belongs to user %d, group %d (%#o), and this user cannot give them the new file, so they could not read it; write as that user or as root",
			store.ErrReadOnly, was.UID, was.GID, mode.Perm())
	}
	return nil
}
