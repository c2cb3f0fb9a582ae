//go:build unix && !aix

package filestore

import (
	"io/fs"
	"syscall"
)

const (
	nonBlock       = syscall.O_NONBLOCK // opening a named pipe does not wait for its writer
	hasPermissions = true
	canSyncDir     = true
)

// stamp changes with a file's content.
type stamp struct {
	known            bool
	size             int64
	mtime, ctime     int64 // nanoseconds
	device, serialNo uint64
}

// isUnlinked reports whether the file has no name.
func isUnlinked(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && st.Nlink == 0
}

func stampOf(info fs.FileInfo) stamp {
	s := stamp{known: true, size: info.Size(), mtime: info.ModTime().UnixNano()}
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		s.device, s.serialNo = uint64(st.Dev), uint64(st.Ino) //nolint:unconvert // compared only; their types differ by system
		s.ctime = ctime(st)
	}
	return s
}
