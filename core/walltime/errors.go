package walltime

import (
	"fmt"
	"strings"
	"time"
)

// GapError says that no clock in Location ever shows Wall, because clocks are put forward over it.
type GapError struct {
	Wall     time.Time // what was asked for; its own location is UTC and means nothing
	Location *time.Location
	// Change is when clocks are put forward. Earlier and Later are the instants on both
	// sides of it that Wall would be by the offset after and before the change: what was
	// meant is probably one of them.
	Change, Earlier, Later time.Time
}

func newGapError(wall time.Time, loc *time.Location) *GapError {
	e := &GapError{Wall: wall, Location: loc}
	var before time.Duration
	first := true
	eachOffset(wall, loc, func(begin, _ time.Time, offset time.Duration) {
		if !first && !wall.Before(begin.Add(before)) && wall.Before(begin.Add(offset)) {
			e.Earlier, e.Later, e.Change = wall.Add(-offset), wall.Add(-before), begin
		}
		before, first = offset, false
	})
	return e
}

// From is what clocks show when they are put forward.
func (e *GapError) From() time.Time {
	return e.Change.In(time.FixedZone(e.Change.Add(-1).In(e.Location).Zone()))
}

// To is what clocks show right after the change.
func (e *GapError) To() time.Time { return e.Change.In(e.Location) }

// Error says what is skipped, and names what it could be instead, in RFC 3339.
func (e *GapError) Error() string {
	return fmt.Sprintf("%s does not exist in %s, where clocks go from %s to %s: say %s or %s",
		e.Wall.Format(time.DateTime), Name(e.Location), e.From().Format("15:04 MST"), e.To().Format("15:04 MST"),
		e.Earlier.In(e.Location).Format(time.RFC3339), e.Later.In(e.Location).Format(time.RFC3339))
}

// FoldError says that clocks in Location show Wall more than once, because they are put back.
type FoldError struct {
	Wall     time.Time // what was asked for; its own location is UTC and means nothing
	Location *time.Location
	Instants []time.Time // at which it is shown, in order: two or more
}

// Error names the instants, in RFC 3339.
func (e *FoldError) Error() string {
	say := make([]string, len(e.Instants))
	for i, t := range e.Instants {
		say[i] = t.In(e.Location).Format(time.RFC3339)
	}
	return fmt.Sprintf("%s comes twice in %s: say %s", e.Wall.Format(time.DateTime), Name(e.Location), strings.Join(say, " or "))
}

// YearError says that the year is none that a document holds.
type YearError struct{ Year int }

// Error says which years there are.
func (e *YearError) Error() string {
	return fmt.Sprintf("year %d: want a year from %d to %d", e.Year, minYear, maxYear)
}

// The years of a document.
const minYear, maxYear = 2000, 9998

// checkYear looks at the year in UTC.
func checkYear(t time.Time) error {
	if y := t.UTC().Year(); y < minYear || y > maxYear {
		return &YearError{Year: y}
	}
	return nil
}
