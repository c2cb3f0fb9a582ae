package core

import (
	"cmp"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/go-downtime/downtime/internal/answer"
	"github.com/go-downtime/downtime/period"
)

// Outcome is what happens to a request. The zero Outcome is Blocked.
type Outcome uint8

const (
	// Blocked means that the request is refused.
	Blocked Outcome = iota
	// Open means that the site is not down for this request.
	Open
	// Exempt means that the site is down, and the path is exempt.
	Exempt
	// Bypassed means that the site is down, and a predicate lets this request pass.
	Bypassed
	// Held means that the site is down, and the request waits until the gate opens, instead of
	// failing. Only a period with a hold has this outcome, and only until Closure.HoldUntil. At
	// most Config.MaxHeld requests wait; the others are Blocked. [Gate.Decide] and [Explain] return
	// Held and do not wait.
	Held
)

// String is the outcome in lower case: "open", "exempt", "bypassed", "held", "blocked".
func (o Outcome) String() string { return cmp.Or(outcomes[o], "invalid") }

var outcomes = map[Outcome]string{Open: "open", Exempt: "exempt", Bypassed: "bypassed", Held: "held", Blocked: "blocked"}

// Decision is an outcome and its cause. It is small and passed by value. The zero Decision
// blocks.
type Decision struct {
	Outcome Outcome
	// Rule is the exempt entry or the name of the predicate that decided; else "". If the key of
	// an API key predicate has a name, it follows: "api key in header X-Api-Key: ci".
	Rule string
	// Closure says why the gate is closed; nil when Outcome is Open. Shared and
	// immutable: do not change it.
	Closure *Closure
	// Add no field: a struct of 32 bytes is passed in registers, and a larger one through memory.
}

// Passes reports whether the request may go on to its handler.
func (d Decision) Passes() bool { return d.Outcome != Blocked && d.Outcome != Held }

// Cause is why a gate is closed.
type Cause uint8

const (
	// CausePeriod means that a period in the store is in force.
	CausePeriod Cause = iota + 1
	// CauseOverride means the override file, the environment variable or Config.Down.
	CauseOverride
	// CauseStarting means that the gate has not read its store yet.
	CauseStarting
	// CauseStoreLost means that the store was not read for MaxStale, and OnStoreLost is Refuse.
	CauseStoreLost
	// CauseShutdown means that the gate was shut down.
	CauseShutdown
)

var causes = map[Cause]string{CausePeriod: "period", CauseOverride: "override", CauseStarting: "starting", CauseStoreLost: "store-lost", CauseShutdown: "shutdown"}

// String is the cause as status and log show it: "period", "override", "starting",
// "store-lost", "shutdown". The zero Cause is "none".
func (c Cause) String() string { return cmp.Or(causes[c], "none") }

// Closure says why a gate is closed, since when, and until when. It is immutable.
type Closure struct {
	Cause Cause
	// Override is where an override came from: "file", "env" or "config"; else "".
	Override string
	// Period is the id of the governing period, the one that holds the site down longest; ""
	// unless Cause is CausePeriod. Do not show it to visitors.
	Period string
	// Reason is the reason of that period, a text for visitors. "" means that there is none.
	Reason string
	// ReasonLang is the language of Reason, a tag such as "de". "" means that it is not known.
	// Reasons holds the reason in further languages.
	ReasonLang string
	Reasons    period.Reasons
	// Emergency is true if a period in force is an emergency, and for an override by the file.
	Emergency bool
	// Since is when this stretch of downtime began: the start of the union of the
	// overlapping and adjoining periods, or of an override or a loss of the store that
	// closed this gate earlier. Zero when unknown.
	Since time.Time
	// Until is the expected end of the stretch: the end of that union, by the expected end of
	// each period. Zero when unknown. It may have passed; the downtime is then overdue.
	Until time.Time
	// HoldUntil is when requests no longer wait until the gate opens, see [Held]. Zero means that
	// they are refused at once.
	HoldUntil time.Time

	periods []string        // the ids of all periods in force
	alone   bool            // a period in force suspends bypasses
	answers *answer.Answers // prepared with the snapshot; nil in a Closure that a caller made
	queue   *queue          // made with the snapshot; nil if HoldUntil is zero
}

// Kind returns the kind for programs: "planned", "emergency", "starting" or "store-lost". The
// Downtime header contains it, so that a monitor can distinguish planned downtime from a fault.
func (c *Closure) Kind() string {
	switch {
	case c.Cause == CauseShutdown:
		return "starting" // visitors see it as starting: another process is about to serve
	case c.Cause == CauseStarting, c.Cause == CauseStoreLost:
		return c.Cause.String()
	case c.Emergency:
		return "emergency"
	}
	return "planned"
}

// same reports whether two closures have the same content.
func (c *Closure) same(other *Closure) bool {
	if c == nil || other == nil {
		return c == other
	}
	return c.looksLike(other) && c.Cause == other.Cause && c.Override == other.Override && c.Period == other.Period &&
		c.Emergency == other.Emergency && c.alone == other.alone && c.HoldUntil.Equal(other.HoldUntil) && slices.Equal(c.periods, other.periods)
}

// looksLike reports whether visitors see no difference between two closures.
func (c *Closure) looksLike(other *Closure) bool {
	return c.Kind() == other.Kind() && c.Since.Equal(other.Since) && c.Until.Equal(other.Until) &&
		c.Reason == other.Reason && c.ReasonLang == other.ReasonLang && c.Reasons == other.Reasons
}

// attrs describes the closure in the log.
func (c *Closure) attrs() []slog.Attr {
	attrs := []slog.Attr{
		slog.String("cause", c.Cause.String()), slog.String("kind", c.Kind()),
		slog.String("period", c.Period), slog.String("reason", c.Reason),
		instantAttr("since", c.Since), instantAttr("until", c.Until),
	}
	if c.ReasonLang != "" {
		attrs = append(attrs, slog.Any("languages", append([]string{c.ReasonLang}, c.Reasons.Languages()...)))
	}
	return attrs
}

// facts returns the facts that a refusal shows about the closure. Since of a gate that starts is the
// start of its process. The site may have been down before, so visitors are not told it.
func (c *Closure) facts() answer.Facts {
	f := answer.Facts{
		Kind: c.Kind(), Reason: c.Reason, ReasonLang: c.ReasonLang, Reasons: maps.Collect(c.Reasons.All()),
		Since: c.Since, Until: c.Until,
	}
	if c.Cause == CauseStarting {
		f.Since = time.Time{}
	}
	return f
}

// unknownClosure replaces a missing Closure of a Decision. Admit also returns it for the opening
// of an HTTP/2 connection.
var unknownClosure = &Closure{Cause: CauseOverride, Emergency: true}
