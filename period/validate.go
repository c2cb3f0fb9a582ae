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
	var errs []error
	fault := func(field string, value any, problem string) {
		errs = append(errs, &FieldError{Field: field, Value: value, Problem: problem})
	}
	if problem := idProblem(d.StoreID); d.StoreID != "" && problem != "" {
		fault("store_id", d.StoreID, problem)
	}
	if problem := idProblem(d.WriteID); d.WriteID != "" && problem != "" {
		fault("write_id", d.WriteID, problem)
	}
	if d.Revision < 0 {
		fault("revision", d.Revision, "want 0 or more")
	}
	if d.CloseRev < 0 || d.CloseRev > max(d.Revision, 0) {
		fault("close_rev", d.CloseRev, fmt.Sprintf("want 0 to revision (%d)", d.Revision))
	}
	if d.Reconciled < 0 || d.Reconciled > max(d.Revision, 0) {
		fault("reconciled", d.Reconciled, fmt.Sprintf("want 0 to revision (%d)", d.Revision))
	}
	if problem := idProblem(d.Replaces); d.Replaces != "" && d.Replaces != AnyDocument && problem != "" {
		fault("replaces", d.Replaces, problem)
	}
	if err := errors.Join(textFault("name", d.Name, MaxNameLen), textFault("environment", d.Environment, MaxNameLen)); err != nil {
		errs = append(errs, err)
	}
	errs = append(errs, followerFaults(d.Followers)...)
	first := make(map[string]int, len(d.Periods))
	for i, p := range d.Periods {
		path := fmt.Sprintf("periods[%d]", i)
		if j, twice := first[p.ID]; twice {
			fault(path+".id", p.ID, fmt.Sprintf("is the id of periods[%d] too", j))
		} else {
			first[p.ID] = i
		}
		errs = append(errs, under(path, p.Validate())...)
		if len(errs) > maxFaults {
			errs = append(errs[:maxFaults], errors.New("and more"))
			break
		}
	}
	return errors.Join(errs...)
}

// under puts path before the fields of the faults that [Period.Validate] joined.
func under(path string, err error) []error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return nil
	}
	errs := joined.Unwrap()
	out := make([]error, len(errs))
	for i, err := range errs {
		if f, ok := errors.AsType[*FieldError](err); ok {
			err = &FieldError{Field: path + "." + f.Field, Value: f.Value, Problem: f.Problem}
		}
		out[i] = err
	}
	return out
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
