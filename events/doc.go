// Package events computes and delivers the events of a store, for example that downtime has begun, that
// it has ended, or that an instance is silent. The command "downtime events" uses this package.
//
// [Next] is a pure function. It computes the events after a position. It reads the document, the log in
// the document, and the rows of the instances. Equal input gives events with equal keys. After a stop or
// a crash, a follower therefore computes the events that it missed, with the same keys.
//
// [Follower] reads a store, computes the events and delivers each of them at least once. [Webhook]
// delivers an event by HTTP.
package events
