// Command downtime takes a site down, brings it back, and shows its state. It opens every
// store of this repository; docs/command.md has their URLs.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // --tz works where the machine has no zones

	"github.com/go-downtime/downtime/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process at once
	os.Exit(cli.Main(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, schemes()...))
}

// schemes are the stores that --store can name, beside file:PATH.
func schemes() []cli.Option {
	return []cli.Option{
		cli.WithScheme("sqlite", "sqlite:PATH?app=NAME", openSQLite),
		cli.WithScheme("postgres", "postgres://HOST/DATABASE?app=NAME", openPostgres),
		cli.WithScheme("postgresql", "", openPostgres), // the same by its other name
		cli.WithScheme("mysql", "mysql://HOST/DATABASE?app=NAME", openMySQL),
		cli.WithScheme("redis", "redis://HOST?app=NAME", openRedis),
		cli.WithScheme("rediss", "rediss://HOST?app=NAME", openRedis),
	}
}
