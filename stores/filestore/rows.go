package filestore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

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
	s.reporting.Lock()
	defer s.reporting.Unlock()
	dir, mode, err := s.makeRows()
	if err != nil {
		return err
	}
	defer func() { _ = dir.Close() }()
	if err := s.hold(dir, id, mode); err != nil {
		return err
	}
	// Not made durable: after a crash of the machine its process is gone as well. What is
	// there was left by one that was killed, or is a link that somebody has put there.
	temp := "." + id + tempSuffix
	if err := removeIn(dir, temp); err != nil {
		return err
	}
	f, err := dir.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
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

// Leave removes the row and gives its lock back.
func (s *Store) Leave(_ context.Context, id string) error {
	if err := rowID(id); err != nil {
		return s.errorf("%w", err)
	}
	if err := s.leave(id); err != nil {
		return s.errorf("row of instance %s not removed: %w", id, refused(err))
	}
	return nil
}

func (s *Store) leave(id string) error {
	s.reporting.Lock()
	defer s.reporting.Unlock()
	dir, err := s.openRows()
	if err == nil {
		defer func() { _ = dir.Close() }()
		err = removeIn(dir, id+rowSuffix)
	}
	if lock := s.held[id]; lock != nil { // before its file is removed, for Windows
		err = errors.Join(err, lock.Unlock())
		delete(s.held, id)
	}
	if dir == nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	return errors.Join(err, removeIn(dir, id+lockSuffix))
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
	dir, err := s.openRows()
	if errors.Is(err, fs.ErrNotExist) {
		return rows, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = dir.Close() }()
	names, err := namesIn(dir)
	if err != nil {
		return nil, err
	}
	if err := s.at("read-rows"); err != nil {
		return nil, err
	}
	host, boot := core.ThisHost()
	for _, name := range names {
		id, isRow := strings.CutSuffix(name, rowSuffix)
		if !isRow || rowID(id) != nil {
			continue
		}
		row, err := readRow(dir, id)
		if errors.Is(err, fs.ErrNotExist) {
			continue // it has left in between
		}
		if err != nil {
			return nil, err
		}
		here := row.Host == host && row.Boot == boot
		row.Dead = here && gone(dir, id)
		if now.Sub(row.Lease) > core.PruneAfter && (row.Dead || !here) {
			// Whoever may not leaves it to others.
			_ = errors.Join(removeIn(dir, id+rowSuffix), removeIn(dir, id+lockSuffix))
			continue
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func readRow(dir *os.Root, id string) (core.Instance, error) {
	f, err := openIn(dir, id+rowSuffix, os.O_RDONLY)
	if err != nil {
		return core.Instance{}, err
	}
	defer func() { _ = f.Close() }() // it was only read
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

// rowID refuses an id that would be no file name, or another's.
func rowID(id string) error {
	if id == "" || len(id) > core.MaxIDLen || strings.ContainsFunc(id, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	}) {
		return fmt.Errorf("instance id %q: want 1 to %d of a-z and 0-9", id, core.MaxIDLen)
	}
	return nil
}
