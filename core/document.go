package core

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"
)

// Format is the document format that this version writes and reads.
const Format = 1

// Document is the whole state that a [Store] keeps: all periods, and the counters that
// let every reader know which write it has. Treat a Document that was loaded as
// immutable; make changed ones with the operator functions ([Start], [End], …).
type Document struct {
	// Format is the document's format. A newer one is refused by older gates.
	Format int `json:"format"`
	// StoreID is made with the first write and never changes: another id is another
	// document. "" only in a file written by hand.
	StoreID string `json:"store_id"`
	// Revision is +1 with every write, from 1. 0 only in a file written by hand.
	Revision int64 `json:"revision"`
	// WriteID is random for each write, and carries a digest of the content, so that an
	// edit by hand shows.
	WriteID string `json:"write_id"`
	// CloseRev is the last revision at which what is refused grew in any way: a period
	// added or enabled, begun earlier or made to last longer.
	CloseRev int64 `json:"close_rev"`
	// Reconciled is the revision that the last [Reconcile] went above: gates that have seen
	// revisions up to it take this document, though it does not descend from theirs.
	Reconciled int64 `json:"reconciled,omitzero"`
	// Periods are in no particular order. Empty is not nil in a decoded document.
	Periods []Period `json:"periods"`
}

// Mark names this document's write. Stores add their own Tag.
func (d *Document) Mark() Mark {
	if d == nil {
		return Mark{}
	}
	return Mark{StoreID: d.StoreID, Revision: d.Revision, WriteID: d.WriteID}
}

// Find returns the period with this id.
func (d *Document) Find(id string) (Period, bool) {
	if d != nil {
		for _, p := range d.Periods {
			if p.ID == id {
				return p, true
			}
		}
	}
	return Period{}, false
}

// InForce returns the periods that refuse requests at t, in document order; empty, never
// nil. A nil Document has none.
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

// HandEdited reports whether the content is not what the write that it names has written.
func (d *Document) HandEdited() bool {
	_, digest, ok := strings.Cut(d.WriteID, ".")
	return !ok || digest != d.digest()
}

// seal normalises d and gives it a new write id, over the content as it then stands.
func (d *Document) seal() {
	d.normalise()
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails: crypto/rand.Read documents it
	d.WriteID = hex.EncodeToString(random[:]) + "." + d.digest()
}

// digest is over the content without the write id, 16 hex digits.
func (d *Document) digest() string {
	content := *d
	content.WriteID = ""
	b, err := json.Marshal(content)
	if err != nil {
		return "" // instants outside of JSON's years: Validate refuses them before
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}
