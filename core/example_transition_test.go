package core_test

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/store/memstore"
)

// OnTransition tells a chat or a pager. Each instance reports for itself.
func ExampleTransition() {
	st, messages := memstore.New(), make(chan string)
	gate, err := core.New(core.Config{Store: st, Logger: slog.New(slog.DiscardHandler), OnTransition: func(t core.Transition) {
		text := t.Kind
		if c := t.New.Closure; c != nil {
			text += ": " + c.Kind() + ", " + c.Reason
		}
		messages <- text // post it to the chat, with a time-out
	}})
	if err != nil {
		panic(err)
	}
	ctx, op := context.Background(), operator.Operator{Store: st, Actor: "ann"}
	if _, err := op.Start(ctx, operator.StartOptions{Reason: new("moving the database")}); err != nil {
		panic(err)
	}
	_ = gate.Refresh(ctx) // only an example needs this
	fmt.Println(<-messages)
	if _, err := op.End(ctx, operator.EndOptions{All: true}); err != nil {
		panic(err)
	}
	_ = gate.Refresh(ctx)
	fmt.Println(<-messages)
	// Output:
	// closed: planned, moving the database
	// opened
}
