package period

import (
	"errors"
	"fmt"
)

// maxFaults is how many faults of one document are listed.
const maxFaults = 10

// validate returns the first faults of d, joined, each a [*FieldError].
func (d *Document) validate() error {
	if err := formatFault(d.Format); err != nil {
		return err
	}
	var f faults
	f.optionalID("store_id", d.StoreID)
	f.optionalID("write_id", d.WriteID)
	f.unless(d.Revision >= 0, "revision", d.Revision, "want 0 or more")
	upTo := fmt.Sprintf("want 0 to revision (%d)", d.Revision)
	f.unless(d.CloseRev >= 0 && d.CloseRev <= max(d.Revision, 0), "close_rev", d.CloseRev, upTo)
	f.unless(d.Reconciled >= 0 && d.Reconciled <= max(d.Revision, 0), "reconciled", d.Reconciled, upTo)
	if d.Replaces != AnyDocument {
		f.optionalID("replaces", d.Replaces)
	}
	f.text("name", d.Name, MaxNameLen)
	f.text("environment", d.Environment, MaxNameLen)
	f.followers(d.Followers)
	first := make(map[string]int, len(d.Periods))
	for i := range d.Periods {
		p := &d.Periods[i]
		f.path = fmt.Sprintf("periods[%d].", i)
		if j, twice := first[p.ID]; twice {
			f.add("id", p.ID, fmt.Sprintf("is the id of periods[%d] too", j))
		} else {
			first[p.ID] = i
		}
		f.period(p)
		if len(f.errs) > maxFaults {
			f.errs = append(f.errs[:maxFaults], errors.New("and more"))
			break
		}
	}
	return f.join()
}

func formatFault(format int) error {
	switch {
	case format > Format:
		return fmt.Errorf("%w: %w", ErrNewer, &FieldError{Field: "format", Value: format, Problem: fmt.Sprintf("this program reads format %d", Format)})
	case format != Format:
		return &FieldError{Field: "format", Value: format, Problem: fmt.Sprintf("want %d", Format)}
	}
	return nil
}

func tooLarge(n int) error {
	return &FieldError{Field: "document", Value: fmt.Sprintf("%d bytes", n), Problem: fmt.Sprintf("want at most %d bytes; remove periods that have ended", MaxDocument)}
}
