package answer

import "github.com/go-downtime/downtime/period"

// faults are the faults of [Options], each a [*period.FieldError] or nil.
type faults []error

func (f *faults) add(field string, value any, problem string) {
	*f = append(*f, &period.FieldError{Field: field, Value: value, Problem: problem})
}
