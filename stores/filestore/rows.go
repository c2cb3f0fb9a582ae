package filestore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"github.com/go-downtime/downtime/core"
)

// Instances report themselves in a directory beside the document, named after it with
// ".instances": a file for each row, replaced by rename, and one that its process keeps
// locked for as long as it lives. On the host and boot that a row names, a lock that can be
// had says for certain that its process is gone; anywhere else only the lease counts.

var _ core.Fleet = (*Store)(nil)

const (
	rowSuffix  = ".json"
	lockSuffix = ".lock"
	maxRow     = 64 << 10
	// A document that changes while the rows are read is read again, so often.
	consistentReads = 10
)

// stampedRow is a row with what this store stamps on it.
type stampedRow struct {
	Seen  time.Time       `json:"seen"`
	Lease time.Time       `json:"lease"`
	Row   json.RawMessage `json:"row"`
}

func (s *Store) rowsDir() string { return s.path + ".instances" }

// Report writes the row. It returns no mark: the Load that follows is a stat. What this
// user may not write, or not here, is [core.ErrReadOnly].
func (s *Store) Report(ctx context.Context, row core.Instance, lease time.Duration) (core.Mark, time.Time, error) {
	now := time.Now()
	if err := ctx.Err(); err != nil {
		return core.Mark{}, now, err
	}
	if err := rowID(row.ID); err != nil {
		return core.Mark{}, now, s.errorf("%w", err)
	}
	text, err := core.EncodeInstance(row)
	if err != nil {
		return core.Mark{}, now, s.errorf("row of instance %s: %w", row.ID, err)
	}
	if text, err = json.Marshal(stampedRow{Seen: now.UTC(), Lease: now.Add(lease).UTC(), Row: text}); err != nil {
		return core.Mark{}, now, s.errorf("row of instance %s: %w", row.ID, err)
	}
	if err := s.report(row.ID, text); err != nil {
		return core.Mark{}, now, s.errorf("row of instance %s not written: %w", row.ID, refused(err))
	}
	return core.Mark{}, now, nil
}

func (s *Store) report(id string, text []byte) error {
	mode, err := s.makeRowsDir()
	if err != nil {
		return err
	}
	dir, err := os.OpenRoot(s.rowsDir())
	if err != nil {
		return err
	}
	defer func() { _ = dir.Close() }()
	if err := s.hold(id, mode); err != nil {
		return err
	}
	// Not made durable: after a crash of the machine its process is gone as well.
	temp := "." + id + tempSuffix
	f, err := dir.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err == nil {
		err = f.Chmod(mode)
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = dir.Rename(temp, id+rowSuffix)
	}
	if err != nil {
		_ = dir.Remove(temp)
	}
	return err
}

// makeRowsDir makes the directory with the permissions of the one that it is in, and
// returns those of the files in it: whoever may look into the directory may read the rows.
func (s *Store) makeRowsDir() (fs.FileMode, error) {
	parent, err := os.Stat(s.dir)
	if err != nil {
		return 0, err
	}
	perm := parent.Mode().Perm()&^0o022 | 0o700
	err = os.Mkdir(s.rowsDir(), perm)
	if err == nil && os.Geteuid() == 0 { // root's instance must not shut the others out
		if who := ownerOf(parent); who != nobody {
			_ = os.Chown(s.rowsDir(), who.uid, who.gid)
		}
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return 0, err
	}
	return perm & 0o644, nil
}

// hold locks the instance's lock file, if this Store does not hold it yet.
func (s *Store) hold(id string, mode fs.FileMode) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	path := filepath.Join(s.rowsDir(), id+lockSuffix)
	if lock := s.held[id]; lock != nil {
		if sameFile(lock, path) {
			return nil
		}
		_ = lock.Unlock() // pruned by somebody who took this process for gone
		delete(s.held, id)
	}
	lock := flock.New(path, flock.SetFlag(os.O_RDWR|os.O_CREATE|noFollow), flock.SetPermissions(mode))
	taken, err := lock.TryLock()
	if err != nil {
		return err
	}
	if !taken {
		return fmt.Errorf("another process has registered as instance %s", id)
	}
	if s.held == nil {
		s.held = map[string]*flock.Flock{}
	}
	s.held[id] = lock
	return nil
}

func sameFile(lock *flock.Flock, path string) bool {
	held, err := lock.Stat()
	if err != nil {
		return false
	}
	named, err := os.Lstat(path)
	return err == nil && os.SameFile(held, named)
}

