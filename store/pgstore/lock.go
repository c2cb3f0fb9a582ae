package pgstore

import (
	"crypto/sha256"
	"encoding/binary"
	"strconv"

	"github.com/jackc/pgx/v5"
)

// Lock is an advisory lock that lets PostgreSQL itself keep writers away from a migration. Each
// writing transaction of the application shares the lock until it ends, and the migration has it
// alone: see [Lock.Connect], and "downtime run --pg-lock". A process that was suspended while the
// site was taken down can then not write during the migration, because its transaction waits for
// the lock. A Lock is a value; it is safe for concurrent use.
//
//	var writes = pgstore.NewLock("shop")
//
//	tx, err := pool.BeginTx(ctx, writes.Begin())  // pgx: no further round trip
//	_, err = tx.ExecContext(ctx, writes.Shared()) // database/sql: the first statement of the transaction
//
// Both forms work through a pooler in transaction mode. A transaction that waits ends by its
// statement_timeout, its lock_timeout or its context.
//
// The isolation level must be READ COMMITTED, the default of PostgreSQL. At a higher level the
// statement that takes the lock also fixes what the transaction sees. After a wait the
// transaction would see the data as they were before the migration.
type Lock struct {
	name string
	key  int64
}

// NewLock returns the lock with this name. PostgreSQL has one lock of a name in each database. The
// convention is the App of the store.
func NewLock(name string) Lock {
	sum := sha256.Sum256([]byte("downtime:" + name))
	return Lock{name, int64(binary.BigEndian.Uint64(sum[:8]))}
}

// Key returns the number of the lock: the first 8 bytes of SHA-256 of "downtime:" and the name, as
// a big-endian signed integer. In SQL, for writers in other languages:
//
//	SELECT ('x' || left(encode(sha256('downtime:shop'), 'hex'), 16))::bit(64)::bigint
func (l Lock) Key() int64 { return l.key }

// Shared returns the first statement of a writing transaction, for database/sql, for a pgx.Batch,
// or for another language. It has no parameters, so that it can be sent in one message with other
// statements.
func (l Lock) Shared() string {
	return "SELECT pg_advisory_xact_lock_shared(" + strconv.FormatInt(l.key, 10) + ")"
}

// Begin returns options that begin a writing transaction of pgx with the lock, in one message. It
// works with every QueryExecMode. If the message fails, for example by lock_timeout, pgx closes
// the connection.
func (l Lock) Begin() pgx.TxOptions {
	return pgx.TxOptions{BeginQuery: "BEGIN ISOLATION LEVEL READ COMMITTED; " + l.Shared()}
}
