package trust

import (
	"io/fs"
	"os"
)

// Owner is the user and the group of a file. -1 means none, or leaves a file as it is.
type Owner struct{ UID, GID int }

// Has reports whether the file belongs to the user and to the group, if o names them.
func (o Owner) Has(file fs.FileInfo) bool {
	is := OwnerOf(file)
	return (o.UID < 0 || o.UID == is.UID) && (o.GID < 0 || o.GID == is.GID)
}

// Heir returns who gets a new file in the directory, so that the users who share the directory can
// read it under any umask: root gives it to the directory's owner, and it belongs to the directory's
// group if that can write there.
func Heir(dir fs.FileInfo) Owner {
	heir, owner := Owner{-1, -1}, OwnerOf(dir)
	if os.Geteuid() == 0 {
		heir = owner
	}
	if dir.Mode()&0o020 != 0 {
		heir.GID = owner.GID
	}
	return heir
}

// Give gives f to the owner as far as this process can.
func Give(f *os.File, to Owner) {
	if f.Chown(to.UID, to.GID) != nil {
		_ = f.Chown(-1, to.GID)
	}
}
