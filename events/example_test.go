package events_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/go-downtime/downtime/events"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/store/memstore"
)

// A service sends each event to a receiver, until it is told to stop.
func ExampleFollower() { //nolint:testableexamples // it runs until a signal
	hook, err := events.NewWebhook("https://ops.example.com/downtime", os.Getenv("DOWNTIME_WEBHOOK_SECRET"), nil)
	if err != nil {
		fmt.Println(err) // secret: want 1 to 8 secrets, …
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	f := events.Follower{
		Operator: operator.Operator{Store: memstore.New()}, // in practice the store of the application
		Name:     "ops",
		Deliver:  hook.Deliver,
		Report:   func(r events.Report) { fmt.Println(r) },
	}
	if err := f.Run(ctx); !errors.Is(err, context.Canceled) {
		fmt.Println(err)
	}
}

// A program prints what the log of a store knows.
func ExampleNext() {
	ctx, op := context.Background(), operator.Operator{Store: memstore.New(), Actor: "ann"}
	_, _ = op.Start(ctx, operator.StartOptions{Holder: "ann", Reason: new("Moving the database")})
	_, _ = op.End(ctx, operator.EndOptions{Holder: "ann"})

	seen, err := events.Observe(ctx, op)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, e := range events.Next(events.Oldest(seen), seen, 0).Events {
		fmt.Println(e.Event, "–", e.Text)
	}
	// Output:
	// started – Downtime has begun: Moving the database. Its end is not known.
	// ended – Downtime has ended: Moving the database. The site is up.
}

func ExampleNewWebhook() {
	_, err := events.NewWebhook("http://ops.example.com/downtime", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", nil)
	fmt.Println(err)
	// Output: webhook: want https:, or http: with a loopback address: http://ops.example.com
}
