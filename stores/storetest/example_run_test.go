package storetest_test

import (
	"testing"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/stores/memstore"
	"github.com/go-downtime/downtime/stores/storetest"
)

// In the tests of a store this is TestStore: open makes a store on data of its own, and
// Second another handle on the same data, as another process would have it.
func ExampleRun() { //nolint:testableexamples // outside of a test there is no *testing.T to run it with
	_ = func(t *testing.T) {
		storetest.Run(t, func(*testing.T) core.Store {
			return memstore.New() // yours; what it holds is closed by t.Cleanup
		}, storetest.Options{
			Second: func(_ *testing.T, first core.Store) core.Store { return first },
		})
	}
}
