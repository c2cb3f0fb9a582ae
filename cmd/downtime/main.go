// Command downtime takes a site down, brings it back, and shows its state. It opens every
// store of this repository; docs/command.md has their URLs. With the build tag fileonly it opens
// files only, and needs no database driver.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/go-downtime/downtime/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)   // a second Ctrl-C ends the process at once
	signal.Ignore(syscall.SIGPIPE) // an operator must learn that a change was made although its report has no reader
	os.Exit(cli.Main(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, options()...))
}
