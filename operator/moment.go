package operator

import (
	"strings"
	"time"

	"github.com/go-downtime/downtime/period"
)

// moment is an instant in the options: a time, or a duration after another instant. The zero
// moment means that the options give none.
type moment struct {
	field string // of the instant in JSON: "end", "expected_end"
	at    time.Time
	after time.Duration
}

// afterField is the field of the duration: "end_after", "expected_after".
func (m moment) afterField() string { return strings.TrimSuffix(m.field, "_end") + "_after" }

// from returns the instant. A duration counts from t. The instant is zero if the options give
// none.
func (m moment) from(t time.Time) (time.Time, error) {
	fault := func(problem string) (time.Time, error) {
		return time.Time{}, &period.FieldError{Field: m.afterField(), Value: m.after, Problem: problem}
	}
	switch {
	case m.after != 0 && !m.at.IsZero():
		return fault("want either a duration or an instant (" + m.field + "), not both")
	case m.after < 0:
		return fault("want more than 0")
	case m.after > 0 && m.after < time.Microsecond:
		return fault("want 1µs or more")
	case m.after != 0:
		return period.Canonical(t.Add(m.after)), nil
	}
	return period.Canonical(m.at), nil
}

// ahead returns the instant of m. A duration counts from now. An instant that is not later than
// now is a fault.
func (m moment) ahead(now time.Time) (time.Time, error) {
	t, err := m.from(now)
	if err == nil && !t.IsZero() && !t.After(now) {
		err = passed(m.field, t, now)
	}
	return t, err
}

// passed returns the fault of an instant that is not later than now.
func passed(field string, t, now time.Time) *period.FieldError {
	return &period.FieldError{Field: field, Value: t.Format(time.RFC3339), Problem: "has passed, the store's time is " + now.Format(time.RFC3339)}
}

// startPassed returns the fault of a window whose start has passed. It would take the site down
// at once, and visitors would read that the site was down before.
func startPassed(start, now time.Time) error {
	f := passed("start", start, now)
	f.Problem += "; give a later one, or start now"
	return f
}

// afterFaults returns err with other names for computed instants: if a duration gave the instant,
// the fault names the duration. It changes the field errors in err.
func afterFaults(err error, moments ...moment) error {
	for _, f := range fieldErrors(err) {
		for _, m := range moments {
			if end, _ := f.Value.(string); m.after != 0 && m.field == f.Field {
				*f = period.FieldError{Field: m.afterField(), Value: m.after, Problem: "ends at " + end + ": " + f.Problem}
			}
		}
	}
	return err
}
