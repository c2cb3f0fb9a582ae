//go:build unix && !aix

package trust

import (
	"errors"
	"io/fs"
	"syscall"
)

const (
	nonBlock       = syscall.O_NONBLOCK // opening a named pipe does not wait for its writer
	noFollow       = syscall.O_NOFOLLOW
	hasPermissions = true
)

// OwnerOf returns the owner of a file, and -1 where the system has none.
func OwnerOf(file fs.FileInfo) Owner {
	if st, ok := file.Sys().(*syscall.Stat_t); ok {
		return Owner{int(st.Uid), int(st.Gid)}
	}
	return Owner{-1, -1}
}

// HasOneName reports whether the file has no other name by a hard link.
func HasOneName(file fs.FileInfo) bool {
	st, ok := file.Sys().(*syscall.Stat_t)
	return ok && st.Nlink == 1
}

// MayWrite returns an error if this user may not read and write the file. It opens nothing, because
// to close a file gives up the locks that this process holds on it.
func MayWrite(path string) error {
	const readingAndWriting = 6
	if err := syscall.Access(path, readingAndWriting); err != nil {
		return &fs.PathError{Op: "access", Path: path, Err: err}
	}
	return nil
}

// isReadOnly reports whether the place is mounted read-only, so that its permissions do not
// count: the directory of a ConfigMap has 0777.
func isReadOnly(path string) bool {
	const writing = 2
	return errors.Is(syscall.Access(path, writing), syscall.EROFS)
}
