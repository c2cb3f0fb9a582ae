package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/sqlstore"
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
func openSQLite(_ context.Context, text string) (store.Store, error) {
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
	if len(rest) > 0 {
		return nil, fault("unknown parameter " + slices.Min(slices.Collect(maps.Keys(rest))) + "; want " + sqliteForm)
	}
	s := sqlite{path: path, options: sqlstore.Options{App: l.ours["app"], Prefix: l.ours["prefix"], Name: "sqlite:" + path}}
	// A typing error in the path must not create a database.
	s.database, err = s.connect("rw")
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (s sqlite) connect(mode string) (database, error) {
	// The application chooses the mode of the journal.
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

// Prepare creates the database, if there is none, and its tables.
func (s sqlite) Prepare(ctx context.Context) error {
	creating, err := s.connect("rwc")
	if err != nil {
		return err
	}
	return errors.Join(creating.Prepare(ctx), creating.Close())
}

// missing returns [store.ErrLost] if there is no database. The driver only says that it
// cannot open the file.
func (s sqlite) missing() error {
	if _, err := os.Stat(s.path); !errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return fmt.Errorf("%s: %w: there is no such file; `downtime init` creates it", s, store.ErrLost)
}

// Get returns [store.ErrLost] if there is no database.
func (s sqlite) Get(ctx context.Context, have store.Token) (store.Blob, error) {
	if err := s.missing(); err != nil {
		return store.Blob{Now: time.Now()}, err
	}
	return s.database.Get(ctx, have)
}

// ListRows returns no rows beside [store.ErrLost] if there is no database.
func (s sqlite) ListRows(ctx context.Context, have store.Token) (store.Rowset, error) {
	if err := s.missing(); err != nil {
		return store.Rowset{Blob: store.Blob{Now: time.Now()}}, err
	}
	return s.database.ListRows(ctx, have)
}
