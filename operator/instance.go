package operator

import (
	"time"

	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

// Standing compares the document of an instance with the document in the store.
type Standing string

// The standings.
const (
	Current   Standing = "current"
	Behind    Standing = "behind"
	Ahead     Standing = "ahead" // the store went back
	Different Standing = "other" // another document, or another write of the same revision
	Without   Standing = "none"  // the instance has no document
)

// Instance is one row with the judgment of [Judge].
type Instance struct {
	// Row is what the instance reported. If the row was deleted or cannot be read, only its
	// ID is set.
	period.Row

	// Err says why the row cannot be read; nil if it can.
	Err error
	// Seen is when the row was written or deleted, and Lease when its lease ends, by the
	// store's clock. Zero if the store cannot read the row.
	Seen, Lease time.Time
	// Life is what the store knows about the instance. A row that cannot be read counts as
	// expired.
	Life store.Life
	// Note is the note of a deleted row.
	Note string
	// Standing compares the document of the instance with the one in the store.
	Standing Standing
	// Disagrees says why the state of the instance differs from the document; "" if it does not
	// differ, or if the instance is not live.
	Disagrees Disagreement
	// Outdated is true if the last report of a live instance is older than the present downtime. The
	// report says that the instance refuses, but the site was up after it. The state of the instance
	// is not known.
	Outdated bool
	// Drained are the judged periods that the instance has drained. Row.Drained holds the periods
	// that the instance reported. Drained holds only those for which the report is current and
	// about the document in the store.
	Drained []string
	// Part is the part of the instance in the result, and Why says in a few words why it is not
	// [Done]. Both are "" if the judgment has no result, or if no instance counts for it.
	Part Part
	Why  string
	// Vanished means that an earlier listing had the row, and that it is not there any more, without
	// a tombstone. The fields are those of the earlier row, and the instance is silent.
	Vanished bool

	stale bool // an earlier listing had a newer row
}

// Silent reports whether the lease has ended or the row cannot be read: the instance is dead
// or cut off, and its state is unknown.
func (i Instance) Silent() bool { return i.Life == store.Expired }

// Live reports whether the instance reported within its lease.
func (i Instance) Live() bool { return i.Life == store.Live }

// Serves reports whether the instance is live and says that it serves.
func (i Instance) Serves() bool { return i.Live() && i.State == period.Open }

// Refuses reports whether the instance is live and says that it refuses.
func (i Instance) Refuses() bool { return i.Live() && i.State != period.Open }

// standing compares the mark of an instance with that of the store.
func standing(has, stored period.Mark) Standing {
	switch {
	case has == period.Mark{}:
		return Without
	case has == stored:
		return Current
	case has.StoreID != stored.StoreID, has.Revision == stored.Revision:
		return Different
	case has.Revision < stored.Revision:
		return Behind
	}
	return Ahead
}

// drains reports whether the periods that the instance reports as drained are drained for d. The
// instance must refuse. It must have adopted d, or an earlier write of d after which the refused
// set did not grow.
func (i Instance) drains(d *period.Document) bool {
	switch {
	case d == nil, !i.Refuses(), i.State == period.Starting, i.Regressed, i.Override == "up":
		return false
	case i.StoreID != d.StoreID, i.Revision < d.CloseRev:
		return false
	}
	return i.Revision < d.Revision || i.Mark() == d.Mark()
}

// Part is the part of one instance in the result of a barrier.
type Part string

// The parts.
const (
	Done     Part = "done"     // it has drained the judged periods, has left, or is dead
	Accepted Part = "accepted" // it is not known to have drained, and the caller or its policy accepts that
	Holdout  Part = "holdout"  // the barrier waits for it
)

// Disagreement says why a live instance serves although the document takes the site down, or
// refuses although the document does not.
type Disagreement string

// The disagreements.
const (
	ByOverride   Disagreement = "override"   // a file, the environment or the configuration of the instance overrides the store
	ByStore      Disagreement = "store"      // the instance cannot read the store, or the document in it
	ByRegression Disagreement = "regression" // the instance has seen a document that the store's document does not continue
	ByStart      Disagreement = "starting"   // the instance starts, and has not read the store yet
	ByDelay      Disagreement = "delay"      // the instance has not reported that it adopted the last change
)
