// Package redisstore keeps the state of a fleet in Redis or Valkey: the document with all
// periods, and a row for each instance. It works with one server, with Sentinel and with
// Redis Cluster, from Redis 6.2 and Valkey 7.2 on.
//
//	client := redis.NewClient(&redis.Options{Addr: "redis:6379", ContextTimeoutEnabled: true})
//	defer client.Close()
//	store, err := redisstore.New(client, redisstore.Options{App: "shop"})
//	…
//	defer store.Close()
//	r.Use(gindowntime.New(core.Config{Store: store}))
//
// # Keys
//
// Everything of the application "shop" has one hash tag, so that in a cluster it lies on
// one node:
//
//	downtime:{shop}:v1             hash: store_id, revision, write_id, document, recent
//	downtime:{shop}:v1:instances   hash: one row of JSON for each instance, by its id
//	downtime:{shop}:v1:log         hash: the last 1,000 entries of the log, and their number n
//	downtime:{shop}:v1:changed     channel: says that there was a write
//	downtime:{shop}:v1:test:…      channels: each subscriber tests with one of its own
//
// Applications with different names share a server, and know nothing of each other. No key
// has a time to live, and nothing here lists, scans or flushes keys. Whatever else stands
// under our keys (a list, a hash of somebody else) is an error, and is left alone.
//
// # What the server must be told
//
// The document must not be evicted: set maxmemory-policy to noeviction, or to one of the
// volatile policies. A document that is evicted, deleted or flushed is [core.ErrLost]:
// gates keep what they had, and never take it for the end of a downtime; "downtime init"
// begins a new document. A server without persistence forgets the document with each
// restart. "FLUSHALL" and restored backups are noticed as what they are: lost, and
// regressed.
//
// A user of the server with the least rights:
//
//	ACL SETUSER shop on >PASSWORD resetkeys ~downtime:{shop}:v1* resetchannels &downtime:{shop}:v1:* nocommands
//	  +eval +evalsha +type +time +hmget +hget +hgetall +hset +hdel +hrandfield +publish +subscribe +ping +hello
//
// With Options.WaitReplicas also +wait, with a database other than 0 also +select, with a
// cluster also +cluster and +command, and +readonly if its client reads from replicas. What
// else go-redis tells the server about itself is refused then, which does no harm;
// redis.Options.DisableIdentity keeps it out of the server's log of refusals. Without
// +hset, +hdel and +publish the user may only read: writes are [core.ErrReadOnly],
// instances cannot report themselves (no barrier sees them), and gates poll each second,
// because nobody may test whether messages arrive.
//
// # What is guaranteed
//
// Every read and every write is one script, which the server runs alone: reads are
// consistent, and a write compares store id, revision and write id, notes its entry in the
// log and tells the subscribers, or changes nothing. Scripts go to the primary, also in a cluster whose
// client reads from replicas. A write whose answer is lost, and which the client sends
// again, is recognised as done.
//
// Redis replicates after it has answered. A failover can therefore lose the last writes,
// and the reports of instances with them: a start that was confirmed may be gone. Gates
// that have seen it notice ("regressed"), keep the more restrictive state and say so. A
// gate that has not seen it knows nothing. Options.WaitReplicas narrows that, and does not
// close it: a replica that has not got the write may still be promoted. Who cannot live
// with that takes PostgreSQL with synchronous replication.
//
// # Push and poll
//
// Each store with a subscriber keeps one connection of its own, which listens. It counts as
// healthy only after a message to itself has come back, and as long as each PING, every 5
// seconds, is answered within 2: go-redis itself does not wait for that answer. Gates
// then poll every 15 seconds, else each second, and in the first minute after a poll has
// found a write that no message had told of. Messages are plain PUBLISH, which works on
// every version and reaches all nodes of a cluster; sharded channels would need Redis 7, and writes
// to this channel are rare.
//
// # Contexts
//
// Every method returns when its context ends, whatever the server and the client do. A
// call that was given up goes on inside of the client until its ReadTimeout; with
// ContextTimeoutEnabled it ends with the context's deadline. A client without ReadTimeout
// is refused. A write that was given up may still take place, but only over the document
// that it was made for.
package redisstore
