package redisstore

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/go-downtime/downtime/core"
)

// row is what stands in the hash of instances: the store's stamps, in microseconds since
// 1970 by the server's clock, and what the instance says. The scripts write and read the
// stamps.
type row struct {
	Seen  int64           `json:"seen"`
	Lease int64           `json:"lease"`
	Row   json.RawMessage `json:"row"`
}

// Report writes the row and returns the document's mark, in one script.
func (s *Store) Report(ctx context.Context, i core.Instance, lease time.Duration) (core.Mark, time.Time, error) {
	text, err := core.EncodeInstance(i)
	if err != nil {
		return core.Mark{}, time.Time{}, fmt.Errorf("%s: row of instance %q: %w", s.name, i.ID, err)
	}
	if i.ID == "" {
		return core.Mark{}, time.Time{}, fmt.Errorf("%s: a row needs the id of an instance", s.name)
	}
	r, err := s.run(ctx, reportScript, []string{s.keys.document, s.keys.instances},
		i.ID, text, lease.Microseconds(), core.PruneAfter.Microseconds())
	if err != nil {
		return core.Mark{}, time.Time{}, s.rowError(readOnly(err))
	}
	now, err := r.time()
	if err != nil {
		return core.Mark{}, time.Time{}, fmt.Errorf("%s: %w", s.name, err)
	}
	mark, _ := r.mark(2) // zero: the gate then loads, and sees why
	return mark, now, nil
}

// Leave removes the row.
func (s *Store) Leave(ctx context.Context, id string) error {
	_, err := call(ctx, s, func(ctx context.Context) (int64, error) {
		return s.client.HDel(ctx, s.keys.instances, id).Result()
	})
	if err != nil {
		return s.rowError(readOnly(err))
	}
	return nil
}

// Instances returns document and rows as they stood at one instant, and removes rows that
// have been silent for [core.PruneAfter]. A row that cannot be read is an error: who waits
// for all instances must not overlook one.
func (s *Store) Instances(ctx context.Context) (core.State, []core.Instance, error) {
	r, err := s.run(ctx, instancesScript, []string{s.keys.document, s.keys.instances}, core.PruneAfter.Microseconds())
	if err != nil {
		return core.State{}, nil, s.rowError(err)
	}
	var state core.State
	if kind, _ := r.text(2); kind == "none" {
		state.Time, err = r.time()
	} else {
		state, err = s.state(r, core.Mark{})
	}
	if err != nil {
		return core.State{}, nil, fmt.Errorf("%s: %w", s.name, err)
	}
	var fields reply
	if len(r) > 7 {
		fields, _ = r[7].([]any)
	}
	rows := make([]core.Instance, 0, len(fields)/2)
	for n := range len(fields) / 2 {
		id, _ := fields.text(2 * n)
		text, _ := fields.text(2*n + 1)
		rows = append(rows, decodeRow(id, text))
	}
	core.SortInstances(rows)
	return state, rows, nil
}

func decodeRow(id, text string) core.Instance {
	var r row
	err := json.Unmarshal([]byte(text), &r)
	if err != nil {
		return core.Instance{ID: id, Refuses: []string{}}
	}
	i, err := core.DecodeInstance(r.Row)
	if err != nil || i.ID != id {
		i = core.Instance{ID: id, Refuses: []string{}}
	}
	i.Seen, i.Lease = time.UnixMicro(r.Seen).UTC(), time.UnixMicro(r.Lease).UTC()
	return i
}

func (s *Store) rowError(err error) error {
	return fmt.Errorf("%w (key %s)", err, s.keys.instances)
}
