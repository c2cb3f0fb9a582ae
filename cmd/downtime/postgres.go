//go:build !fileonly

package main

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/sqlstore"
)

const postgresForm = "postgres://[USER@]HOST[:PORT]/DATABASE?app=NAME[&schema=SCHEMA][&prefix=PREFIX]"

// openPostgres opens a database of PostgreSQL. Other parameters than ours go to the driver,
// for example sslmode=verify-full. The command needs no connection that listens; its writes
// notify the gates that have one.
func openPostgres(_ context.Context, text string) (store.Store, error) {
	l, err := parseLocation(text, postgresForm, "schema", "prefix")
	if err != nil {
		return nil, err
	}
	cfg, err := pgx.ParseConfig(l.String())
	if err != nil {
		return nil, l.blame(func(query string) error { _, err := pgx.ParseConfig(l.with(query)); return err })
	}
	if _, given := l.User.Password(); !given && !l.Query().Has("password") && l.password() != "" {
		cfg.Password = l.password() // before PGPASSWORD and the password file
	}
	cfg.DefaultQueryExecMode = pgx.QueryExecModeExec // a pooler may give each statement another session
	if cfg.RuntimeParams["application_name"] == "" {
		cfg.RuntimeParams["application_name"] = "downtime"
	}
	return newDatabase(stdlib.OpenDB(*cfg), sqlstore.PostgreSQL, l.options("postgres://"+cfg.Host+"/"+cfg.Database))
}
