//go:build !unix || aix

package filestore

import "io/fs"

const (
	nonBlock       = 0
	hasPermissions = false // the system invents the permissions that it shows
	canSyncDir     = false
)

// stamp changes with a file's content.
type stamp struct {
	known bool
	size  int64
	mtime int64 // nanoseconds
}

// isUnlinked reports whether the file has no name. Here that is not known.
func isUnlinked(fs.FileInfo) bool { return false }

func stampOf(info fs.FileInfo) stamp {
	return stamp{known: true, size: info.Size(), mtime: info.ModTime().UnixNano()}
}
