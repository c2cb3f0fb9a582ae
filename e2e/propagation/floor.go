package main

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"
)

// floor is the cost of a server's own notification and read, without this library.
type floor struct {
	// listen connects a subscriber, which calls heard for each notification until ctx ends.
	listen func(ctx context.Context, heard func()) (stop func(), err error)
	// notifier sends a notification. reader reads the document of app. Each has a
	// connection of its own.
	notifier func(ctx context.Context) (notify func() error, stop func(), err error)
	reader   func(ctx context.Context, app string) (read func() error, stop func(), err error)
}

// measured is the floor for a number of subscribers.
type measured struct {
	notified sample // from the call that notifies until the last subscriber has heard it
	read     sample // of parallel reads, from their common begin until each is done
}

// raw is a floor that is ready to be measured.
type raw struct {
	measured

	subscribers, reads int
	notify             func() error
	readers            []func() error
	heard              chan time.Time
	stops              []func()
}

// begin connects the subscribers, and as many readers as there are connections.
func (f *floor) begin(ctx context.Context, app string, subscribers, reads, connections int) (*raw, error) {
	r := &raw{subscribers: subscribers, reads: reads, heard: make(chan time.Time, subscribers)}
	keep := func(stop func(), err error) error {
		if err == nil {
			r.stops = append(r.stops, stop)
		}
		return err
	}
	var stop func()
	var err error
	for range subscribers {
		stop, err = f.listen(ctx, func() { r.heard <- time.Now() })
		if err := keep(stop, err); err != nil {
			r.stop()
			return nil, err
		}
	}
	for range connections {
		var read func() error
		read, stop, err = f.reader(ctx, app)
		if err := keep(stop, err); err != nil {
			r.stop()
			return nil, err
		}
		r.readers = append(r.readers, read)
	}
	r.notify, stop, err = f.notifier(ctx)
	if err := keep(stop, err); err != nil {
		r.stop()
		return nil, err
	}
	return r, nil
}

func (r *raw) stop() {
	for _, stop := range r.stops {
		stop()
	}
}

// round notifies once, and then reads in parallel.
func (r *raw) round(ctx context.Context) error {
	began := time.Now()
	if err := r.notify(); err != nil {
		return err
	}
	var last time.Time
	for range r.subscribers {
		select {
		case t := <-r.heard:
			if t.After(last) {
				last = t
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	r.notified = append(r.notified, last.Sub(began))
	took, err := parallel(r.readers, r.reads)
	r.read = append(r.read, took...)
	return err
}

// parallel shares the reads among the readers, which work at the same time.
func parallel(readers []func() error, reads int) (sample, error) {
	var mu sync.Mutex
	var took sample
	var failed error
	var group sync.WaitGroup
	began := time.Now()
	for i, read := range readers {
		group.Go(func() {
			for n := i; n < reads; n += len(readers) {
				err := read()
				done := time.Since(began)
				mu.Lock()
				took = append(took, done)
				if err != nil {
					failed = err
				}
				mu.Unlock()
			}
		})
	}
	group.Wait()
	return took, failed
}

func postgresFloor(url string) *floor {
	connect := func(ctx context.Context) (*pgx.Conn, func(), error) {
		conn, err := pgx.Connect(ctx, url)
		if err != nil {
			return nil, nil, err
		}
		return conn, func() { _ = conn.Close(context.WithoutCancel(ctx)) }, nil
	}
	return &floor{
		listen: func(ctx context.Context, heard func()) (func(), error) {
			conn, stop, err := connect(ctx)
			if err != nil {
				return nil, err
			}
			if _, err := conn.Exec(ctx, "LISTEN raw"); err != nil {
				return nil, err
			}
			ctx, cancel := context.WithCancel(ctx)
			var group sync.WaitGroup
			group.Go(func() {
				for {
					if _, err := conn.WaitForNotification(ctx); err != nil {
						return
					}
					heard()
				}
			})
			return func() { cancel(); group.Wait(); stop() }, nil
		},
		notifier: func(ctx context.Context) (func() error, func(), error) {
			conn, stop, err := connect(ctx)
			return func() error {
				_, err := conn.Exec(ctx, "SELECT pg_notify('raw', '')")
				return err
			}, stop, err
		},
		reader: func(ctx context.Context, app string) (func() error, func(), error) {
			conn, stop, err := connect(ctx)
			return func() error {
				var document []byte
				return conn.QueryRow(ctx, "SELECT document FROM downtime_state WHERE app = $1", app).Scan(&document)
			}, stop, err
		},
	}
}

func redisFloor(addr string) *floor {
	connect := func() (*redis.Client, func()) {
		client := redis.NewClient(&redis.Options{Addr: addr, PoolSize: 1})
		return client, func() { _ = client.Close() }
	}
	return &floor{
		listen: func(ctx context.Context, heard func()) (func(), error) {
			client, stop := connect()
			sub := client.Subscribe(ctx, "raw")
			if _, err := sub.Receive(ctx); err != nil {
				return nil, err
			}
			var group sync.WaitGroup
			group.Go(func() {
				for {
					if _, err := sub.ReceiveMessage(ctx); err != nil {
						return
					}
					heard()
				}
			})
			return func() { _ = sub.Close(); group.Wait(); stop() }, nil
		},
		notifier: func(ctx context.Context) (func() error, func(), error) {
			client, stop := connect()
			return func() error { return client.Publish(ctx, "raw", "").Err() }, stop, nil
		},
		reader: func(ctx context.Context, app string) (func() error, func(), error) {
			client, stop := connect()
			return func() error { return client.HGet(ctx, "downtime:{"+app+"}:v1", "document").Err() }, stop, nil
		},
	}
}
