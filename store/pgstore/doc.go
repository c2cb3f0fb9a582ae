// Package pgstore keeps the document, and the rows of instances, in PostgreSQL through pgx,
// and gets hints by LISTEN.
//
//	st, err := pgstore.Open("postgres://app@db/shop", pgstore.Options{App: "shop"})
//	if err != nil { … }
//	defer st.Close()
//	gate, err := core.New(core.Config{Store: st})
//
// Tables and grants are those of package sqlstore. The two packages share their data: one instance
// can use pgstore while another uses sqlstore.
//
// # Hints and polls
//
// Every write notifies, in its own transaction, with the document's new token as payload. The
// first Subscribe opens one connection, which only listens. If one of these tests fails, the
// store closes the connection, and opens another after a random pause that grows up to 5 s:
//
//   - Self-test: a notification to itself, sent through the pool, arrives within 2 s. Through
//     a pooler in transaction mode LISTEN succeeds, and no notification arrives. The store
//     then polls each second, says so in [Store.Hints], and tests again after a minute.
//   - Heartbeat: every 5 s the session answers within 2 s. The question is a Sync of the
//     protocol, which executes nothing.
//   - If a poll finds a write, its notification arrives at most 2 s after the next heartbeat.
//     [Store.MissedPushes] counts the writes without a notification.
//
// The store wakes its subscribers after each new connection and when it loses one, because it
// may have missed a notification. The poll is authoritative. Its interval is 15 s while all
// tests succeed, otherwise 1 s.
//
// # Poolers
//
// All statements work through PgBouncer in transaction mode. For hints the listening
// connection must reach the server itself: set ListenURL in [Options] beside the pooler's URL.
//
// # Locks
//
// The store sends each statement with a lock_timeout, in one message and one transaction. The
// lock_timeout ends before the deadline of the context. So a statement that waits for a lock ends
// on the server, and pgx sends no cancel request. The session keeps its own lock_timeout. A
// QueryTracer of an application's pool does not see these statements.
//
// # Cost
//
// An idle instance holds one listening session. The heartbeats of this session are not statements.
// Each 15 s the instance sends two small statements through the pool: one reads the token, one
// renews the row. A pool of the application also pings before each statement, unless its ShouldPing
// returns false.
package pgstore
