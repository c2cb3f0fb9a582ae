package filestore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-downtime/downtime/store"
)

const (
	pollInterval = 100 * time.Millisecond
	maxNameLen   = 200 // leaves room for the longer names of the other files
)

// Store is a [store.Store], [store.Rows] and [store.Keeper] in a file. It is safe for concurrent
// use by goroutines and processes. It runs no goroutine, and there is nothing to close. It keeps
// one descriptor in reserve, so that it can read when the process has used up all others. For
// each row that it has put and not deleted, it keeps one locked file open, and three further
// descriptors in reserve for all rows together. The zero Store is not usable; see [New].
type Store struct {
	path, dir, base string
	mode            fs.FileMode // of a new file; 0 means that the directory decides
	mustExist       bool
	trustWritable   bool

	// Methods whose names end with Locked are called with the mutex that guards their fields.
	mu   sync.Mutex // guards last, seen and spare, and is held while reading the document
	last reading
	seen bool // a document was read or written here

	warning atomic.Pointer[string] // for Info; nil before the first read

	spare *os.File // a descriptor for a read when the process has no other; s.mu guards it

	rowsMu  sync.Mutex          // guards held and reserve, and is held while a row is put or deleted
	held    map[string]*heldRow // by key: rows that were put through this Store
	reserve [rowFiles]*os.File  // descriptors for a row when the process has no other; nil entries are missing

	writing chan struct{} // one slot: the goroutine that may wait for the writers' lock

	// fault is called before each system call that changes something, and where another
	// process could interfere. Its error stands for the call's own. Only tests set it.
	fault func(step string) error
}

var (
	_ store.Rows   = (*Store)(nil)
	_ store.Keeper = (*Store)(nil)
)

// Option changes what [New] makes. A nil Option changes nothing.
type Option func(*Store)

// MustExist makes a missing file [store.ErrLost] from the start. It is for a file that another
// party provides, such as a ConfigMap. Swap can still write the first document. Without this
// option, an empty directory means that the site is up. Set the option if a volume can be mounted
// late, or can be replaced by an empty one, and run "downtime init" once.
func MustExist() Option { return func(s *Store) { s.mustExist = true } }

// TrustWritable trusts a file that every user of the system can write, can replace, or can
// have created in a directory like /tmp. Without this option such a file is an error, because
// any user could end downtime. A place that is mounted read-only is no error.
//
// Set it where permissions have no meaning: file systems without permissions, and some mounts of
// container desktops, show every file as writable. An emptyDir of Kubernetes is such a directory
// (0777); there the option means that you trust every container that mounts it. The downtime
// command does not set the option. To use the command there, chmod o-w the directory and let its
// users share a group.
func TrustWritable() Option { return func(s *Store) { s.trustWritable = true } }

// Mode sets the permissions of a file that Swap creates. The default is 0644: a user who can
// enter the directory can read the file, because operator and application can be two users
// without a common group. chmod o-x the directory to keep other users out. With a Mode that
// the directory's owner or the owner of a live row cannot read, Swap fails before it writes. A
// file that exists keeps its permissions.
func Mode(perm fs.FileMode) Option { return func(s *Store) { s.mode = perm.Perm() } }

// New returns the store in the file at path. It does not touch the disk: a missing directory
// or an unusable file is an error of Get and Swap. New resolves a relative path at once, so a
// later change of the working directory does not move the store.
func New(path string, opts ...Option) (*Store, error) {
	switch {
	case path == "":
		return nil, errors.New("filestore: the path is empty: want one like /var/lib/myapp/downtime.json")
	case strings.ContainsRune(path, 0):
		return nil, fmt.Errorf("filestore: path %q: want one without NUL", path)
	case strings.HasSuffix(path, "/"), filepath.Base(path) == ".", filepath.Base(path) == "..":
		return nil, fmt.Errorf("filestore: path %q: want a file, not a directory", path)
	case len(filepath.Base(path)) > maxNameLen:
		return nil, fmt.Errorf("filestore: path %q: want a file name of at most %d bytes", path, maxNameLen)
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("filestore: path %q: %w", path, err)
	}
	s := &Store{
		path: abs, dir: filepath.Dir(abs), base: filepath.Base(abs),
		held: map[string]*heldRow{}, writing: make(chan struct{}, 1),
	}
	for _, o := range opts {
		if o != nil {
			o(s)
		}
	}
	if s.mode&0o002 != 0 && !s.trustWritable {
		return nil, fmt.Errorf("filestore: Mode %#o: want no write permission for all users, or TrustWritable", s.mode)
	}
	if s.mode != 0 && s.mode&0o600 != 0o600 {
		return nil, fmt.Errorf("filestore: Mode %#o: want read and write permission for the owner", s.mode)
	}
	return s, nil
}

// Info describes the store. Its name is "file:" and the absolute path, and it is polled every
// 100 ms: while the file is unchanged, a poll is one stat.
func (s *Store) Info() store.Info {
	info := store.Info{Name: "file:" + s.path, Poll: pollInterval, Durability: "a crash of the machine"}
	if w := s.warning.Load(); w != nil {
		info.Warning = *w
	}
	return info
}

// errorf makes an error that names the store.
func (s *Store) errorf(format string, args ...any) error {
	return fmt.Errorf("file:%s: %w", s.path, fmt.Errorf(format, args...))
}

// at is called before a system call: there tests stop a process, or let the call fail.
func (s *Store) at(step string) error {
	if s.fault == nil {
		return nil
	}
	return s.fault(step)
}
