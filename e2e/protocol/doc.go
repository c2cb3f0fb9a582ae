// Package protocol runs the barrier protocol of real gates, real operators and the real command in
// one process, under a random schedule, and checks the invariants of docs/fleet.md.
//
// The clock is the fake clock of testing/synctest. A store in memory answers with random delays, loses
// calls and delivers writes late. TestSchedules runs the released code. TestFaults compiles the packages
// again with an overlay (go build -overlay). The overlay adds delays inside the gate, and a switch for
// each fault of the protocol. The released code has no such delay and no switch.
package protocol
