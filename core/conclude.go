package core

import (
	"time"

	"github.com/go-downtime/downtime/period"
)

// facts holds everything that decides whether a gate is closed, except the instant.
type facts struct {
	override      direction
	overrideFrom  string    // "file", "env" or "config"
	overrideSince time.Time // when this gate first saw it
	hasStore      bool
	// served means that the store was read after this instance registered, and that its document
	// continues those that other instances have seen.
	served     bool
	firstStart FirstStartPolicy
	begun      time.Time // when the gate was made
	onLost     StoreLostPolicy
	fileUnread bool          // there is an override file, and it was never read
	staleSince time.Time     // when the last good read became older than MaxStale; zero if it did not
	staleIn    time.Duration // time until then, if more than zero
	offset     time.Duration
	verdict    period.Verdict // of the store's periods
	inForce    []string       // the ids of the periods, if the verdict is down
	stopped    bool
	holds      bool      // the Config holds requests, and the gate is not shut down
	closedAt   time.Time // when the gate closed; the present instant if it is open
}

// conclusion is the result of the facts at one instant.
type conclusion struct {
	closure *Closure // nil: open
	overdue bool
	next    time.Time // when it may change, by this machine's clock; zero: only by an event
}

// conclude is a pure function of the facts and the instant. An override has priority over the
// store. Before the first read of the store the gate refuses, unless FirstStartOpen is set.
// Staleness can close a gate and never opens one.
func conclude(f facts, now time.Time) conclusion {
	starting := conclusion{closure: &Closure{Cause: CauseStarting, Since: f.begun}}
	v := f.verdict
	c := conclusion{overdue: v.Overdue(now.Add(f.offset))}
	if !v.Next.IsZero() {
		c.next = v.Next.Add(-f.offset)
	}
	switch {
	case f.stopped:
		return conclusion{closure: &Closure{Cause: CauseShutdown}}
	case f.override == directionDown:
		c.overdue = false
		since := f.overrideSince
		if v.Down && v.Since.Before(since) {
			since = v.Since
		}
		c.closure = &Closure{Cause: CauseOverride, Override: f.overrideFrom, Emergency: f.overrideFrom == "file", Since: since, periods: f.inForce, alone: v.Suspended}
		return c
	case f.fileUnread && f.firstStart != FirstStartOpen:
		return starting // the file may say "down", which beats everything else
	case f.override == directionUp, !f.hasStore:
		return conclusion{}
	case !f.served && f.firstStart != FirstStartOpen:
		return starting
	}
	switch {
	case v.Down:
		c.closure = &Closure{
			Cause: CausePeriod, Period: v.Governing.ID, Reason: v.Governing.Reason,
			ReasonLang: v.Governing.ReasonLang, Reasons: v.Governing.Reasons,
			Emergency: v.Emergency, Since: v.Since, Until: v.Until, periods: f.inForce, alone: v.Suspended,
		}
		if limit := f.closedAt.Add(v.Hold); f.holds && now.Before(limit) {
			c.closure.HoldUntil, c.next = limit, earliest(now, c.next, limit)
		}
	case f.onLost != Refuse:
	case !f.staleSince.IsZero():
		c.closure = &Closure{Cause: CauseStoreLost, Since: f.staleSince}
	case f.staleIn > 0:
		c.next = earliest(now, c.next, now.Add(f.staleIn))
	}
	return c
}

// earliest returns the first of the instants after t; zero if there is none.
func earliest(t time.Time, instants ...time.Time) time.Time {
	var first time.Time
	for _, at := range instants {
		if at.After(t) && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	return first
}
