package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/stores/sqlstore"
)

const sqliteForm = "sqlite:PATH?app=NAME[&prefix=PREFIX]"

// sqlFields are our parameters by the names of sqlstore's options.
var sqlFields = map[string]string{"App": "app", "Schema": "schema", "Prefix": "prefix"}

// database is a store in a database that it closes.
type database struct {
	*sqlstore.Store

	db *sql.DB
}

// Close closes the database.
func (d database) Close() error { return d.db.Close() }

// sqlite is a database that is a file.
type sqlite struct {
	database

	path    string
	options sqlstore.Options
}

// openSQLite opens sqlite:PATH?app=NAME. PATH is taken as it is: nothing in it is decoded.
func openSQLite(_ context.Context, text string) (core.Store, error) {
	path := strings.TrimPrefix(text, "sqlite:")
	query := ""
	if at := strings.LastIndexByte(path, '?'); at >= 0 {
		path, query = path[:at], path[at+1:]
	}
	if rest, ok := strings.CutPrefix(path, "//"); ok {
		if !strings.HasPrefix(rest, "/") {
			return nil, fault("names a host; want " + sqliteForm)
		}
		path = rest
	}
	if path == "" {
		return nil, fault("names no file; want " + sqliteForm)
	}
	l := location{form: sqliteForm, ours: map[string]string{}}
	rest, err := l.take(query, []string{"app", "prefix"})
	if err != nil {
		return nil, err
	}
	if rest != "" {
		return nil, fault("unknown parameter " + rest + "; want " + sqliteForm)
	}
	s := sqlite{path: path, options: sqlstore.Options{App: l.ours["app"], Prefix: l.ours["prefix"], Name: "sqlite:" + path}}
	// A typing error in the path must not make a database.
	s.database, err = s.connect("rw")
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (s sqlite) connect(mode string) (database, error) {
	// How the database keeps its journal is the application's affair.
	dsn := "file:" + (&url.URL{Path: s.path}).EscapedPath() + "?mode=" + mode + "&_pragma=busy_timeout(5000)"
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return database{}, err
	}
	st, err := sqlstore.New(db, sqlstore.SQLite, s.options)
	if err != nil {
		return database{}, errors.Join(refused(err, sqlFields), db.Close())
	}
	return database{Store: st, db: db}, nil
}

// Migrate makes the database, if there is none, and its tables.
func (s sqlite) Migrate(ctx context.Context) error {
	creating, err := s.connect("rwc")
	if err != nil {
		return err
	}
	return errors.Join(creating.Migrate(ctx), creating.Close())
}

// missing reports whether there is no database: the driver only says that it cannot open
// it.
func (s sqlite) missing() bool {
	_, err := os.Stat(s.path)
	return errors.Is(err, fs.ErrNotExist)
}

// Load returns [core.ErrLost] where there is no database.
func (s sqlite) Load(ctx context.Context, have core.Mark) (core.State, error) {
	if s.missing() {
		return core.State{Time: time.Now()}, fmt.Errorf("%s: %w: there is no such file; downtime init makes one", s, core.ErrLost)
	}
	return s.database.Load(ctx, have)
}

// Instances returns none where there is no database.
func (s sqlite) Instances(ctx context.Context) (core.State, []core.Instance, error) {
	if s.missing() {
		return core.State{Time: time.Now()}, []core.Instance{}, nil
	}
	return s.database.Instances(ctx)
}
