package events

import (
	"fmt"
	"time"
)

// Kind is the kind of a [Report].
type Kind string

// The kinds.
const (
	Following  Kind = "following"  // this process follows
	StandBy    Kind = "stand-by"   // another process follows
	Waiting    Kind = "waiting"    // there is no document yet
	Unreadable Kind = "unreadable" // the store cannot be read or written; the follower tries again
	Retrying   Kind = "retry"      // a delivery has failed, and is tried again
	GivenUp    Kind = "given-up"   // a delivery has failed, and is not tried again
)

// Report tells what a [Follower] does.
type Report struct {
	Kind Kind
	// Event is the event of the delivery, for Retrying and GivenUp. It is nil for the other kinds.
	Event *Event
	// Err is the reason of the report, and nil for Following. After is the time to the next attempt of a delivery.
	Err   error
	After time.Duration
}

// String is the text of a report for people.
func (p Report) String() string {
	about := ""
	if p.Event != nil {
		about = fmt.Sprintf("%s (%s)", p.Event.Event, p.Event.Key)
	}
	switch p.Kind {
	case Following:
		return "following: events are delivered by this process"
	case StandBy:
		return fmt.Sprintf("stand-by: %v; this process takes over when that one no longer reports", p.Err)
	case Waiting:
		return fmt.Sprintf("waiting: %v", p.Err)
	case Retrying:
		return fmt.Sprintf("no confirmed delivery of %s: %v; next attempt in %s", about, p.Err, p.After.Round(100*time.Millisecond))
	case GivenUp:
		return fmt.Sprintf("GIVEN UP: no confirmed delivery of %s, and no further attempt: %v", about, p.Err)
	}
	return fmt.Sprintf("%s: %v; this process tries again", p.Kind, p.Err)
}
