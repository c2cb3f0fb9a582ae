package filestore

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/go-downtime/downtime/internal/trust"
	"github.com/go-downtime/downtime/store"
)

// readableMode is the mode of new files. A user who can enter the directory can read them: the
// operator and the application can be two users without a common group.
const readableMode = 0o644

// readable fails if f, which is complete and has no name yet, cannot be read by a known reader:
// the owner of the directory, its group if that can write there, and the owners of live rows.
func (w *writer) readable(f *os.File) error {
	file, err := f.Stat()
	if err != nil || !hasPermissions || file.Mode()&0o004 != 0 {
		return err
	}
	is, in := trust.OwnerOf(file), trust.OwnerOf(w.in)
	shared := w.in.Mode()&0o022 == 0o020 // a group writes there, and not all users
	groupReads := file.Mode()&0o040 != 0
	var shutOut []string
	if w.store.mode == 0 && shared && (!groupReads || is.GID != in.GID) {
		shutOut = append(shutOut, fmt.Sprintf("group %d, which can write in the directory", in.GID))
	}
	// A user is taken for a member of the directory's group if that group can write there.
	reads := func(r trust.Owner) bool {
		return r.UID == 0 || r.UID == is.UID ||
			groupReads && (r.GID == is.GID || is.GID == in.GID && shared)
	}
	if !reads(in) {
		shutOut = append(shutOut, fmt.Sprintf("user %d, who owns the directory", in.UID))
	}
	for _, r := range w.store.liveOwners() {
		if !reads(r) && r.UID != in.UID {
			shutOut = append(shutOut, fmt.Sprintf("user %d, who has a live instance", r.UID))
		}
	}
	if len(shutOut) == 0 {
		return nil
	}
	do := fmt.Sprintf("chmod o+r %[1]s, or chgrp %[2]d %[1]s && chmod g+r %[1]s", w.store.path, in.GID)
	if _, err := w.dir.Lstat(w.store.base); err != nil {
		do = "set another Mode, or chown the directory"
	}
	return fmt.Errorf("%w: the document, of user %d, group %d (%#o), could not be read by %s: %s",
		store.ErrReadOnly, is.UID, is.GID, file.Mode().Perm(), strings.Join(shutOut, "; "), do)
}

// liveOwners returns the owners of the files of live rows, each once.
func (s *Store) liveOwners() []trust.Owner {
	dir, err := s.openRows()
	if err != nil {
		return nil
	}
	defer func() { _ = dir.Close() }()
	rows, _, _ := s.readRowsIn(dir, time.Now()) // after an error there are none
	var found []trust.Owner
	for _, row := range rows {
		if row.Life != store.Live {
			continue
		}
		info, err := dir.Lstat(row.Key + rowSuffix)
		if err == nil && !slices.Contains(found, trust.OwnerOf(info)) {
			found = append(found, trust.OwnerOf(info))
		}
	}
	return found
}
