package core_test

import (
	"context"
	"fmt"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/stores/memstore"
)

func ExampleLog() {
	ctx := context.Background()
	store := memstore.New()
	reason := "Moving to the new database."
	_, err := core.Start(ctx, store, core.StartOptions{Holder: "ann", Reason: &reason, Origin: "command on web-1"})
	if err == nil {
		_, err = core.End(ctx, store, core.EndOptions{Holder: "ann", Actor: "bob", Origin: "page from 192.0.2.7"})
	}
	if err != nil {
		panic(err)
	}
	entries, err := core.Log(ctx, store, 10) // the newest first
	if err != nil {
		panic(err)
	}
	for _, e := range entries {
		fmt.Printf("%s by %s, %s\n", e.Action, e.Actor, e.Origin)
		for _, c := range e.Changes {
			for _, f := range c.Fields() {
				if f.Name == "reason" {
					fmt.Printf("\t%s: %q → %q\n", f.Name, f.Before, f.After)
				}
			}
		}
	}
	// Output:
	// end by bob, page from 192.0.2.7
	// 	reason: "Moving to the new database." → ""
	// start by ann, command on web-1
	// 	reason: "" → "Moving to the new database."
}
