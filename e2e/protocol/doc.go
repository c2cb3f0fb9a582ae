// Package protocol runs the barrier protocol of real gates, real operators and the real command in
// one process, under a random schedule, and checks the invariants of docs/fleet.md.
//
// Time is that of testing/synctest. A store in memory answers with random delays, loses calls and
// delivers writes late. TestSchedules does this with the code as it is. TestFaults compiles the
// packages again with an overlay of the go command: the overlay adds delays inside the gate, and a
// switch for each fault of the protocol. So the shipped code has neither.
package protocol
