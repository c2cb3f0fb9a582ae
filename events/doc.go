// Package events tells people and programs of downtime: that it begins or ends, that it is overdue,
// that an instance is silent. "downtime events" is built on it.
//
// [Next] is a pure function. It computes the events from a position, and from the document with its
// log and the rows of the instances. A follower that was stopped, or that has crashed, therefore
// computes the events that it missed, with the same keys.
//
// [Follower] reads a store, computes the events and delivers each of them at least once. [Webhook]
// delivers an event by HTTP.
package events
