package core_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/stores/memstore"
)

func ExampleStart() {
	ctx, store := context.Background(), memstore.New()
	first, err := core.Start(ctx, store, core.StartOptions{Holder: "ci", Reason: new("Moving the database"), For: time.Hour})
	if err != nil {
		panic(err)
	}
	// The same holder again changes that deployment, and only what is given.
	again, err := core.Start(ctx, store, core.StartOptions{Holder: "ci", Emergency: new(true)})
	if err != nil {
		panic(err)
	}
	fmt.Println("one deployment:", first.Period.ID == again.Period.ID, "version", again.Period.Version)
	fmt.Println(again.Period.Reason)
	fmt.Println("in force:", len(again.InForce))
	// Output:
	// one deployment: true version 2
	// Moving the database
	// in force: 1
}

func ExampleEnd() {
	ctx, store := context.Background(), memstore.New()
	for _, holder := range []string{"ann", "ci"} {
		if _, err := core.Start(ctx, store, core.StartOptions{Holder: holder}); err != nil {
			panic(err)
		}
	}
	res, err := core.End(ctx, store, core.EndOptions{Holder: "ann"})
	if err != nil {
		panic(err)
	}
	for _, p := range res.InForce {
		fmt.Println("still down because of", p.Holder)
	}
	_, err = core.End(ctx, store, core.EndOptions{Holder: "ann"})
	fmt.Println(errors.Is(err, core.ErrNothingToEnd))

	res, err = core.End(ctx, store, core.EndOptions{All: true})
	fmt.Println("in force:", len(res.InForce), err)
	// Output:
	// still down because of ci
	// true
	// in force: 0 <nil>
}

func ExampleSchedule() {
	res, err := core.Schedule(context.Background(), memstore.New(), core.WindowOptions{
		Actor: "ann", Reason: "New disks",
		Start: time.Date(2097, 3, 8, 1, 0, 0, 0, time.UTC), For: 2 * time.Hour,
	})
	if err != nil {
		panic(err)
	}
	fmt.Println(res.Period.Kind, "until", res.Period.End)
	fmt.Println("in force:", len(res.InForce))
	// Output:
	// window until 2097-03-08 03:00:00 +0000 UTC
	// in force: 0
}

func ExampleEdit() {
	ctx, store := context.Background(), memstore.New()
	start := time.Date(2097, 3, 8, 1, 0, 0, 0, time.UTC)
	planned, err := core.Schedule(ctx, store, core.WindowOptions{Actor: "ann", Start: start, For: 2 * time.Hour})
	if err != nil {
		panic(err)
	}
	seen := planned.Period
	edited, err := core.Edit(ctx, store, seen.ID, core.EditOptions{
		Actor: "bob", Version: seen.Version, End: new(start.Add(time.Hour)), Reason: new("New disks"),
	})
	if err != nil {
		panic(err)
	}
	fmt.Println(edited.Period.Reason, "until", edited.Period.End)

	// Somebody who has seen the first version only does not overwrite it.
	_, err = core.Edit(ctx, store, seen.ID, core.EditOptions{Actor: "ann", Version: seen.Version, Reason: new("")})
	fmt.Println(errors.Is(err, core.ErrConflict))
	// Output:
	// New disks until 2097-03-08 02:00:00 +0000 UTC
	// true
}

func ExampleCancel() {
	ctx, store := context.Background(), memstore.New()
	planned, err := core.Schedule(ctx, store, core.WindowOptions{Actor: "ann", Start: time.Date(2097, 3, 8, 1, 0, 0, 0, time.UTC)})
	if err != nil {
		panic(err)
	}
	res, err := core.Cancel(ctx, store, planned.Period.ID, core.CancelOptions{})
	if err != nil {
		panic(err)
	}
	fmt.Println("left:", len(res.After.Periods))

	begun, err := core.Start(ctx, store, core.StartOptions{Holder: "ann"})
	if err != nil {
		panic(err)
	}
	_, err = core.Cancel(ctx, store, begun.Period.ID, core.CancelOptions{}) // what is in force is ended
	fmt.Println(errors.Is(err, core.ErrInForce))
	// Output:
	// left: 0
	// true
}

func ExampleReconcile() {
	ctx, store := context.Background(), memstore.New() // restored from a backup, say
	if _, err := core.Init(ctx, store, core.InitOptions{}); err != nil {
		panic(err)
	}
	// Gates report that they have seen revision 41: they open when a higher one says so.
	res, err := core.Reconcile(ctx, store, core.ReconcileOptions{Above: 41})
	if err != nil {
		panic(err)
	}
	fmt.Println("revision", res.Before.Revision, "to", res.After.Revision)
	// Output: revision 1 to 42
}

func ExampleInit() {
	ctx, store := context.Background(), memstore.New() // a shared store needs it: to its gates nothing is nobody's word
	res, err := core.Init(ctx, store, core.InitOptions{})
	if err != nil {
		panic(err)
	}
	fmt.Println("revision", res.After.Revision, "with", len(res.After.Periods), "periods")

	_, err = core.Init(ctx, store, core.InitOptions{})
	fmt.Println(errors.Is(err, core.ErrInitialised))
	// Output:
	// revision 1 with 0 periods
	// true
}

// What would happen tonight? The Config is the application's own.
func ExampleExplain() {
	start := time.Date(2097, 3, 8, 1, 0, 0, 0, time.UTC)
	planned, err := core.Schedule(context.Background(), memstore.New(), core.WindowOptions{Actor: "ann", Start: start, For: time.Hour})
	if err != nil {
		panic(err)
	}
	cfg := core.Config{ExemptPaths: []string{"/static"}}
	for _, path := range []string{"/shop", "/static/app.css"} {
		r := httptest.NewRequestWithContext(context.Background(), http.MethodGet, path, http.NoBody)
		for _, at := range []time.Time{start.Add(-time.Minute), start} {
			d, err := core.Explain(cfg, planned.After, at, r)
			if err != nil {
				panic(err)
			}
			fmt.Println(at.Format(time.TimeOnly), path, d.Outcome)
		}
	}
	// Output:
	// 00:59:00 /shop open
	// 01:00:00 /shop blocked
	// 00:59:00 /static/app.css open
	// 01:00:00 /static/app.css exempt
}
