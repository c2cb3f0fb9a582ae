package storetest_test

import (
	"testing"

	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/memstore"
	"github.com/go-downtime/downtime/store/storetest"
)

// In the tests of a store this is TestStore. The first function opens a store on data of its
// own; Second opens another handle on the same data, as another process does.
func ExampleRun() { //nolint:testableexamples // outside a test there is no *testing.T
	_ = func(t *testing.T) {
		storetest.Run(t, func(*testing.T) store.Store {
			return memstore.New() // your store; t.Cleanup closes it
		}, storetest.Options{
			ProvesNeverWritten: true,
			Second:             func(_ *testing.T, first store.Store) store.Store { return first },
		})
	}
}
