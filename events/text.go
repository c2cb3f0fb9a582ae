package events

import (
	"cmp"
	"fmt"
	"strings"
	"time"
	"unicode"
)

// describe returns the text of an event.
func describe(e Event) string {
	var said string
	switch e.Event {
	case AboutToBegin:
		said = "Downtime will begin at " + minute(e.Period.Start) + e.reason() + "." + e.end()
	case CalledOff:
		planned := *e.Period
		if e.Before != nil {
			planned = *e.Before
		}
		said = "The downtime planned for " + minute(planned.Start) + " will not begin then" + e.reason() + "."
		if e.Before != nil && e.Period.Enabled && e.Period.Start.After(e.At) {
			said += " It is planned for " + minute(e.Period.Start) + " now."
		}
	case Started:
		said = "Downtime has begun" + e.reason() + "." + e.end()
	case EndMoved:
		said = "The expected end of the downtime has changed" + e.reason() + "." + e.end()
	case Overdue:
		said = "Downtime is overdue" + e.reason() + ". It was expected to end at " + minute(e.Period.PromisedEnd()) + ", and goes on."
	case Ended:
		said = "Downtime has ended" + e.reason() + "."
		if e.Site.Down {
			said += " The site is still down because of " + list(e.Site.Periods) + "."
		} else {
			said += " The site is up."
		}
	case InstanceSilent:
		said = fmt.Sprintf("Instance %s (host %s, process %d) is silent: its last report was at %s.",
			e.Instance.ID, cmp.Or(e.Instance.Host, "unknown"), e.Instance.PID, minute(e.Instance.Seen))
	case Regressed:
		said = fmt.Sprintf("The store went back: its revision %d of %s does not continue revision %d of %s. Gates refuse requests until an operator runs downtime reconcile.",
			e.Revision, cmp.Or(e.StoreID, "a document without id"), e.Newest.Revision, e.Newest.StoreID)
	case Missed:
		state := map[bool]string{true: "down", false: "up"}[e.Site.Down]
		if e.FromRevision == 0 {
			said = fmt.Sprintf("Events can be missing: %s. The site is %s.", e.Why, state)
			break
		}
		said = fmt.Sprintf("The events of revisions %d to %d cannot be told: %s. The site is %s.", e.FromRevision, e.Revision, e.Why, state)
	}
	if e.Application != "" {
		said = e.Application + ": " + said
	}
	return harmless(said)
}

// harmless returns s in one line, without characters that a terminal acts upon, or that change the
// direction of the text around them. A reason, the name of an application and that of a host can hold
// any character.
func harmless(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Bidi_Control, r):
			return -1
		case unicode.IsControl(r), r == 0x2028, r == 0x2029:
			return ' '
		}
		return r
	}, s)
}

// list names the periods, and counts those beyond mostListed: the text must fit into the environment of
// a program.
func list(ids []string) string {
	if more := len(ids) - mostListed; more > 0 {
		return strings.Join(ids[:mostListed], ", ") + fmt.Sprintf(" and %d more", more)
	}
	return strings.Join(ids, ", ")
}

const mostListed = 10

func (e Event) reason() string {
	if e.Period.Reason == "" {
		return ""
	}
	return ": " + strings.TrimRight(strings.Join(strings.Fields(e.Period.Reason), " "), ".")
}

// end says when the period is expected to end.
func (e Event) end() string {
	if end := e.Period.PromisedEnd(); !end.IsZero() {
		return " It is expected to end at " + minute(end) + "."
	}
	return " Its end is not known."
}

func minute(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }
