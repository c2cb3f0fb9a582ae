package operator

import (
	"fmt"

	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

// sameVersion returns an error if the period does not have the version that the caller has seen.
// Nil means any.
func sameVersion(p period.Period, seen *int64) error {
	if seen != nil && *seen != p.Version {
		return fmt.Errorf("%q has version %d now, not %d: %w", p.ID, p.Version, *seen, store.ErrConflict)
	}
	return nil
}

// sameRevision returns an error if the document does not have the revision that the caller has
// seen. d is the next document, whose revision is one higher. Nil means any.
func sameRevision(d *period.Document, seen *int64) error {
	if seen != nil && *seen != d.Revision-1 {
		return fmt.Errorf("the document has revision %d now, not %d: %w", d.Revision-1, *seen, store.ErrConflict)
	}
	return nil
}
