// Command queue is a worker of the queue asynq, on Redis, with a downtime: go run ./examples/workers/queue
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/store/redisstore"
)

const welcome = `A worker sends a mail each second; each takes three seconds.

    go run ./cmd/downtime run --store 'redis://%[1]s?app=work' -- sleep 10

waits for the mails that are being sent. The others stay in the queue until it has ended.

`

func main() {
	addr := flag.String("redis", "127.0.0.1:6379", "address of the Redis with queue and downtime")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	client := redis.NewClient(&redis.Options{Addr: *addr, ContextTimeoutEnabled: true})
	if err := run(ctx, client, *addr); err != nil {
		log.Fatal(errors.Join(err, client.Close()))
	}
}

// run works until ctx ends.
func run(ctx context.Context, client *redis.Client, addr string) error {
	st, err := redisstore.New(client, redisstore.Options{App: "work"})
	if err != nil {
		return err
	}
	defer func() { _ = st.Close() }() // the gate's row has left it
	// Once for each store. Yours is set up by "downtime init".
	if _, err := (operator.Operator{Store: st}).Init(ctx, operator.InitOptions{}); err != nil && !errors.Is(err, operator.ErrInitialized) {
		return err
	}
	gate, err := core.New(core.Config{Store: st})
	if err != nil {
		return err
	}
	send := func(_ context.Context, mail string) error {
		<-time.After(3 * time.Second)
		fmt.Println("sent:", mail)
		return nil
	}
	server, handler := worker(client, gate, send)
	if err := server.Start(handler); err != nil {
		return err
	}
	fmt.Printf(welcome, addr)
	queue := asynq.NewClientFromRedisClient(client)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for n := 1; ctx.Err() == nil; n++ {
		if _, err := queue.EnqueueContext(ctx, asynq.NewTask("mail", fmt.Appendf(nil, "mail %d", n))); err != nil {
			log.Print(err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
	server.Shutdown() // waits for running jobs
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return gate.Shutdown(ctx) // its row leaves the store
}

// errDown leaves a job in the queue. It is no failure of the job.
var errDown = errors.New("down for maintenance")

// worker makes the server of the queue, and the handler of its jobs.
func worker(client *redis.Client, gate *core.Gate, send func(ctx context.Context, mail string) error) (*asynq.Server, asynq.Handler) {
	server := asynq.NewServerFromRedisClient(client, asynq.Config{
		Concurrency: 4, LogLevel: asynq.WarnLevel, DelayedTaskCheckInterval: time.Second,
		IsFailure: func(err error) bool { return !errors.Is(err, errDown) }, // else it would use up the retries
		RetryDelayFunc: func(n int, err error, job *asynq.Task) time.Duration {
			if errors.Is(err, errDown) {
				return time.Second + rand.N(time.Second) //nolint:gosec // it spreads load, and is no secret
			}
			return asynq.DefaultRetryDelayFunc(n, err, job)
		},
	})
	mux := asynq.NewServeMux()
	mux.Use(counted(gate))
	mux.HandleFunc("mail", func(ctx context.Context, job *asynq.Task) error { return send(ctx, string(job.Payload())) })
	return server, mux
}

// counted counts each job as a request: a drain waits for it, and a closed gate lets none begin.
func counted(gate *core.Gate) asynq.MiddlewareFunc {
	return func(next asynq.Handler) asynq.Handler {
		return asynq.HandlerFunc(func(ctx context.Context, job *asynq.Task) error {
			ticket, open := gate.Enter(nil)
			if !open {
				return errDown
			}
			defer ticket.Leave()
			return next.ProcessTask(ctx, job)
		})
	}
}
