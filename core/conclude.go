package core

import "time"

// known is everything that decides whether a gate is closed, but for the instant.
type known struct {
	override      override
	overrideFrom  string    // "file", "env" or "config"
	overrideSince time.Time // when this gate first saw it
	hasStore      bool
	read          bool // the store was read at least once
	firstStart    FirstStartPolicy
	begun         time.Time // when the gate was made
	onLost        StoreLostPolicy
	fileUnread    bool          // there is an override file, and it was never read
	staleSince    time.Time     // when the last good read became older than MaxStale; zero: it is not
	staleIn       time.Duration // when it will be, if more than zero
	offset        time.Duration
	verdict       func(storeTime time.Time) Verdict
}

// conclusion is what follows from what is known, at one instant.
type conclusion struct {
	closure *Closure // nil: open
	overdue bool
	next    time.Time // when it may differ, by this machine's clock; zero: not by itself
}

// conclude is a pure function of what is known and the instant: overrides beat the store,
// an unread store is nobody's word, and staleness may close but never open.
func conclude(k known, now time.Time) conclusion {
	starting := conclusion{closure: &Closure{Cause: CauseStarting, Since: k.begun}}
	switch {
	case k.override == overrideDown:
		return conclusion{closure: &Closure{
			Cause: CauseOverride, Override: k.overrideFrom, Emergency: true, Since: k.overrideSince,
		}}
	case k.fileUnread && k.firstStart != FirstStartOpen:
		return starting // it may say "down", and goes before whatever says "up"
	case k.override == overrideUp, !k.hasStore:
		return conclusion{}
	case !k.read && k.firstStart != FirstStartOpen:
		return starting
	case !k.read:
		return conclusion{}
	}
	storeTime := now.Add(k.offset)
	v := k.verdict(storeTime)
	c := conclusion{overdue: v.Overdue(storeTime)}
	if !v.Next.IsZero() {
		c.next = v.Next.Add(-k.offset)
	}
	switch {
	case v.Down:
		c.closure = &Closure{
			Cause: CausePeriod, Period: v.Governing.ID, Reason: v.Governing.Reason,
			Emergency: v.Emergency, Since: v.Since, Until: v.Until,
		}
	case k.onLost != Refuse:
	case !k.staleSince.IsZero():
		c.closure = &Closure{Cause: CauseStoreLost, Since: k.staleSince}
	case k.staleIn > 0:
		c.next = earliestAfter(now, c.next, now.Add(k.staleIn))
	}
	return c
}

// same reports whether two closures say the same to everybody.
func (c *Closure) same(other *Closure) bool {
	if c == nil || other == nil {
		return c == other
	}
	return c.Cause == other.Cause && c.Override == other.Override && c.Period == other.Period &&
		c.Reason == other.Reason && c.Emergency == other.Emergency &&
		c.Since.Equal(other.Since) && c.Until.Equal(other.Until)
}
