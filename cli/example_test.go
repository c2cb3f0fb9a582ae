package cli_test

import (
	"context"
	"fmt"
	"os"

	"github.com/go-downtime/downtime/cli"
	"github.com/go-downtime/downtime/store/memstore"
)

func ExampleMain() {
	st := memstore.New() // the application's own
	code := cli.Main(context.Background(), []string{"status"}, os.Stdin, os.Stdout, os.Stderr,
		cli.WithName("myapp downtime"), cli.WithStore(st))
	fmt.Println("exit code", code)
	// Output:
	// state      UP
	// store      memory, where nothing was ever written
	// fleet      no instance has reported to this store: myapp downtime fleet
	// exit code 0
}

func ExampleCommand() {
	cmd := cli.Command(cli.WithStore(memstore.New())) // or root.AddCommand(cmd)
	cmd.SetOut(os.Stdout)
	cmd.SetArgs([]string{"check", "GET", "/shop", "--at", "2026-03-08T02:30:00Z", "--tz", "UTC"})
	fmt.Println("exit code", cli.ExitCode(cmd.Execute()))
	// Output:
	// request    GET /shop
	// at         2026-03-08 02:30 UTC
	// decision   passes: no period is in force
	// exit code 0
}
