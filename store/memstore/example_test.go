package memstore_test

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/store/memstore"
)

func ExampleNew() {
	ctx, st := context.Background(), memstore.New()
	gate, err := core.New(core.Config{Store: st, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		panic(err)
	}
	defer func() { _ = gate.Shutdown(ctx) }()

	op := operator.Operator{Store: st, Actor: "ann"}
	if _, err := op.Start(ctx, operator.StartOptions{}); err != nil {
		panic(err)
	}
	if err := gate.Refresh(ctx); err != nil { // otherwise the gate closes a moment later
		panic(err)
	}
	_, open := gate.Enter(nil)
	fmt.Println("open:", open)
	// Output: open: false
}
