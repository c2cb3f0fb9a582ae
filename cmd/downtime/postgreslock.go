//go:build !fileonly

package main

import (
	"cmp"
	"context"
	"errors"

	"github.com/go-downtime/downtime/cli"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/pgstore"
)

const lockForm = "postgres://[USER@]HOST[:PORT]/DATABASE[?app=NAME]"

// openLock opens a lock of writers in a database of PostgreSQL. The URL may be that of a store: its
// application is the name of the lock.
func openLock(ctx context.Context, text, name string) (cli.Lock, error) {
	l, err := parseDatabase(text, lockForm, "schema", "prefix")
	if err != nil {
		return nil, err
	}
	name = cmp.Or(name, l.ours["app"])
	if name == "" {
		return nil, fault("which lock? Give --pg-lock-name; the URL has no app")
	}
	if _, given := l.User.Password(); !given && !l.Query().Has("password") && l.password() != "" {
		query := l.Query()
		query.Set("password", l.password())
		l.RawQuery = query.Encode()
	}
	lock, err := pgstore.NewLock(name).Connect(ctx, l.String())
	if wrong, ok := errors.AsType[*store.FieldError](err); ok {
		return nil, fault(wrong.Problem + "; want " + lockForm)
	}
	if err != nil {
		return nil, err
	}
	return lock, nil
}
