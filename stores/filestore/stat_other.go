//go:build !unix || aix

package filestore

import "io/fs"

const (
	nonBlock       = 0
	noFollow       = 0
	hasPermissions = false // what the system shows as permissions is made up
	canSyncDir     = false
)

// stamp is what changes with a file's content.
type stamp struct {
	known bool
	size  int64
	mtime int64 // nanoseconds
}

func stampOf(info fs.FileInfo) stamp {
	return stamp{known: true, size: info.Size(), mtime: info.ModTime().UnixNano()}
}

func ownerOf(fs.FileInfo) owner { return nobody }

func hasOneName(fs.FileInfo) bool { return true }

func isReadOnly(string) bool { return false }
