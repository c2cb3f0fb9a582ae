package fleettest_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/fleettest"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/store/memstore"
)

// The gate of this module, on a store in memory. A gate of your own needs the same four functions.
func ExampleRun() { //nolint:testableexamples // outside a test there is no *testing.T
	_ = func(t *testing.T) {
		st := memstore.New()
		gate, err := core.New(core.Config{Store: st})
		if err != nil {
			t.Fatal(err)
		}
		op := operator.Operator{Store: st, Actor: "test"}
		fleettest.Run(t, fleettest.Subject{
			Wrap: func(inner http.Handler) http.Handler { return gate.Handler(inner) },
			Close: func() {
				if _, err := op.Start(t.Context(), operator.StartOptions{}); err != nil {
					t.Error(err)
				}
			},
			Open: func() {
				if _, err := op.End(t.Context(), operator.EndOptions{All: true}); err != nil {
					t.Error(err)
				}
			},
			Drained: func() bool { return len(gate.Status().Drained) > 0 },
		}, 5*time.Second)
	}
}
