package memstore

import (
	"context"
	"slices"
	"time"

	"github.com/go-downtime/downtime/core"
)

var _ core.Fleet = (*Store)(nil)

// Report keeps the row, and says which document the store holds.
func (s *Store) Report(ctx context.Context, row core.Instance, lease time.Duration) (core.Mark, time.Time, error) {
	if err := ctx.Err(); err != nil {
		return core.Mark{}, time.Time{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	row.Refuses = slices.Clone(row.Refuses)
	row.Seen, row.Lease, row.Dead = now, now.Add(lease), false
	s.rows[row.ID] = row
	return s.doc.Mark(), now, nil
}

// Leave removes the row.
func (s *Store) Leave(ctx context.Context, id string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.rows, id)
	return nil
}

// Instances returns the document and all rows, and forgets the rows that have been silent
// for long.
func (s *Store) Instances(ctx context.Context) (core.State, []core.Instance, error) {
	if err := ctx.Err(); err != nil {
		return core.State{}, nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	rows := make([]core.Instance, 0, len(s.rows))
	for id, row := range s.rows {
		if now.Sub(row.Lease) > core.PruneAfter {
			delete(s.rows, id)
			continue
		}
		row.Refuses = slices.Clone(row.Refuses)
		rows = append(rows, row)
	}
	core.SortInstances(rows)
	return core.State{Document: s.doc, Mark: s.doc.Mark(), Time: now}, rows, nil
}
