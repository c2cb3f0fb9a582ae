package cli_test

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/go-downtime/downtime/cli"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/memstore"
)

func ExampleWithScheme() {
	open := func(_ context.Context, url string) (store.Store, error) {
		if name := strings.TrimPrefix(url, "memory:"); name != "shop" {
			return nil, &store.FieldError{Field: "store", Value: url, Problem: "want memory:shop"} // wrong usage
		}
		return memstore.New(), nil
	}
	code := cli.Main(context.Background(), []string{"status", "--store", "memory:shop"}, os.Stdin, os.Stdout, os.Stderr,
		cli.WithScheme("memory", "memory:NAME", open))
	fmt.Println("exit code", code)
	// Output:
	// state      UP
	// store      memory, where nothing was ever written
	// fleet      no instance has reported to this store: downtime fleet --store memory:shop
	// exit code 0
}
