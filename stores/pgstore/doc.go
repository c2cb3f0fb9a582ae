// Package pgstore keeps a document, and the rows of the instances that follow it, in
// PostgreSQL through pgx, and is told of changes by LISTEN.
//
//	store, err := pgstore.Open("postgres://app@db/shop", pgstore.Options{App: "shop"})
//	if err != nil { … }
//	defer store.Close()
//	gate, err := core.New(core.Config{Store: store})
//
// Tables, migrations and grants are those of package sqlstore, with which it shares its
// data: an instance may use the one, and the next one the other.
//
// # Push and poll
//
// Every write notifies, in its own transaction. The first Subscribe opens one connection
// that does nothing but listen. It is given up and made again, with growing random pauses
// of up to 5 s, unless everything about it is seen to work:
//
//   - A notification to itself, sent through the pool as a writer would, must come back
//     within 2 s. Through a pooler in transaction mode, LISTEN succeeds and nothing is ever
//     delivered: the store then polls each second, says so in [Store.PushState], and tries
//     again after a minute.
//   - Every 5 s the session must answer within 2 s, so that a server which only
//     acknowledges is found out. It is asked by a Sync of the protocol, which executes
//     nothing.
//   - A write that was found by a poll, and that no notification has told of at the next
//     heartbeat but 2 s, counts in [Store.MissedPushes].
//
// After each new connection, and when one is lost, subscribers are woken, since something
// may have been missed meanwhile. While all is well the poll, which stays the truth, comes
// every 15 s, else every second.
//
// # Poolers
//
// All statements work through PgBouncer in transaction mode. For push, let the listening
// connection reach the server itself: give [Options] a ListenURL beside the pooler's.
//
// # Cost
//
// While nothing happens, each instance holds one listening session, whose heartbeats are no
// statements, and sends one statement each 15 s by a connection of the pool: the poll, or
// the renewal of its row, which returns the revision. A pool of your own pings before that,
// unless ShouldPing of its configuration says no.
package pgstore
