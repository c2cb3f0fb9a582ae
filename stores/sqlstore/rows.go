package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/go-downtime/downtime/core"
)

// pruneEvery is how often one Store removes rows that nobody will renew.
const pruneEvery = time.Hour

// Report writes the row of one instance. See the package comment for what it costs. On
// MySQL the time is zero while the mark is the one of the last read.
func (s *Store) Report(ctx context.Context, row core.Instance, lease time.Duration) (core.Mark, time.Time, error) {
	text, err := core.EncodeInstance(row)
	if err != nil {
		return core.Mark{}, time.Time{}, fmt.Errorf("%s: %w", s, err)
	}
	if err := s.check(ctx); err != nil {
		return core.Mark{}, time.Time{}, err
	}
	var (
		now   int64
		fresh bool
		m     columns
	)
	if s.kind == MySQL {
		var mark core.Mark
		if mark, fresh, err = s.reportMySQL(ctx, row.ID, lease, text); err == nil && mark != (core.Mark{}) {
			return mark, time.Time{}, nil
		}
	} else {
		err = s.db.QueryRowContext(ctx, s.q.report, s.args(s.o.App, row.ID, lease.Microseconds(), string(text))...).
			Scan(&now, &fresh, &m.storeID, &m.revision, &m.writeID)
	}
	if err != nil {
		return core.Mark{}, time.Time{}, s.fault("report", err)
	}
	// Register, then read: whoever lists the instances after a write must either find the
	// new row, or be found by its read. One statement sees the state of before it began,
	// and the row is visible only after it has ended.
	if fresh || s.kind == MySQL {
		err := s.db.QueryRowContext(ctx, s.q.mark, s.args(s.o.App)...).Scan(&now, &m.storeID, &m.revision, &m.writeID)
		if err != nil {
			return core.Mark{}, time.Time{}, s.fault("read", err)
		}
	}
	s.remember(m.mark())
	s.pruneSometimes(ctx, now)
	return m.mark(), micros(now), nil
}

// Leave removes the row.
func (s *Store) Leave(ctx context.Context, id string) error {
	if _, err := s.db.ExecContext(ctx, s.q.leave, s.args(s.o.App, id)...); err != nil {
		return s.fault("leave", err)
	}
	return nil
}

// Instances reads the document and all rows in one statement, and removes rows whose
// lease ended long ago, if it may. A row that cannot be read is returned with nothing but
// its id and times: somebody may have to wait for that instance.
func (s *Store) Instances(ctx context.Context) (core.State, []core.Instance, error) {
	result, err := s.db.QueryContext(ctx, s.q.list, s.args(s.o.App, s.o.App)...)
	if err != nil {
		return core.State{}, nil, s.fault("read", err)
	}
	defer func() { _ = result.Close() }() // its error is the one of Err
	var (
		state     core.State
		instances = []core.Instance{}
	)
	for result.Next() {
		var (
			kind, now int64
			key       sql.NullString
			writeID   sql.NullString
			n, m      sql.NullInt64
			body      []byte
		)
		if err := result.Scan(&kind, &key, &n, &writeID, &m, &body, &now); err != nil {
			return core.State{}, nil, s.fault("read", err)
		}
		if kind == 1 {
			instances = append(instances, instance(key.String, n.Int64, m.Int64, body))
			continue
		}
		state.Time = micros(now)
		if err := s.note(m); err != nil {
			return core.State{Time: state.Time}, nil, err
		}
		if key.Valid {
			if err := s.decode(&state, columns{key, writeID, n}, body); err != nil {
				return core.State{Time: state.Time}, nil, err
			}
		}
	}
	if err := result.Err(); err != nil {
		return core.State{}, nil, s.fault("read", err)
	}
	kept := instances[:0]
	for _, i := range instances {
		if state.Time.Sub(i.Lease) <= core.PruneAfter {
			kept = append(kept, i)
		}
	}
	if len(kept) < len(instances) {
		s.prune(ctx, state.Time)
	}
	core.SortInstances(kept)
	return state, kept, nil
}

func instance(id string, seen, lease int64, body []byte) core.Instance {
	i, err := core.DecodeInstance(body)
	if err != nil || i.ID != id {
		i = core.Instance{ID: id, Refuses: []string{}}
	}
	i.Seen, i.Lease = micros(seen), micros(lease)
	return i
}

// pruneSometimes prunes with the first report of this Store, and then once an hour.
func (s *Store) pruneSometimes(ctx context.Context, now int64) {
	if last := s.pruned.Load(); pruneDue(last) && s.pruned.CompareAndSwap(last, time.Now().UnixNano()) {
		s.prune(ctx, micros(now))
	}
}

// pruneDue goes by this machine's clock: how often is all that it decides.
func pruneDue(last int64) bool { return time.Since(time.Unix(0, last)).Abs() >= pruneEvery }

// prune removes rows. Where it may not or cannot, somebody else will: rows that are too
// old are not shown anyway.
func (s *Store) prune(ctx context.Context, now time.Time) {
	_, _ = s.db.ExecContext(ctx, s.q.prune, s.args(s.o.App, now.Add(-core.PruneAfter).UnixMicro())...)
}
