// Package cli is the downtime command as a package. An application can offer the command on
// its own store:
//
//	if len(os.Args) > 1 && os.Args[1] == "downtime" {
//		os.Exit(cli.Main(ctx, os.Args[2:], os.Stdin, os.Stdout, os.Stderr,
//			cli.WithName("myapp downtime"), cli.WithStore(store), cli.WithConfig(cfg)))
//	}
//
// An application that has a cobra command tree adds [Command] to it, and passes the error
// of Execute to [ExitCode].
//
// docs/command.md describes commands, flags, exit codes, the RESULT line and the JSON. They
// are stable.
package cli
