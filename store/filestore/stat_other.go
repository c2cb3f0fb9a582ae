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

func stampOf(info fs.FileInfo) stamp {
	return stamp{known: true, size: info.Size(), mtime: info.ModTime().UnixNano()}
}
