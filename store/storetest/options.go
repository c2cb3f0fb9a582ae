package storetest

import (
	"testing"
	"time"

	"github.com/go-downtime/downtime/store"
)

// Options describe a store to the suite. The zero Options suit a shared store. A check that
// needs a nil function, or a capability that the store does not have, is skipped and says so.
type Options struct {
	// ProvesNeverWritten is true if a new store returns [store.ErrNeverWritten]. False
	// means that it must return [store.ErrLost].
	ProvesNeverWritten bool
	// Second opens another handle on the same data, as another process does. Checks with
	// several writers use both handles.
	Second func(t *testing.T, first store.Store) store.Store
	// ReadOnly opens another handle on the same data that must not write.
	ReadOnly func(t *testing.T, first store.Store) store.Store
	// Unconfirmed makes a store on data of its own that writes, but cannot confirm that a
	// write is as durable as Info says.
	Unconfirmed func(t *testing.T) store.Store
	// Secrets must not be in the errors and the Info of the store: passwords, keys.
	Secrets []string
	// Timeout limits each check, and the time until a hint arrives. Zero means 30 seconds.
	Timeout time.Duration

	// The functions below change the data without the store, as an operator, a fault or a
	// restored backup does.

	// Lose deletes the document, and nothing else.
	Lose func(t *testing.T, st store.Store)
	// Tamper changes the bytes of the document, and not the token that the store keeps
	// beside them. It stays nil for a store that computes the token from the bytes.
	Tamper func(t *testing.T, st store.Store)
	// LoseRows deletes all rows and tombstones.
	LoseRows func(t *testing.T, st store.Store)
	// BreakRow makes the row unreadable to the store.
	BreakRow func(t *testing.T, st store.Store, key string)
	// Age moves all stamps of rows and tombstones into the past, as if so much time had passed.
	Age func(t *testing.T, st store.Store, by time.Duration)
	// Freeze stops the server that holds the data, so that it answers nothing until thaw is
	// called.
	Freeze func(t *testing.T, st store.Store) (thaw func())
	// Kept reads a document that [store.Keeper] put aside. It stays nil for other stores.
	Kept func(t *testing.T, st store.Store, place string) []byte
}
