//go:build fileonly

package main

import (
	"context"

	"github.com/go-downtime/downtime/cli"
	"github.com/go-downtime/downtime/store"
)

// schemes refuses the stores that this build leaves out. Package cli opens files.
func schemes() []cli.Option {
	var out []cli.Option
	for _, scheme := range []string{"sqlite", "postgres", "postgresql", "mysql", "redis", "rediss"} {
		out = append(out, cli.WithScheme(scheme, "", func(context.Context, string) (store.Store, error) {
			return nil, &store.FieldError{Field: "store", Problem: "this command was built with -tags fileonly, so it opens files only; build it without that tag"}
		}))
	}
	return out
}
