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

// An application whose orders are rows of a table.
func ExampleRunApplication() { //nolint:testableexamples // as above
	_ = func(t *testing.T, shop http.Handler, gate *core.Gate, orders func() (int64, error)) {
		op := operator.Operator{Store: gate.Store(), Actor: "test"}
		fleettest.RunApplication(t, fleettest.Application{
			Handler: shop,
			Request: func(url string) (*http.Request, error) {
				return http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/orders", nil)
			},
			Writes: orders, // SELECT count(*) FROM orders
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
