package core

import (
	"errors"
	"slices"
	"time"
)

// endOf resolves "for so long after from" and "until then", of which at most one is given.
// Zero: neither is.
func endOf(from time.Time, duration time.Duration, until time.Time, untilField string) (time.Time, error) {
	switch {
	case duration != 0 && !until.IsZero():
		return time.Time{}, &FieldError{Field: "for", Value: duration, Problem: "want either a duration or an instant (" + untilField + "), not both"}
	case duration < 0:
		return time.Time{}, &FieldError{Field: "for", Value: duration, Problem: "want more than 0"}
	case duration > 0 && duration < time.Microsecond:
		return time.Time{}, &FieldError{Field: "for", Value: duration, Problem: "want 1µs or more"}
	case duration != 0:
		return canonical(from.Add(duration)), nil
	}
	return canonical(until), nil
}

// passed is the fault of an end that is not ahead.
func passed(field string, t, now time.Time) error {
	return &FieldError{Field: field, Value: t.Format(time.RFC3339), Problem: "has passed, the store's time is " + now.Format(time.RFC3339)}
}

// ofDuration says of the faults of ends that a duration made that they are the duration's,
// which is what was given. A zero duration has made none.
func ofDuration(err error, duration time.Duration, ends ...string) error {
	if err == nil || duration == 0 {
		return err
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var errs []error
		for _, err := range joined.Unwrap() {
			errs = append(errs, ofDuration(err, duration, ends...))
		}
		return errors.Join(errs...)
	}
	f, ok := errors.AsType[*FieldError](err)
	if !ok || !slices.Contains(ends, f.Field) {
		return err
	}
	end, _ := f.Value.(string)
	return &FieldError{Field: "for", Value: duration, Problem: "ends at " + end + ": " + f.Problem}
}
