package core

import "time"

// Outcome is what happens to a request.
type Outcome uint8

const (
	// Open: the site is not down for this request.
	Open Outcome = iota
	// Exempt: down, but the path is exempt.
	Exempt
	// Bypassed: down, but a predicate lets this request pass.
	Bypassed
	// Blocked: refused.
	Blocked
)

// String is the outcome in lower case: "open", "exempt", "bypassed", "blocked".
func (o Outcome) String() string {
	switch o {
	case Open:
		return "open"
	case Exempt:
		return "exempt"
	case Bypassed:
		return "bypassed"
	case Blocked:
		return "blocked"
	}
	return "invalid"
}

// Decision is an outcome and why. It is small and passed by value.
type Decision struct {
	Outcome Outcome
	// Rule is the exempt entry or the predicate's name that decided; else "".
	Rule string
	// Closure says why the gate is closed; nil when Outcome is Open. Shared and
	// immutable: do not change it.
	Closure *Closure
	// Not a field more: 32 bytes travel in registers, what is longer through memory.
}

// Passes reports whether the request may go on to its handler.
func (d Decision) Passes() bool { return d.Outcome != Blocked }

// Cause is why a gate is closed.
type Cause uint8

const (
	// CausePeriod: a period in the store is in force.
	CausePeriod Cause = iota + 1
	// CauseOverride: the override file, DOWNTIME=down or Config.Down.
	CauseOverride
	// CauseStarting: the store has never been read, so nobody knows.
	CauseStarting
	// CauseStoreLost: the store was not read for MaxStale, and OnStoreLost is Refuse.
	CauseStoreLost
)

// String is the cause as it stands in status and logs: "period", "override",
// "starting", "store-lost".
func (c Cause) String() string {
	switch c {
	case CausePeriod:
		return "period"
	case CauseOverride:
		return "override"
	case CauseStarting:
		return "starting"
	case CauseStoreLost:
		return "store-lost"
	}
	return "none"
}

// Closure is why, since when and until when a gate is closed. Immutable.
type Closure struct {
	Cause Cause
	// Override is where an override came from: "file", "env" or "config"; else "".
	Override string
	// Period is the id of the governing period, the one that holds the site down
	// longest; "" unless Cause is CausePeriod. Not for the public.
	Period string
	// Reason is that period's; text for visitors. "" means none was given.
	Reason string
	// Emergency is true if a period in force is marked so, or for an override.
	Emergency bool
	// Since is when this stretch of downtime began: the start of the union of the
	// overlapping and adjoining periods. Zero when unknown.
	Since time.Time
	// Until is when the stretch is expected to end: the end of that union, by what each
	// period promises. Zero when unknown. It may have passed (overdue).
	Until time.Time

	answers *answers // prepared with the snapshot; nil for a Closure made elsewhere
}

// Kind is the word for machines: "planned", "emergency", "starting" or "store-lost". It
// stands in the Downtime header, so that a monitor can tell planned downtime from trouble.
func (c *Closure) Kind() string {
	switch {
	case c.Cause == CauseStarting, c.Cause == CauseStoreLost:
		return c.Cause.String()
	case c.Emergency:
		return "emergency"
	}
	return "planned"
}
