// Package filestore keeps the document in one JSON file that people can read and edit. It
// is the embedded default: an application and the downtime command share the file, in two
// processes of one host, and the application sees a change with its next poll (100 ms).
//
// # Reading
//
// Readers take no lock and write nothing, so that a read-only mount or a Kubernetes
// ConfigMap will do; symbolic links are followed (a ConfigMap is made of them). What is
// not a whole, valid document is an error, and the gate keeps what it knew: a file that is
// empty, truncated or corrupt, not a regular file, unreadable, larger than
// [core.MaxDocument], or one that every user of the system may write or, by its directory,
// replace. An edit by hand is adopted, at whatever revision it claims.
//
// A file that is missing has never been written, unless something tells otherwise; then
// Load returns [core.ErrLost]. What tells: this Store has seen a document; or there is a
// marker beside it (the path with ".written"), which a Commit leaves for those who may read
// the document; or [MustExist]. A marker that cannot be read is an error.
//
// # Writing
//
// One writer at a time holds a lock on the lock file (the path with ".lock"), which only
// those can open who may write in the directory, and which the kernel frees when its
// process ends in whatever way. It reads the document again, writes a temporary file in the
// same directory, makes it durable, and renames it over the old one: whoever reads, and
// whatever survives a crash, is the old document or the new one. Owner, group and mode
// stay; ACLs and security labels are the directory's. A corrupt file is never replaced, and
// a symbolic link never written through. The directory must be writable: mount the
// directory into a container, not the file alone. What cannot be made durable is
// [core.ErrUnconfirmed], though it can be read.
//
// # The log
//
// Every write is also a line of JSON in the log (the path with ".log"), with the owner and
// the permissions of the document, made durable before the document is put in its place; a
// line whose write did not take place is not shown, and is written over by the next. It
// keeps the last [core.MaxEntries]. A write whose line cannot be written is not made: free
// the disk, or correct the file that is in the way. An edit by hand leaves no line; the next
// write's says that there was one.
//
// # Instances
//
// Gates report themselves in a directory beside the file, named after it with
// ".instances", if they may write there; where not, they honour the file all the same, and
// log once that nobody can see them. A link in the place of that directory is an error.
//
// The file belongs on a local file system. Over a network one, its locks and its caches
// decide what is seen when, and a Load or Commit may block as long as it does.
package filestore

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/go-downtime/downtime/core"
)

const (
	pollInterval = 100 * time.Millisecond
	lockTimeout  = 5 * time.Second
	lockRetry    = 2 * time.Millisecond
	maxNameLen   = 200 // leaves room for what the temporary file's name adds
)

// Store is a [core.Store], a [core.Fleet] and a [core.Journal] in a file. It is safe for concurrent use by
// goroutines and processes, and holds no goroutine and nothing to close; it keeps one file
// open, and locked, for each instance that has reported itself and not left. The zero Store
// is not usable; see [New].
type Store struct {
	path, dir, base string
	mode            fs.FileMode // of a new file; 0 means by its directory
	mustExist       bool
	worldWritable   bool

	mu   sync.Mutex // guards last and seen, and is held while reading
	last reading
	seen bool // a document was read or written here

	reporting sync.Mutex           // guards held, and is held while a row is written or removed
	held      map[string]*fileLock // of instances that reported through this Store

	writing chan struct{} // one slot: the goroutine that may wait for the lock

	// fault is called before each system call of Commit, and where another process could
	// come between those on the rows; an error stands for the call's own. Only tests set it.
	fault func(step string) error
}

var (
	_ core.Store   = (*Store)(nil)
	_ core.Pacer   = (*Store)(nil)
	_ core.Journal = (*Store)(nil)
)

// Option changes what [New] makes. A nil Option changes nothing.
type Option func(*Store)

// MustExist makes a missing file an error from the start, [core.ErrLost], instead of an
// empty store: for a file that somebody else provides, such as a ConfigMap. Commit can
// still write the first document.
func MustExist() Option { return func(s *Store) { s.mustExist = true } }

// AllowWorldWritable reads a file that every user of the system may write, or whose
// directory every user may write in without the sticky bit. Without it such a file is an
// error, because any of them could end downtime; a directory that is mounted read-only is
// none. File systems without permissions, and some mounts of container desktops, show every
// file so, and an emptyDir of Kubernetes is such a directory (0777): there it says that you
// trust every container that mounts it. Instead of it, chmod +t the directory, or keep the
// file in a directory of its own (0750) inside of it; the downtime command needs that,
// because it does not use this option.
func AllowWorldWritable() Option { return func(s *Store) { s.worldWritable = true } }

// Mode gives a file that Commit creates these permissions. Without it they are 0640, and
// 0644 if root creates it in a directory that is root's, because then nobody else could
// read it. A file that exists keeps its own.
func Mode(perm fs.FileMode) Option { return func(s *Store) { s.mode = perm.Perm() } }

// New returns the store in the file at path. It does not touch the disk: a directory that
// is missing, or a file that is not as it should be, is an error of Load and Commit. A
// relative path is resolved now, so that a later change of the working directory does not
// move the store.
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
	s := &Store{path: abs, dir: filepath.Dir(abs), base: filepath.Base(abs), writing: make(chan struct{}, 1)}
	for _, o := range opts {
		if o != nil {
			o(s)
		}
	}
	if s.mode&0o002 != 0 && !s.worldWritable {
		return nil, fmt.Errorf("filestore: Mode %#o: want no write permission for everybody, or AllowWorldWritable", s.mode)
	}
	if s.mode != 0 && s.mode&0o600 != 0o600 {
		return nil, fmt.Errorf("filestore: Mode %#o: want read and write permission for the owner", s.mode)
	}
	return s, nil
}

// String is "file:" and the absolute path.
func (s *Store) String() string { return "file:" + s.path }

// PollInterval is 100 ms: a poll is one stat.
func (s *Store) PollInterval() time.Duration { return pollInterval }

func (s *Store) lockName() string   { return s.base + ".lock" }
func (s *Store) markerName() string { return s.base + ".written" }
func (s *Store) rowsName() string   { return s.base + ".instances" }
func (s *Store) logName() string    { return s.base + ".log" }
func (s *Store) logPath() string    { return filepath.Join(s.dir, s.logName()) }

// errorf makes an error that names the store.
func (s *Store) errorf(format string, args ...any) error {
	return fmt.Errorf(s.escaped()+": "+format, args...)
}

func (s *Store) escaped() string { return strings.ReplaceAll(s.String(), "%", "%%") }

// refused adds [core.ErrReadOnly] to an error that means: not by this user, not here.
func refused(err error) error {
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		return fmt.Errorf("%w: %w", core.ErrReadOnly, err)
	}
	return err
}
