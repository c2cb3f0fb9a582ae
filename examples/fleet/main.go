// Command fleet runs a little shop on three instances that share a store, with a balancer in
// front and simulated visitors: go run ./examples/fleet
//
// Each instance is a process with a gate and its own handle on the store. The program prints
// the visitors' results each second. Ctrl-C stops everything.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == instanceCommand {
		os.Exit(instanceMain(os.Args[2:], os.Stdin, os.Stdout, os.Stderr))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends it at once, and the instances see that
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run returns the exit code: 0 for a clean stop, 1 for a failure, 2 for wrong usage.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("fleet", flag.ContinueOnError)
	flags.SetOutput(stderr)
	addr := flags.String("addr", "127.0.0.1:8080", "address of the balancer")
	store := flags.String("store", "", "URL of the store, after `downtime init`: sqlite:, file:, postgres:// or redis://\n(default: an SQLite database of its own, removed at the end)")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	case flags.NArg() > 0:
		fmt.Fprintf(stderr, "fleet: unexpected argument %q\n", flags.Arg(0))
		return 2
	}
	if err := serve(ctx, *addr, *store, stdout, stderr); err != nil {
		fmt.Fprintln(stderr, "fleet:", err)
		return 1
	}
	return 0
}

func serve(ctx context.Context, addr, store string, stdout, stderr io.Writer) (err error) {
	if store == "" {
		dir, err := os.MkdirTemp("", "downtime-fleet-")
		if err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(dir) }() // it is temporary
		store = "sqlite:" + filepath.Join(dir, "shop.db") + "?app=shop"
		if err := begin(ctx, store); err != nil {
			return err
		}
	}
	instances, err := launch(ctx, store, stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stopAll(instances)) }()
	front, err := listen(ctx, addr, instances)
	if err != nil {
		return err
	}
	welcome(stdout, front.url, store, instances)
	seen := visit(ctx, front.url, stdout) // until ctx ends
	fmt.Fprintf(stdout, "in all:   %v\nstopping: the balancer, then each instance: its server, its gate, its store\n", seen)
	return front.stop()
}

func welcome(w io.Writer, url, store string, instances []*process) {
	names := make([]string, 0, len(instances))
	for _, i := range instances {
		names = append(names, fmt.Sprintf("%s is process %d", i.name, i.cmd.Process.Pid))
	}
	fmt.Fprintf(w, `The shop is on %s. %s.

In a second terminal, here in the repository:

  export DOWNTIME_STORE='%s'
  go run ./cmd/downtime fleet --watch                      # each instance: open, refusing, drained
  go run ./cmd/downtime start --reason 'New shelves'       # waits until all refuse, and all requests have ended
  curl -i %s
  go run ./cmd/downtime end                                # all serve
  kill %d                                               # one stops gracefully: no request fails
  kill -9 %d                                            # one dies: the fleet shows it as silent

Ctrl-C here stops everything. The answers that visitors get, each second:

`, url, strings.Join(names, ", "), store, url, instances[1].cmd.Process.Pid, instances[2].cmd.Process.Pid)
}
