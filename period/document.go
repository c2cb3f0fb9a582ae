package period

import (
	"slices"
	"time"
)

const (
	// Format is the format of the documents that this version writes and reads.
	Format = 1
	// MaxDocument is the largest document, in bytes: 1 MiB. About 2,000 ordinary periods fit.
	MaxDocument = 1 << 20
	// MaxRevision is the highest revision. Every JSON reader can hold it.
	MaxRevision = 1<<53 - 1
	// AnyDocument in [Document.Replaces] stands for every other document.
	AnyDocument = "*"
)

// Document is the whole state of one application: all periods, the log of the last writes, and
// the counters that identify the write. A decoded Document is immutable. Package operator makes
// changed copies.
type Document struct {
	// Format is the document's format, see [Format].
	Format int `json:"format"`
	// StoreID identifies the document. The first write creates it, and it never changes. It is ""
	// only in a document that was written by hand.
	StoreID string `json:"store_id"`
	// Revision counts the writes, from 1. It is 0 only in a document that was written by hand.
	Revision int64 `json:"revision"`
	// WriteID identifies the write: a random half, a dot, and a digest of the content. The
	// digest shows an edit by hand.
	WriteID string `json:"write_id"`
	// CloseRev is the last revision at which the refused set grew: a period was added or
	// enabled, begins earlier or lasts longer.
	CloseRev int64 `json:"close_rev"`
	// Reconciled is the highest revision that the last reconcile covers. A regressed gate that
	// has seen this revision or a lower one may adopt this document. Zero means that the document
	// was never reconciled.
	Reconciled int64 `json:"reconciled,omitzero"`
	// Replaces is the StoreID of a lost document that this one replaces, or [AnyDocument].
	// A gate adopts a document with another StoreID only if it replaces the gate's. ""
	// means that it replaces none.
	Replaces string `json:"replaces,omitzero"`
	// Name names the application for operators, and Environment its environment, such as "staging".
	// "" means none.
	Name        string `json:"name,omitzero"`
	Environment string `json:"environment,omitzero"`
	// Followers are the positions of the followers that tell people of changes ("downtime events").
	// They are not part of the content: a change of them alone keeps Revision and WriteID. Nil means
	// none.
	Followers []Follower `json:"followers,omitzero"`
	// Periods are in no particular order. A decoded document has a non-nil slice. Keep this
	// member the last one before the log, see withLog.
	Periods []Period `json:"periods"`
	// Log holds the last writes, the oldest first. [Decode] leaves it undecoded.
	Log Log `json:"-"`
}

// Mark identifies one write of one document. The zero Mark means that there is no document.
type Mark struct {
	StoreID  string
	Revision int64
	WriteID  string
}

// Mark identifies the write of d. d may be nil.
func (d *Document) Mark() Mark {
	if d == nil {
		return Mark{}
	}
	return Mark{StoreID: d.StoreID, Revision: d.Revision, WriteID: d.WriteID}
}

// Find returns the period with this id. d may be nil.
func (d *Document) Find(id string) (Period, bool) {
	if d != nil {
		if i := slices.IndexFunc(d.Periods, func(p Period) bool { return p.ID == id }); i >= 0 {
			return d.Periods[i], true
		}
	}
	return Period{}, false
}

// Supersedes reports whether a gate that has adopted have may adopt d. It may if d is
//   - a later revision of the same document,
//   - the same write, perhaps edited by hand,
//   - a document that replaces have's,
//   - a document without StoreID, which was written by hand.
//
// If regressed, the gate has read a document that it could not adopt. A later revision must then
// also have a Reconciled of at least have's revision. Every document supersedes a nil have and a
// have without StoreID.
func (d *Document) Supersedes(have *Document, regressed bool) bool {
	switch {
	case have == nil, d.StoreID == "":
		return true
	case d.StoreID != have.StoreID:
		return have.StoreID == "" || d.Replaces == AnyDocument || d.Replaces == have.StoreID
	case d.Mark() == have.Mark():
		return true
	}
	return d.Revision > have.Revision && (!regressed || d.Reconciled >= have.Revision)
}

// InForce returns the periods that refuse requests at t, in document order; empty, never
// nil. d may be nil.
func (d *Document) InForce(t time.Time) []Period {
	in := []Period{}
	if d != nil {
		for _, p := range d.Periods {
			if p.InForce(t) {
				in = append(in, p)
			}
		}
	}
	return in
}
