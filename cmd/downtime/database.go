//go:build !fileonly

package main

import (
	"database/sql"
	"errors"

	"github.com/go-downtime/downtime/store/sqlstore"
)

// sqlFields are our parameters by the names of sqlstore's options.
var sqlFields = map[string]string{"App": "app", "Schema": "schema", "Prefix": "prefix"}

// database is a store in a database that it closes.
type database struct {
	*sqlstore.Store

	db *sql.DB
}

// newDatabase closes db after an error.
func newDatabase(db *sql.DB, kind sqlstore.Dialect, o sqlstore.Options) (database, error) {
	st, err := sqlstore.New(db, kind, o)
	if err != nil {
		return database{}, errors.Join(refused(err, sqlFields), db.Close())
	}
	return database{Store: st, db: db}, nil
}

// Close closes the database.
func (d database) Close() error { return d.db.Close() }

// options are our parameters for a store with this name.
func (l location) options(name string) sqlstore.Options {
	return sqlstore.Options{App: l.ours["app"], Schema: l.ours["schema"], Prefix: l.ours["prefix"], Name: name}
}
