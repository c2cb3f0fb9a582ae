package trust

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// maxLinks is how many symbolic links a path may lead through, as in Linux.
const maxLinks = 40

// Open opens the regular file at path for reading, if it is trusted, with each link that leads to
// it. Errors: an [*Error]; an [*fs.PathError]; another one if it is not a regular file.
func (r Rule) Open(path string) (*os.File, error) {
	path, in, file, err := r.find(path)
	if err != nil {
		return nil, err
	}
	if err := r.Regular(path, in, file); err != nil { // to open a device can have effects
		return nil, err
	}
	return r.open(path, in)
}

// open opens a file and judges the opened file: it can be another one by now.
func (r Rule) open(path string, in fs.FileInfo) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|nonBlock|noFollow, 0)
	if err != nil {
		return nil, err
	}
	file, err := f.Stat()
	if err == nil {
		err = r.Regular(path, in, file)
	}
	if err != nil {
		_ = f.Close() // nothing was written
		return nil, err
	}
	return f, nil
}

// Find follows the links that lead to the file at path, and returns its path without links.
// It returns an [*Error] if the file or one of the links is not trusted. If the file is
// missing, the error is [fs.ErrNotExist]; the path is empty if its directory is missing too.
func (r Rule) Find(path string) (string, error) {
	path, in, file, err := r.find(path)
	if err != nil {
		return path, err
	}
	return path, r.Entry(path, in, file)
}

// find returns the path without links, its directory and the file, which it has not judged.
func (r Rule) find(path string) (_ string, in, file fs.FileInfo, err error) {
	if !filepath.IsAbs(path) {
		dir, err := os.Getwd()
		if err != nil {
			return "", nil, nil, err
		}
		path = dir + string(filepath.Separator) + path
	}
	if !hasPermissions {
		file, err = os.Stat(path)
		return path, file, file, err
	}
	at, rest := "/", strings.TrimRight(path, "/")
	for links := 0; ; {
		name, after, more := strings.Cut(strings.TrimLeft(rest, "/"), "/")
		rest = after
		switch name {
		case "..":
			at = filepath.Dir(at)
			continue
		case ".", "":
			if more {
				continue
			}
		}
		next := filepath.Join(at, name)
		if file, err = os.Lstat(next); err != nil {
			if more {
				return "", nil, nil, err
			}
			return next, nil, nil, r.missing(at, err)
		}
		isLink := file.Mode()&fs.ModeSymlink != 0
		if more && (!isLink || isKernels(next)) {
			at = next
			continue
		}
		if in, err = os.Stat(at); err != nil {
			return "", nil, nil, err
		}
		if !isLink {
			return next, in, file, nil
		}
		if err := r.Entry(next, in, file); err != nil {
			return "", nil, nil, err
		}
		if links++; links > maxLinks {
			return "", nil, nil, &fs.PathError{Op: "open", Path: path, Err: syscall.ELOOP}
		}
		target, err := os.Readlink(next)
		if err != nil {
			return "", nil, nil, err
		}
		if filepath.IsAbs(target) {
			at = "/"
		}
		rest = strings.TrimRight(target, "/")
		if more {
			rest += "/" + after
		}
	}
}

// missing returns err, unless any user can have removed the file from the directory.
func (r Rule) missing(dir string, err error) error {
	in, statErr := os.Stat(dir)
	if statErr != nil {
		return statErr
	}
	if untrusted := r.Directory(dir, in); untrusted != nil {
		return untrusted
	}
	return err
}

// isKernels reports whether the link is one of Linux's process file system, whose text is not
// where it leads: /proc/1/root is the root directory of another container.
func isKernels(path string) bool { return strings.HasPrefix(path, "/proc/") }

// Regular returns an error if file is no regular file or is not trusted, see [Rule.Entry].
func (r Rule) Regular(path string, in, file fs.FileInfo) error {
	if !file.Mode().IsRegular() {
		return fmt.Errorf("%s is %s, want a regular file", path, kindOf(file.Mode()))
	}
	return r.Entry(path, in, file)
}

func kindOf(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "a directory"
	case mode&fs.ModeSymlink != 0:
		return "a symbolic link"
	case mode&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	case mode&fs.ModeDevice != 0:
		return "a device"
	}
	return "no regular file"
}
