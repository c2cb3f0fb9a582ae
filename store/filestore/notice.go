package filestore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// A path can lead an operator and an application to different files, and no call fails. notice
// looks for the usual reasons.

// notice keeps a warning for Info if the path goes through a link or if the file is a mount.
func (s *Store) notice() {
	warning := s.linked()
	if isMounted(s.path) {
		warning = "the file is mounted alone: a write outside the mount replaces the file and never arrives here; mount its directory instead"
	}
	s.warning.Store(&warning)
}

// linked returns a warning if a directory of the path is a symbolic link; "" if none is.
func (s *Store) linked() string {
	for at := s.dir; filepath.Dir(at) != at; at = filepath.Dir(at) {
		info, err := os.Lstat(at)
		if err != nil || info.Mode()&fs.ModeSymlink == 0 || isSystems(at) {
			continue
		}
		target, _ := os.Readlink(at) // only for the text
		return fmt.Sprintf("the path leads through the link %s -> %s: if a release changes the link, the processes before and after use different files; "+
			"keep the file in a directory that stays, and give a path without the link", at, target)
	}
	return ""
}

// isSystems reports whether the link is in / or /var, where systems have links such as /var/run.
func isSystems(link string) bool {
	in := filepath.Dir(link)
	return in == filepath.Dir(in) || in == "/var"
}

// errReplaced means that the mount of the file shows a file that has no name any more.
var errReplaced = errors.New("the file was replaced outside its mount, and this process still sees the old one: " +
	"no change arrives here; mount its directory instead, and start the process again")

// replaced reports whether the file, which info describes, has no name any more, although the path
// leads to it. That is so only in a mount. Elsewhere another process replaces the file meanwhile.
func (s *Store) replaced(info fs.FileInfo) bool {
	if !isUnlinked(info) {
		return false
	}
	again, err := os.Stat(s.path)
	return err == nil && isUnlinked(again) && os.SameFile(info, again) && isMounted(s.path)
}

// explainBusy adds to the error of a rename what to do about a file that is a mount.
func explainBusy(err error) error {
	if !errors.Is(err, syscall.EBUSY) {
		return err
	}
	return fmt.Errorf("the file is mounted alone, so no write can replace it; mount its directory instead: %w", err)
}
