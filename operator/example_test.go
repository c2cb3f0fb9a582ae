package operator_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/memstore"
)

func ExampleOperator_Start() {
	ctx, op := context.Background(), operator.Operator{Store: memstore.New(), Actor: "ci"}
	first, err := op.Start(ctx, operator.StartOptions{Reason: new("Moving the database"), ExpectedAfter: time.Hour})
	if err != nil {
		panic(err)
	}
	// A second start by the same holder changes that deployment. It leaves other fields alone.
	again, err := op.Start(ctx, operator.StartOptions{Emergency: new(true)})
	if err != nil {
		panic(err)
	}
	fmt.Println("one deployment:", first.Period.ID == again.Period.ID, "version", again.Period.Version)
	fmt.Println(again.Period.Reason)
	fmt.Println("in force:", len(again.InForce()))
	// Output:
	// one deployment: true version 2
	// Moving the database
	// in force: 1
}

func ExampleOperator_End() {
	ctx, op := context.Background(), operator.Operator{Store: memstore.New(), Actor: "ann"}
	for _, holder := range []string{"ann", "ci"} {
		if _, err := op.Start(ctx, operator.StartOptions{Holder: holder}); err != nil {
			panic(err)
		}
	}
	res, err := op.End(ctx, operator.EndOptions{Holder: "ann"})
	if err != nil {
		panic(err)
	}
	for _, p := range res.InForce() {
		fmt.Println("still down because of", p.Holder)
	}
	_, err = op.End(ctx, operator.EndOptions{Holder: "ann"})
	fmt.Println(errors.Is(err, operator.ErrNothingToEnd))

	res, err = op.End(ctx, operator.EndOptions{All: true})
	fmt.Println("in force:", len(res.InForce()), err)
	// Output:
	// still down because of ci
	// true
	// in force: 0 <nil>
}

func ExampleOperator_Schedule() {
	op := operator.Operator{Store: memstore.New(), Actor: "ann"}
	res, err := op.Schedule(context.Background(), operator.WindowOptions{
		Reason: "New disks", Start: time.Date(2097, 3, 8, 1, 0, 0, 0, time.UTC), EndAfter: 2 * time.Hour,
	})
	if err != nil {
		panic(err)
	}
	fmt.Println(res.Period.Kind, "until", res.Period.End)
	fmt.Println("in force:", len(res.InForce()))
	// Output:
	// window until 2097-03-08 03:00:00 +0000 UTC
	// in force: 0
}

func ExampleOperator_Edit() {
	ctx, st := context.Background(), memstore.New()
	ann, bob := operator.Operator{Store: st, Actor: "ann"}, operator.Operator{Store: st, Actor: "bob"}
	start := time.Date(2097, 3, 8, 1, 0, 0, 0, time.UTC)
	planned, err := ann.Schedule(ctx, operator.WindowOptions{Start: start, EndAfter: 2 * time.Hour})
	if err != nil {
		panic(err)
	}
	seen := planned.Period
	edited, err := bob.Edit(ctx, seen.ID, operator.EditOptions{
		IfVersion: &seen.Version, End: new(start.Add(time.Hour)), Reason: new("New disks"),
	})
	if err != nil {
		panic(err)
	}
	fmt.Println(edited.Period.Reason, "until", edited.Period.End)

	// An operator who has seen only the first version does not overwrite the second one.
	_, err = ann.Edit(ctx, seen.ID, operator.EditOptions{IfVersion: &seen.Version, Reason: new("")})
	fmt.Println(errors.Is(err, store.ErrConflict))
	// Output:
	// New disks until 2097-03-08 02:00:00 +0000 UTC
	// true
}

