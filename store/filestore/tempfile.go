package filestore

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"strings"
	"syscall"
)

const (
	tempSuffix = ".tmp"
	randomLen  = 26 // of rand.Text
)

// tempFile is a new file. It gets its name when it is complete.
type tempFile struct {
	what    string // in the names of the steps
	prefix  string // of its temporary name
	text    []byte
	own     func(f *os.File) error // sets owner and permissions; at first 0600, this user's
	durable bool                   // a crash of the machine leaves all of it
}

// writeTemp writes the file in dir and returns its temporary name. After an error nothing
// is left.
func (s *Store) writeTemp(dir *os.Root, t tempFile) (string, error) {
	name := t.prefix + strings.ToLower(rand.Text()) + tempSuffix
	if err := s.at("create-" + t.what); err != nil {
		return "", err
	}
	f, err := dir.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", err
	}
	if err := s.fill(f, t); err != nil {
		_ = f.Close() // perhaps a second time; the first error counts
		_ = dir.Remove(name)
		return "", err
	}
	return name, nil
}

func (s *Store) fill(f *os.File, t tempFile) error {
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"write", func() error { _, err := f.Write(t.text); return err }},
		{"own", func() error { return t.own(f) }},
		{"sync", f.Sync},
		{"close", f.Close},
	} {
		if step.name == "sync" && !t.durable {
			continue
		}
		if err := s.at(step.name + "-" + t.what); err != nil {
			return err
		}
		if err := step.do(); err != nil {
			return err
		}
	}
	return nil
}

// rename gives temp the name, in place of another file. After an error temp is removed.
func (s *Store) rename(dir *os.Root, step, temp, name string) error {
	err := s.at(step)
	if err == nil {
		err = dir.Rename(temp, name)
	}
	if err != nil {
		_ = dir.Remove(temp)
	}
	return err
}

// claim gives temp the name if no file has it. Otherwise the error is fs.ErrExist, and temp
// is left.
func claim(dir *os.Root, temp, name string) error {
	err := dir.Link(temp, name)
	if err == nil {
		_ = dir.Remove(temp) // a second name does no harm
		return nil
	}
	if _, missing := dir.Lstat(name); errors.Is(err, fs.ErrExist) || missing == nil {
		return fs.ErrExist
	}
	return dir.Rename(temp, name) // this file system has no hard links
}

// isTemp reports whether writeTemp makes such a name. Between prefix and suffix it accepts only
// random text, because the name of another store can begin with the name of this one.
func isTemp(prefix, name string) bool {
	name, ours := strings.CutPrefix(name, prefix)
	random, temp := strings.CutSuffix(name, tempSuffix)
	return ours && temp && len(random) == randomLen && !strings.ContainsFunc(random, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '2' || r > '7')
	})
}

func (s *Store) tempPrefix() string { return "." + s.base + "." }

// writeTemp writes a durable file beside the document. It gets the owner and permissions of like,
// and those of a first document if like is nil.
func (w *writer) writeTemp(what string, text []byte, like fs.FileInfo) (string, error) {
	return w.store.writeTemp(w.dir, tempFile{
		what: what, prefix: w.store.tempPrefix(), text: text, durable: true,
		own: func(f *os.File) error { return w.own(f, like) },
	})
}

// removeStale removes the temporary files of writers that were killed. Under the lock no
// other writer is at work. A file that cannot be removed does no harm.
func (w *writer) removeStale() {
	files, _ := fs.ReadDir(w.dir.FS(), ".")
	for _, file := range files {
		if isTemp(w.store.tempPrefix(), file.Name()) {
			w.remove(file.Name())
		}
	}
}

func (w *writer) remove(name string) { _ = w.dir.Remove(name) }

// sync makes a file durable, or with the name "." the names in the directory.
func (w *writer) sync(step, name string) error {
	if err := w.at(step); err != nil {
		return err
	}
	if !canSyncDir {
		return nil
	}
	f, err := w.dir.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it was only read
	// Some file systems cannot sync a directory, and need not.
	if err = f.Sync(); errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	return err
}
