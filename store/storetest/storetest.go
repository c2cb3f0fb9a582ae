// Package storetest is the conformance suite for a [store.Store]. Every store of this
// project passes it. Run it on a store of your own:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) store.Store {
//			return openOnAnEmptyDatabase(t) // closes it by t.Cleanup
//		}, storetest.Options{Second: …})
//	}
//
// It needs the testing package only.
package storetest

import (
	"slices"
	"testing"

	"github.com/go-downtime/downtime/store"
)

// Run runs all checks, each as a subtest, one after the other. open makes a new store on
// data of its own, without a document, and closes it by t.Cleanup. Each check calls it at
// least once. Run also fails t for goroutines that outlive the cleanup.
func Run(t *testing.T, open func(t *testing.T) store.Store, o Options) {
	t.Helper()
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) {
			c.run(t, newEnv(t, open, o))
		})
	}
	t.Run("leaves no goroutine running", func(t *testing.T) {
		checkLeaks(t, func(t *testing.T) {
			t.Helper()
			exercise(t, newEnv(t, open, o))
		})
	})
}

// checks are all checks except the one for leaks, which needs subtests.
var checks = slices.Concat(
	documentChecks, writeChecks, capabilityChecks, rowChecks, leaseChecks, tombstoneChecks, rowsetChecks, rowConcurrencyChecks,
)