// Leave removes the row and gives its lock back.
func (s *Store) Leave(_ context.Context, id string) error {
	if err := rowID(id); err != nil {
		return s.errorf("%w", err)
	}
	err := s.remove(id, rowSuffix)
	s.mu.Lock()
	if lock := s.held[id]; lock != nil {
		err = errors.Join(err, lock.Unlock())
		delete(s.held, id)
	}
	s.mu.Unlock()
	if err = errors.Join(err, s.remove(id, lockSuffix)); err != nil {
		return s.errorf("row of instance %s not removed: %w", id, refused(err))
	}
	return nil
}

func (s *Store) remove(id, suffix string) error {
	err := os.Remove(filepath.Join(s.rowsDir(), id+suffix))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Instances returns the document and the rows beside it. Rows of processes that are gone,
// or silent, for more than [core.PruneAfter] are removed, where this user may.
func (s *Store) Instances(ctx context.Context) (core.State, []core.Instance, error) {
	for range consistentReads {
		before, err := s.Load(ctx, core.Mark{})
		if err != nil {
			return core.State{}, nil, err
		}
		rows, err := s.readRows(before.Time)
		if err != nil {
			return core.State{}, nil, s.errorf("rows of instances: %w", err)
		}
		after, err := s.Load(ctx, core.Mark{})
		if err != nil {
			return core.State{}, nil, err
		}
		if before.Mark == after.Mark {
			core.SortInstances(rows)
			return after, rows, nil
		}
	}
	return core.State{}, nil, s.errorf("the document changed %d times while the rows of instances were read: try again", consistentReads)
}

func (s *Store) readRows(now time.Time) ([]core.Instance, error) {
	rows := []core.Instance{}
	entries, err := os.ReadDir(s.rowsDir())
	if errors.Is(err, fs.ErrNotExist) {
		return rows, nil
	}
	if err != nil {
		return nil, err
	}
	host, boot := core.ThisHost()
	for _, e := range entries {
		id, isRow := strings.CutSuffix(e.Name(), rowSuffix)
		if !isRow || rowID(id) != nil {
			continue
		}
		row, err := s.readRow(id)
		if errors.Is(err, fs.ErrNotExist) {
			continue // it has left in between
		}
		if err != nil {
			return nil, err
		}
		here := row.Host == host && row.Boot == boot
		row.Dead = here && s.gone(id)
		if now.Sub(row.Lease) > core.PruneAfter && (row.Dead || !here) {
			// Whoever may not leaves it to others.
			_ = errors.Join(s.remove(id, rowSuffix), s.remove(id, lockSuffix))
			continue
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func (s *Store) readRow(id string) (core.Instance, error) {
	f, err := os.OpenFile(filepath.Join(s.rowsDir(), id+rowSuffix), os.O_RDONLY|nonBlock|noFollow, 0)
	if err != nil {
		return core.Instance{}, err
	}
	defer func() { _ = f.Close() }() // it was only read
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return core.Instance{}, errors.Join(err, fmt.Errorf("%s: want a regular file", f.Name()))
	}
	text, err := io.ReadAll(io.LimitReader(f, maxRow+1))
	if err != nil {
		return core.Instance{}, err
	}
	if len(text) > maxRow {
		return core.Instance{}, fmt.Errorf("%s: want at most %d bytes", f.Name(), maxRow)
	}
	var stamped stampedRow
	if err := json.Unmarshal(text, &stamped); err != nil {
		return core.Instance{}, fmt.Errorf("%s: %w", f.Name(), err)
	}
	row, err := core.DecodeInstance(stamped.Row)
	if err != nil {
		return core.Instance{}, fmt.Errorf("%s: %w", f.Name(), err)
	}
	if row.ID != id {
		return core.Instance{}, fmt.Errorf("%s: holds the row of instance %q", f.Name(), row.ID)
	}
	row.Seen, row.Lease = stamped.Seen, stamped.Lease
	return row, nil
}

// gone reports whether nobody holds the instance's lock any more. What cannot be looked at
// is not known to be gone.
func (s *Store) gone(id string) bool {
	lock := flock.New(filepath.Join(s.rowsDir(), id+lockSuffix), flock.SetFlag(os.O_RDONLY|nonBlock|noFollow))
	taken, err := lock.TryRLock()
	if err != nil || !taken {
		return false
	}
	_ = lock.Unlock()
	return true
}

// rowID refuses an id that would be no file name, or another's.
func rowID(id string) error {
	if id == "" || len(id) > core.MaxIDLen || strings.ContainsFunc(id, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	}) {
		return fmt.Errorf("instance id %q: want 1 to %d of a-z and 0-9", id, core.MaxIDLen)
	}
	return nil
}
