// Package redisstore is a store in Redis or Valkey, for a fleet that shares a server. It
// works with one server, with Sentinel and with Redis Cluster, from Redis 6.2 and Valkey 7.2 on.
//
//	client := redis.NewClient(&redis.Options{Addr: "redis:6379", ContextTimeoutEnabled: true})
//	defer client.Close()
//	st, err := redisstore.New(client, redisstore.Options{App: "shop"})
//	…
//	defer st.Close()
//	gate, err := core.New(core.Config{Store: st})
//
// # Keys
//
// All keys of the application "shop" have one hash tag, so that they are on one node of a
// cluster:
//
//	downtime:{shop}:v1           hash: token, document, and check, a digest of both
//	downtime:{shop}:v1:rows      hash: one row or tombstone for each instance, by its key
//	downtime:{shop}:v1:changed   channel: announces the token of each write
//	downtime:{shop}:v1:test:…    channels: each subscriber tests with one of its own
//
// A row is a line "SEEN LEASE KIND", with times in microseconds since 1970, and then the bytes.
// The field with the empty name is the time at which the hash of rows was created.
//
// Applications with different names share a server and do not see each other. No key has a time
// to live, and the store lists, scans and flushes no keys. If another program uses these keys,
// for example for a list, the store returns an error and changes nothing.
//
// If the document or its token is edited by hand, Get and Swap return [store.ErrTampered]. To
// detect the edit, the server computes the digest at each read. This takes the server about 3 µs
// for each KiB of the document. It sends only a document that the caller does not have.
//
// # Server configuration
//
// The document must not be evicted: set maxmemory-policy to noeviction, or to one of the volatile
// policies. The server does not know whether a missing document was never written, or was
// evicted, deleted or flushed. In each case the store returns [store.ErrLost], which never opens
// a gate. "downtime init" begins a new document. A server without persistence forgets the
// document with each restart.
//
// This user of the server has only the necessary rights:
//
//	ACL SETUSER shop on >PASSWORD resetkeys ~downtime:{shop}:v1* resetchannels &downtime:{shop}:v1:* nocommands
//	  +eval +evalsha +type +time +hmget +hget +hgetall +hset +hdel +hrandfield +publish +subscribe +ping +hello
//
// Add +wait for Options.WaitReplicas, +select for a database other than 0, +cluster and +command
// for a cluster, and +readonly for a cluster client that reads from replicas. go-redis also tries
// to tell the server its name and version. The server refuses this, without harm.
// redis.Options.DisableIdentity avoids the entries in the server's ACL log.
//
// Without +hset, +hdel and +publish the user can only read. Writes are [store.ErrReadOnly],
// and instances cannot write rows, so that no barrier sees them. Gates then poll each second,
// because the store cannot test whether hints arrive.
//
// # Guarantees
//
// Each write is one script, which the server runs alone. A read is a script that returns the
// token. If the reader does not have this document, one HMGET of the primary returns token and
// document, and their digest must match. A write compares the token, replaces the document and
// announces the new token, or changes nothing. Scripts go to the primary, also if a cluster's
// client reads from replicas. The client never sends a Swap a second time by itself: if the
// answer is lost, Swap returns an error, and its caller reads back.
//
// Redis replicates after it has answered. A failover can therefore lose the last writes, together
// with rows: a confirmed start may be gone. Gates that have seen the lost write are regressed:
// they refuse the requests that either document refuses. Other gates do not notice.
// Options.WaitReplicas makes such a loss less likely, but a replica without the write may still
// be promoted. PostgreSQL with synchronous replication prevents the loss.
//
// # Hints and polling
//
// A store with a subscriber keeps one connection of its own for hints. The connection is healthy
// after a message to itself has come back, and while the server answers a PING every 5 seconds
// within 2 seconds. go-redis itself does not wait for this answer. Gates then poll every 15
// seconds. They poll each second while the connection is not healthy, and for a minute after a
// poll found a write that no message had announced. Messages are sent by PUBLISH, which works
// with every version and reaches all nodes of a cluster. Sharded channels would need Redis 7.
// They would save little, because writes are rare.
//
// # Contexts
//
// Every method returns when its context ends, even if the server or the client is stuck. The
// abandoned call ends inside the client after the client's ReadTimeout. With
// ContextTimeoutEnabled it ends at the deadline of the context. [New] refuses a client without
// ReadTimeout. An abandoned write may still take place, but only over the document that it was
// made for.
package redisstore
