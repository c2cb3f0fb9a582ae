package operator

import (
	"fmt"

	"github.com/go-downtime/downtime/period"
)

// newest returns Newest and SeenBy, from the store's own note and from the rows.
func (j Judgment) newest(noted period.Mark) (newest period.Mark, seenBy string) {
	if j.Err != nil {
		return newest, seenBy // there is no document to compare
	}
	if noted.StoreID != "" {
		newest = noted
	}
	for _, i := range j.Instances {
		seen := &period.Document{StoreID: i.StoreID, Revision: i.Revision, WriteID: i.WriteID}
		continued := i.StoreID == "" || j.Document != nil && j.Document.Supersedes(seen, i.Regressed)
		if !continued && i.Revision > newest.Revision {
			newest, seenBy = i.Mark(), "host "+i.Host
		}
	}
	return newest, seenBy
}

// WentBack says in a few words that the store holds an older document than one that it held before,
// or another one: "the store went back: its revision 12 does not continue revision 17, which was
// written before". "" means that nothing shows that.
func (j Judgment) WentBack() string {
	if j.Newest == (period.Mark{}) {
		return ""
	}
	seen := ", which was written before"
	if j.SeenBy != "" {
		seen = ", which " + j.SeenBy + " has seen"
	}
	switch is := j.Document.Mark(); {
	case j.Document == nil:
		return fmt.Sprintf("the store has no document, and lost revision %d%s", j.Newest.Revision, seen)
	case is.StoreID != j.Newest.StoreID:
		return fmt.Sprintf("the store holds another document: its revision %d does not continue revision %d of %s%s", is.Revision, j.Newest.Revision, j.Newest.StoreID, seen)
	default:
		return fmt.Sprintf("the store went back: its revision %d does not continue revision %d%s", is.Revision, j.Newest.Revision, seen)
	}
}
