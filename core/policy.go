package core

import (
	"cmp"
	"fmt"
)

// StoreLostPolicy is what a gate does when its store is lost.
type StoreLostPolicy uint8

const (
	// Keep keeps the last known state, open or closed.
	Keep StoreLostPolicy = iota
	// Refuse closes an open gate once the state is older than MaxStale. It opens again
	// with the next good read.
	Refuse
)

// String returns the policy as logs show it: "keep" or "refuse". An invalid value such as 7 is
// "StoreLostPolicy(7)".
func (p StoreLostPolicy) String() string {
	return cmp.Or(map[StoreLostPolicy]string{Keep: "keep", Refuse: "refuse"}[p], fmt.Sprintf("StoreLostPolicy(%d)", uint8(p)))
}

// FirstStartPolicy is what a gate does before the first successful read of its store.
type FirstStartPolicy uint8

const (
	// FirstStartRefuse refuses, and says kind=starting.
	FirstStartRefuse FirstStartPolicy = iota
	// FirstStartOpen serves. Downtime that is already in force has no effect until the store
	// answers.
	FirstStartOpen
	// FirstStartFail makes [New] fail if the first read shows a fault that waiting cannot mend: a
	// missing directory, a missing permission, no document, or a document that this version cannot
	// read. After any other failure, such as a time-out or a refused connection, it is
	// FirstStartRefuse. A rollout then stops at its first instance.
	FirstStartFail
)

// String returns the policy as logs show it: "refuse", "open" or "fail". An invalid value such as
// 7 is "FirstStartPolicy(7)".
func (p FirstStartPolicy) String() string {
	known := map[FirstStartPolicy]string{FirstStartRefuse: "refuse", FirstStartOpen: "open", FirstStartFail: "fail"}
	return cmp.Or(known[p], fmt.Sprintf("FirstStartPolicy(%d)", uint8(p)))
}
