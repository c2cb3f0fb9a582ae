package pgstore_test

import (
	"fmt"

	"github.com/go-downtime/downtime/store/pgstore"
)

// Writers share the lock, and "downtime run --pg-lock" has it alone while it runs a migration.
func ExampleNewLock() {
	writes := pgstore.NewLock("shop")
	fmt.Println(writes.Begin().BeginQuery) // pool.BeginTx(ctx, writes.Begin())
	fmt.Println(writes.Shared())           // tx.ExecContext(ctx, writes.Shared())
	// Output:
	// BEGIN ISOLATION LEVEL READ COMMITTED; SELECT pg_advisory_xact_lock_shared(6694365184609613202)
	// SELECT pg_advisory_xact_lock_shared(6694365184609613202)
}
