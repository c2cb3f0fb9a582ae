package walltime

import (
	"fmt"
	"strings"
	"time"

	"github.com/go-downtime/downtime/period"
)

// GapError says that no clock in Location ever shows Wall, because clocks are put forward
// over it.
type GapError struct {
	Wall     time.Time // the local time; its own location is UTC, and has no meaning
	Location *time.Location
	// Change is when clocks are put forward. Earlier is the instant that Wall would be by the
	// offset after the change, and Later the one by the offset before it. The operator
	// probably meant one of them.
	Change, Earlier, Later time.Time
}

// From is the local time at which clocks are put forward.
func (e *GapError) From() time.Time {
	return e.Change.In(time.FixedZone(e.Change.Add(-1).In(e.Location).Zone()))
}

// To is the local time right after the change.
func (e *GapError) To() time.Time { return e.Change.In(e.Location) }

// Error names the skipped time and the two instants that could be meant, in RFC 3339.
func (e *GapError) Error() string {
	return fmt.Sprintf("%s does not exist in %s, where clocks go from %s to %s: say %s or %s",
		e.Wall.Format(time.DateTime), Name(e.Location), e.From().Format("15:04 MST"), e.To().Format("15:04 MST"),
		e.Earlier.In(e.Location).Format(time.RFC3339), e.Later.In(e.Location).Format(time.RFC3339))
}

// FoldError says that clocks in Location show Wall more than once, because they are put back.
type FoldError struct {
	Wall     time.Time // the local time; its own location is UTC, and has no meaning
	Location *time.Location
	Instants []time.Time // the instants at which clocks show Wall, in order: two or more
}

// Error names the instants, in RFC 3339.
func (e *FoldError) Error() string {
	say := make([]string, len(e.Instants))
	for i, t := range e.Instants {
		say[i] = t.In(e.Location).Format(time.RFC3339)
	}
	return fmt.Sprintf("%s comes twice in %s: say %s", e.Wall.Format(time.DateTime), Name(e.Location), strings.Join(say, " or "))
}

// YearError says that a document cannot hold an instant of this year.
type YearError struct{ Year int }

// Error names the years that a document can hold.
func (e *YearError) Error() string {
	return fmt.Sprintf("year %d: want a year from %d to %d", e.Year, period.MinYear, period.MaxYear)
}

// checkYear returns a [*YearError] if a document cannot hold t.
func checkYear(t time.Time) error {
	if y := t.UTC().Year(); y < period.MinYear || y > period.MaxYear {
		return &YearError{Year: y}
	}
	return nil
}
