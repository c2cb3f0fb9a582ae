// Package cli is the downtime command as a package, so that an application can offer it on
// the store that it has anyway:
//
//	if len(os.Args) > 1 && os.Args[1] == "downtime" {
//		os.Exit(cli.Main(ctx, os.Args[2:], os.Stdin, os.Stdout, os.Stderr,
//			cli.WithName("myapp downtime"), cli.WithStore(store)))
//	}
//
// An application that has a cobra command tree adds [Command] to it, and hands the error
// of Execute to [ExitCode].
//
// Commands, flags, exit codes, the RESULT line and the JSON are described in
// docs/command.md; they are stable.
package cli
