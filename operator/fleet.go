package operator

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

// Judge judges the result of one [store.Rows.ListRows], with its error, by the write b. It is a
// pure function: the command, the operator's page and the API all show its result.
func Judge(set store.Rowset, err error, b Barrier) Judgment {
	j := Judgment{Since: set.Since, Periods: []string{}, Instances: make([]Instance, 0, len(set.Rows))}
	j.State, j.Err = stateOf(set.Blob, err)
	if b.Period.ID != "" {
		j.Periods = append(j.Periods, b.Period.ID)
	} else {
		for _, p := range j.InForce() {
			j.Periods = append(j.Periods, p.ID)
		}
	}
	seen := make(map[string]store.Row, len(b.Seen))
	for _, r := range b.Seen {
		seen[r.Key] = r
	}
	for _, r := range set.Rows {
		i := j.instance(r)
		if i.Run {
			j.Runs = append(j.Runs, i)
			continue
		}
		if before, ok := seen[r.Key]; ok {
			i.stale = newer(before, r)
			delete(seen, r.Key)
		}
		j.Instances = append(j.Instances, i)
	}
	if rowsValid(err) {
		for _, r := range seen {
			if i, ok := j.vanished(r); ok {
				j.Instances = append(j.Instances, i)
			}
		}
	}
	slices.SortFunc(j.Instances, func(a, b Instance) int {
		return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.PID, b.PID), cmp.Compare(a.ID, b.ID))
	})
	j.Newest, j.SeenBy = j.newest(set.Newest)
	return j.safety(b)
}

// newer reports whether a row that was seen before is newer than the present one. A write of a row that
// was given up can reach the store after a later one.
func newer(before, now store.Row) bool {
	was, wasErr := period.DecodeRow(before.Key, before.Bytes)
	is, isErr := period.DecodeRow(now.Key, now.Bytes)
	return wasErr == nil && isErr == nil && now.Life != store.Deleted && was.Seq > is.Seq
}

// vanished returns the instance of a row that was seen before, and is not there any more. It
// returns false if the row was pruned, because it ended long ago.
func (j Judgment) vanished(r store.Row) (Instance, bool) {
	if r.Life == store.Deleted || r.Life == store.Gone || !r.Lease.IsZero() && j.Time.Sub(r.Lease) > store.KeepRow {
		return Instance{}, false
	}
	r.Life = store.Expired
	i := j.instance(r)
	i.Vanished = true
	return i, !i.Run
}

func (j Judgment) instance(r store.Row) Instance {
	i := Instance{Err: r.Err, Seen: r.Seen, Lease: r.Lease, Life: r.Life, Note: string(r.Note), Drained: []string{}}
	if i.Err == nil && r.Life != store.Deleted {
		i.Row, i.Err = period.DecodeRow(r.Key, r.Bytes)
	}
	i.ID = r.Key
	if i.Err != nil && i.Life == store.Live {
		i.Life = store.Expired // its state is unknown
	}
	i.Standing = standing(i.Mark(), j.Document.Mark())
	i.Disagrees = j.disagrees(i)
	i.Outdated = j.outdated(i)
	if i.drains(j.Document) {
		// Both lists can have thousands of ids, and a row can repeat one.
		reported := map[string]bool{}
		for _, id := range i.DrainedAt(j.Time) {
			reported[id] = true
		}
		for _, id := range j.Periods {
			if reported[id] {
				i.Drained = append(i.Drained, id)
			}
		}
	}
	return i
}

// IsDrained reports whether the instance has drained all judged periods. It is false if there are
// none.
func (j Judgment) IsDrained(i Instance) bool {
	return len(j.Periods) > 0 && len(i.Drained) == len(j.Periods)
}

// Which returns the instances that want accepts, in their order.
func (j Judgment) Which(want func(i Instance) bool) []Instance {
	return slices.DeleteFunc(slices.Clone(j.Instances), func(i Instance) bool { return !want(i) })
}

// Fleet reads document and rows and judges them by all periods in force.
//
// Errors: [ErrNoRows]; a *[StoreError]. If the document is lost or cannot be read, Fleet
// returns the judgment of the rows with its Err set, and no error.
func (o Operator) Fleet(ctx context.Context) (Judgment, error) {
	rows, err := o.rows()
	if err != nil {
		return Judgment{}, err
	}
	set, err := rows.ListRows(ctx, "")
	if !rowsValid(err) {
		return Judgment{}, storeError(err)
	}
	return Judge(set, err, Barrier{}), nil
}

// rows returns the store, if it keeps rows.
func (o Operator) rows() (store.Rows, error) {
	if o.Store == nil {
		return nil, errNilStore
	}
	rows, ok := o.Store.(store.Rows)
	if !ok {
		return nil, ErrNoRows
	}
	return rows, nil
}

// list lists document and rows, for at most rowsTimeout.
func (o Operator) list(ctx context.Context) (store.Rowset, error) {
	rows, err := o.rows()
	if err != nil {
		return store.Rowset{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, rowsTimeout)
	defer cancel()
	return rows.ListRows(ctx, "")
}

// rowsValid reports whether [store.Rows.ListRows] returned rows beside err.
func rowsValid(err error) bool {
	return err == nil || errors.Is(err, store.ErrLost) || errors.Is(err, store.ErrNeverWritten) || errors.Is(err, store.ErrTampered)
}
