//go:build !race

package core

import (
	"slices"
	"time"

	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

// spoil makes the coordinator of a mutant: it changes what Judge sees.
func (m *model) spoil(w *fleet, set *store.Rowset, b *operator.Barrier) {
	rewrite := func(change func(r *period.Row)) {
		for n, r := range set.Rows {
			if row, err := period.DecodeRow(r.Key, r.Bytes); err == nil {
				change(&row)
				set.Rows[n].Bytes, _ = row.Encode()
			}
		}
	}
	d := m.docs[w.doc].doc
	switch m.fault {
	case "members only from before the write":
		set.Rows = slices.DeleteFunc(set.Rows, func(r store.Row) bool {
			return !slices.ContainsFunc(b.Seen, func(s store.Row) bool { return s.Key == r.Key })
		})
	case "members only from after the write", "a vanished row is ignored":
		b.Seen = nil
	case "a young set of rows is ignored":
		set.Since = modelTime(oldSet)
	case "an expired lease counts as drained":
		for n := range set.Rows {
			if set.Rows[n].Life == store.Expired {
				set.Rows[n].Life = store.Gone
			}
		}
	case "the revision of a row is ignored":
		rewrite(func(r *period.Row) { r.StoreID, r.Revision, r.WriteID = d.StoreID, d.Revision, d.WriteID })
	case "close_rev is ignored":
		changed, was := *d, d.Mark()
		changed.CloseRev = 0
		changed.Seal()
		set.Blob.Bytes, _ = changed.Fit(store.MaxBytes)
		rewrite(func(r *period.Row) {
			if r.Mark() == was {
				r.WriteID = changed.WriteID
			}
		})
		if b.Mark == was {
			b.Mark = changed.Mark()
		}
	case "drained_until is ignored":
		rewrite(func(r *period.Row) { r.DrainedUntil = time.Time{} })
	case "a later period is taken for its own":
		b.Period, b.Mark = period.Period{}, period.Mark{}
	case "the document is not read again":
		set.Blob.Bytes, set.Blob.Token = m.docs[w.co.mark].bytes, m.docs[w.co.mark].token
	case "accepts instances that went silent during the wait":
		b.Read = set.Blob.Now
	case "the policy counts from the lease alone":
		b.Confirmed = modelTime(oldSet)
	case "forget makes safe":
		for n, r := range set.Rows {
			if r.Life == store.Deleted {
				set.Rows[n].Note = []byte(period.NoteLeft)
			}
		}
	}
}
