//go:build unix && !aix

package filestore

import (
	"errors"
	"io/fs"
	"syscall"
)

const (
	nonBlock       = syscall.O_NONBLOCK // opening a named pipe does not wait for its writer
	noFollow       = syscall.O_NOFOLLOW
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

func stampOf(info fs.FileInfo) stamp {
	s := stamp{known: true, size: info.Size(), mtime: info.ModTime().UnixNano()}
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		s.device, s.serialNo = uint64(st.Dev), uint64(st.Ino) //nolint:unconvert // compared only; their types differ by system
		s.ctime = ctime(st)
	}
	return s
}

func ownerOf(info fs.FileInfo) owner {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return owner{int(st.Uid), int(st.Gid)}
	}
	return asIs
}

// hasOneName reports whether the file has no other name by a hard link.
func hasOneName(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && st.Nlink == 1
}

// isReadOnly reports whether the directory is mounted read-only, so that its permissions do not
// count: the directory of a ConfigMap has 0777.
func isReadOnly(dir string) bool {
	const writing = 2
	return errors.Is(syscall.Access(dir, writing), syscall.EROFS)
}
