package trust

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
)

// Explain adds to a refused permission: the file or directory that denies it, its owner,
// the user of this process, and what to do. path is the file that this process wanted to read, or
// with write to write or create. Other errors stay as they are.
func Explain(err error, path string, write bool) error {
	if !errors.Is(err, fs.ErrPermission) {
		return err
	}
	info, statErr := os.Stat(path)
	for statErr != nil && filepath.Dir(path) != path { // a directory on the way denies it
		path = filepath.Dir(path)
		info, statErr = os.Stat(path)
	}
	if statErr != nil || !hasPermissions {
		return err
	}
	bits, may := "r", "read"
	if write {
		bits, may = "rw", "write"
	}
	if info.IsDir() {
		bits += "x"
	}
	is := OwnerOf(info)
	return fmt.Errorf("user %s may not %s %s, which belongs to user %s, group %s (%#o); run as user %s, or let a group of both in: chgrp GROUP %s && chmod g+%s %s: %w",
		userName(os.Geteuid()), may, path, userName(is.UID), groupName(is.GID), info.Mode().Perm(), userName(is.UID), path, bits, path, err)
}

func userName(id int) string {
	if u, err := user.LookupId(strconv.Itoa(id)); err == nil {
		return u.Username
	}
	return strconv.Itoa(id)
}

func groupName(id int) string {
	if g, err := user.LookupGroupId(strconv.Itoa(id)); err == nil {
		return g.Name
	}
	return strconv.Itoa(id)
}