func ExampleOperator_Cancel() {
	ctx, op := context.Background(), operator.Operator{Store: memstore.New(), Actor: "ann"}
	planned, err := op.Schedule(ctx, operator.WindowOptions{Start: time.Date(2097, 3, 8, 1, 0, 0, 0, time.UTC)})
	if err != nil {
		panic(err)
	}
	res, err := op.Cancel(ctx, planned.Period.ID, operator.CancelOptions{})
	if err != nil {
		panic(err)
	}
	fmt.Println("left:", len(res.After.Periods))

	begun, err := op.Start(ctx, operator.StartOptions{})
	if err != nil {
		panic(err)
	}
	_, err = op.Cancel(ctx, begun.Period.ID, operator.CancelOptions{}) // End ends a period in force
	fmt.Println(errors.Is(err, operator.ErrInForce))
	// Output:
	// left: 0
	// true
}

func ExampleOperator_Init() {
	// The gates of a shared store refuse requests until it has a document.
	ctx, op := context.Background(), operator.Operator{Store: memstore.New()}
	res, err := op.Init(ctx, operator.InitOptions{Name: "shop, production"})
	if err != nil {
		panic(err)
	}
	fmt.Println("revision", res.After.Revision, "with", len(res.After.Periods), "periods")

	_, err = op.Init(ctx, operator.InitOptions{})
	fmt.Println(errors.Is(err, operator.ErrInitialized))
	// Output:
	// revision 1 with 0 periods
	// true
}

func ExampleOperator_Reconcile() {
	// This store stands for one that was restored from a backup.
	ctx, op := context.Background(), operator.Operator{Store: memstore.New()}
	if _, err := op.Init(ctx, operator.InitOptions{}); err != nil {
		panic(err)
	}
	// Gates report that they have seen revision 41. They adopt a reconciled one above it.
	res, err := op.Reconcile(ctx, operator.ReconcileOptions{Above: 41})
	if err != nil {
		panic(err)
	}
	fmt.Println("revision", res.Before.Revision, "to", res.After.Revision)
	// Output: revision 1 to 42
}

func ExampleOperator_Log() {
	ctx, st := context.Background(), memstore.New()
	ann := operator.Operator{Store: st, Actor: "ann", Origin: "command on web-1"}
	bob := operator.Operator{Store: st, Actor: "bob", Origin: "page from 192.0.2.7"}
	_, err := ann.Start(ctx, operator.StartOptions{Reason: new("Moving to the new database.")})
	if err == nil {
		_, err = bob.End(ctx, operator.EndOptions{Holder: "ann"})
	}
	if err != nil {
		panic(err)
	}
	entries, err := ann.Log(ctx, 10) // the newest first
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

func ExampleOperator_Fleet() {
	ctx, st := context.Background(), memstore.New()
	op := operator.Operator{Store: st, Actor: "ann"}
	res, err := op.Start(ctx, operator.StartOptions{})
	if err != nil {
		panic(err)
	}
	// Each gate reports itself like this.
	for host, drained := range map[string][]string{"web1": {res.Period.ID}, "web2": nil} {
		row := period.Row{
			ID: host, Host: host, State: period.Closed, Drained: drained,
			StoreID: res.After.StoreID, Revision: res.After.Revision, WriteID: res.After.WriteID,
		}
		b, err := row.Encode()
		if err == nil {
			_, _, err = st.PutRow(ctx, host, b, time.Minute)
		}
		if err != nil {
			panic(err)
		}
	}
	fleet, err := op.Fleet(ctx)
	if err != nil {
		panic(err)
	}
	for _, i := range fleet.Instances {
		fmt.Println(i.Host, i.Life, "refuses:", i.Refuses(), "drained:", fleet.IsDrained(i))
	}
	// Output:
	// web1 live refuses: true drained: true
	// web2 live refuses: true drained: false
}

func ExampleExplain() {
	op := operator.Operator{Store: memstore.New(), Actor: "ann"}
	_, err := op.End(context.Background(), operator.EndOptions{All: true})
	fault := operator.Explain(err)
	fmt.Println(fault.Code, "-", fault.Text)
	// Output: nothing-to-end - Nothing was changed: no such period is in force.
}
