package main

import (
	"context"
	"errors"
	"os"

	"github.com/jackc/pgx/v5"
)

var errNothingPending = errors.New("nothing to migrate")

// pending returns errNothingPending if the database needs no migration.
func pending(ctx context.Context) error {
	return withDatabase(ctx, func(db *pgx.Conn) error {
		var done bool
		err := db.QueryRow(ctx, "SELECT to_regclass('orders') IS NOT NULL").Scan(&done)
		if err == nil && done {
			err = errNothingPending
		}
		return err
	})
}

// migrate makes the tables of this version.
func migrate(ctx context.Context) error {
	return withDatabase(ctx, func(db *pgx.Conn) error {
		_, err := db.Exec(ctx, "CREATE TABLE orders (item text NOT NULL)")
		return err
	})
}

func withDatabase(ctx context.Context, do func(db *pgx.Conn) error) error {
	db, err := pgx.Connect(ctx, os.Getenv("DATABASE_URL"))
	if err != nil {
		return err
	}
	return errors.Join(do(db), db.Close(ctx))
}
