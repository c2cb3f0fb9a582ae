package core

import "time"

const (
	defaultPoll     = 5 * time.Second // between two reads, if neither the Config nor the store has an interval
	defaultMaxStale = time.Minute
	defaultMaxHeld  = 1000

	readTimeout   = 2 * time.Second        // of one read, and of one write of the row
	overdueRead   = 100 * time.Millisecond // after which a read that ignores its deadline counts as failed
	hintPause     = 50 * time.Millisecond  // between two reads that hints ask for
	firstRetry    = 200 * time.Millisecond // after a failure; doubled with each further one
	lastRetry     = time.Second
	maxLateReads  = 4                // reads that ignore their deadline and still run; no further read begins then
	leaseTime     = time.Minute      // of the row
	renewEvery    = leaseTime / 4    // its renewal, spread by a fifth
	startingLimit = 10 * time.Second // how long the gate refuses because its row cannot be written, or the rows not be listed
	leavingLimit  = 5 * time.Second  // how long Shutdown tries to delete the row
	listPause     = 5 * time.Second  // between two listings of the rows while the gate serves
	youngSet      = 20 * time.Second // after which a new set of rows holds every instance
	newsDelay     = 10 * time.Millisecond
	newsSpread    = 40 * time.Millisecond
	hurriedPoll   = time.Second      // while an operator may be waiting for this gate
	edgeNear      = 30 * time.Second // before a period begins, ends or becomes overdue
	clockCheck    = time.Minute      // how soon a changed wall clock is noticed
	firstLook     = time.Millisecond // at replaced snapshots; doubled with each further look
	lastLook      = 50 * time.Millisecond
)
