package core

import (
	"time"
)

// Transition is a change of a gate, for Config.OnTransition. The caller owns it, except the
// closures, which are shared and immutable.
type Transition struct {
	// Kind is one of these. Later versions may add kinds.
	//   - "closed": the gate refuses from now on
	//   - "opened": the gate serves from now on
	//   - "changed": the gate still refuses, and visitors see another kind, reason, beginning or expected end
	//   - "overdue": the gate still refuses, and the expected end has passed
	//   - "store-lost": the store could not be read, at the start or after a good read
	//   - "store-back": the store was read again
	Kind string
	// At is the instant of the change, by this machine's clock.
	At time.Time
	// Old and New are the state before and after the change. If several transitions come from one
	// event, for example "store-back" and "opened" from one read, they have the same Old and New.
	// The first Old of a gate is open, with StoreNeverRead or StoreNone, though New has not yet
	// returned and no request was served.
	Old, New Summary
	// Dropped is the number of transitions between the previous call and this one that were
	// dropped, because the calls took too long.
	Dropped int
}

// Summary is the state of a gate in a [Transition]. Its fields have the meaning of those in
// [Status].
type Summary struct {
	Closure                *Closure // nil: the gate is open
	Overdue                bool
	Override, OverrideFrom string
	Revision               int64
	Health                 StoreHealth
	Err                    error
	Regressed              bool
}
