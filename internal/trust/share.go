package trust

import (
	"io/fs"
	"os"
)

// Heir returns the user and the group that get a new file in the directory, so that the users who
// share the directory can read it under any umask: root gives it to the directory's owner, and it
// belongs to the directory's group if that can write there. -1 leaves the file as it is.
func Heir(dir fs.FileInfo) (uid, gid int) {
	uid, gid = -1, -1
	owner, group := Owner(dir)
	if os.Geteuid() == 0 {
		uid, gid = owner, group
	}
	if dir.Mode()&0o020 != 0 {
		gid = group
	}
	return uid, gid
}

// Give gives f to the user and the group as far as this process can.
func Give(f *os.File, uid, gid int) {
	if f.Chown(uid, gid) != nil {
		_ = f.Chown(-1, gid)
	}
}
