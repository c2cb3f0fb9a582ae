// Package trust decides which files are trusted on a machine that several users share. A file
// that opens or closes a site is one: the document, its lock, its marker, the directory of its
// rows, the override file, a database.
//
// A file is refused if every user of the system can write it. It is also refused if every user
// can replace it, or a link to it, because the directory is writable for all. In a directory like
// /tmp, which is writable for all and sticky, each user can create files, but replace their own
// only. There a file is trusted if it has one name and belongs to root, to the directory's owner, or
// to a user whom the caller adds. A place that is mounted read-only is trusted. The package does not
// check the directories above the file and above the links to it.
package trust

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Rule says which files are trusted. The zero Rule adds no users.
type Rule struct {
	// Lifted trusts all files.
	Lifted bool
	// Option names what sets Lifted, for errors. "" means that there is no such option.
	Option string
	// Also reports whether this user's files are trusted in a directory that all users
	// share. Root and the directory's owner are trusted without it. Nil adds no users.
	Also func(uid int) bool
}

// Error says why a file is not trusted and what to do.
type Error struct{ problem string }

func (e *Error) Error() string { return e.problem }

func (r Rule) refuse(format string, args ...any) *Error {
	e := &Error{fmt.Sprintf(format, args...)}
	if r.Option != "" {
		e.problem += ", or set " + r.Option
	}
	return e
}

// Entry returns an [*Error] if file, which has this path in the directory in, is not trusted.
func (r Rule) Entry(path string, in, file fs.FileInfo) error {
	if r.Lifted || !hasPermissions {
		return nil
	}
	dir, isLink := filepath.Dir(path), file.Mode()&fs.ModeSymlink != 0
	if err := r.Directory(dir, in); err != nil {
		return err
	}
	shared := r.Shared(dir, in)
	if uid := OwnerOf(file).UID; shared && !r.trusts(in, uid) {
		return r.refuse("%s belongs to user %d, and every user of this system can create files in %s (%s), where only those of %s are trusted: "+
			"look at it and then remove it or chown it, or keep it in a directory in which only its users can write",
			path, uid, dir, octal(in), r.believed(in))
	}
	if shared && !file.IsDir() && !HasOneName(file) {
		return r.refuse("%s has a second name, a hard link, and every user of this system can create one in %s (%s): remove it", path, dir, octal(in))
	}
	if !isLink && file.Mode()&0o002 != 0 && !isReadOnly(path) {
		return r.refuse("every user of this system can write %s (%s): chmod o-w it", path, octal(file))
	}
	return nil
}

// Directory returns an [*Error] if every user of the system can replace the files in the
// directory.
func (r Rule) Directory(dir string, info fs.FileInfo) error {
	if r.Lifted || !hasPermissions || info.Mode()&0o002 == 0 || info.Mode()&fs.ModeSticky != 0 || isReadOnly(dir) {
		return nil
	}
	return r.refuse("every user of this system can write in the directory %s (%s), and so replace its files: chmod o-w the directory", dir, octal(info))
}

// Shared reports whether every user of the system can create files in the directory, and the
// owner of a file decides whether it is trusted.
func (r Rule) Shared(dir string, info fs.FileInfo) bool {
	return !r.Lifted && hasPermissions && info.Mode()&0o002 != 0 && info.Mode()&fs.ModeSticky != 0 && !isReadOnly(dir)
}

// Writer returns an [*Error] if no reader would trust a file that this process creates in
// the directory.
func (r Rule) Writer(dir string, info fs.FileInfo) error {
	if err := r.Directory(dir, info); err != nil {
		return err
	}
	if !r.Shared(dir, info) || r.trusts(info, os.Geteuid()) {
		return nil
	}
	return r.refuse("every user of this system can create files in %s (%s), where only those of %s are trusted, and this process runs as user %d: "+
		"run it as one of them, or keep the file in a directory in which only its users can write",
		dir, octal(info), r.believed(info), os.Geteuid())
}

func (r Rule) trusts(in fs.FileInfo, uid int) bool {
	return uid == 0 || uid == OwnerOf(in).UID || r.Also != nil && r.Also(uid)
}

// believed lists the users whose files are trusted in the directory.
func (r Rule) believed(in fs.FileInfo) string {
	users := "root"
	if owner := OwnerOf(in).UID; owner != 0 {
		users = fmt.Sprintf("root and user %d", owner)
	}
	if r.Also != nil {
		users += " and of users with a live instance"
	}
	return users
}

// octal is the mode as chmod takes it.
func octal(info fs.FileInfo) string {
	mode := info.Mode().Perm()
	if info.Mode()&fs.ModeSticky != 0 {
		mode |= 0o1000
	}
	return fmt.Sprintf("%#o", uint32(mode))
}
