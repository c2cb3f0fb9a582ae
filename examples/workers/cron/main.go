// Command cron runs jobs by the clock, with a downtime: go run ./examples/workers/cron
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/store/filestore"
)

const welcome = `An export of ten rows begins every 15 seconds, and takes ten seconds.

    go run ./cmd/downtime run --store file:%[1]s -- sleep 20

stops it early. It begins no export until the command has ended, and the next export goes on with the
row at which the last one stopped.

`

func main() {
	file := flag.String("store", "downtime.json", "file that holds the downtime")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *file); err != nil {
		log.Fatal(err)
	}
}

// run runs the jobs until ctx ends.
func run(ctx context.Context, file string) error {
	st, err := filestore.New(file)
	if err != nil {
		return err
	}
	gate, err := core.New(core.Config{Store: st})
	if err != nil {
		return err
	}
	jobs := &export{gate: gate, rows: 10, row: func(n int) {
		<-time.After(time.Second)
		fmt.Println("exported row", n)
	}}
	c := cron.New()
	if _, err := c.AddFunc("@every 15s", jobs.run); err != nil {
		return err
	}
	c.Start()
	fmt.Printf(welcome, file)
	<-ctx.Done()
	c.Stop()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	return gate.Shutdown(ctx) // stops the export early, and waits until it has stopped
}

// export is a long job that can stop early.
type export struct {
	gate *core.Gate
	rows int
	row  func(n int)

	mu   sync.Mutex // held by the run that exports
	next int
}

// run begins an export, unless the site is down. A drain waits until it has stopped.
func (e *export) run() {
	if !e.gate.Go(context.Background(), e.all) {
		log.Print("no export: down for maintenance")
	}
}

func (e *export) all(ctx context.Context) {
	if !e.mu.TryLock() {
		return // the last run still exports
	}
	defer e.mu.Unlock()
	ctx, cancel := e.gate.UntilClosing(ctx)
	defer cancel()
	for ; e.next < e.rows; e.next++ {
		if ctx.Err() != nil {
			if errors.Is(context.Cause(ctx), core.ErrClosing) {
				log.Printf("the export stops before row %d: %v", e.next, context.Cause(ctx))
			}
			return
		}
		e.row(e.next)
	}
	e.next = 0
}
