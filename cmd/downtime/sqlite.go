//go:build !fileonly

package main

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	modernc "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/go-downtime/downtime/internal/trust"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/sqlstore"
)

const sqliteForm = "sqlite:PATH?app=NAME[&prefix=PREFIX][&trust_writable=true]"

// trustWritable is the parameter that trusts a file that every user can write.
const trustWritable = "trust_writable"

// busyTimeout is how long one statement waits for another writer. SQLite then gives up. Until
// then it does not notice that its context has ended. The command tries again until --timeout.
const busyTimeout = 500 * time.Millisecond

// sqlite is a database that is a file.
type sqlite struct {
	database

	path    string
	rule    trust.Rule
	options sqlstore.Options
}

// openSQLite opens sqlite:PATH?app=NAME. PATH is used as it is, without decoding.
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
	rest, err := l.take(query, []string{"app", "prefix", trustWritable})
	if err == nil {
		err = l.named()
	}
	if err != nil {
		return nil, err
	}
	if len(rest) > 0 {
		return nil, fault("unknown parameter " + slices.Min(slices.Collect(maps.Keys(rest))) + "; want " + sqliteForm)
	}
	s := sqlite{
		path: path, options: l.options("sqlite:" + path),
		rule: trust.Rule{Option: trustWritable + "=true in the URL"},
	}
	if given := l.ours[trustWritable]; given != "" {
		if given != "true" {
			return nil, fault(trustWritable + ": want true; want " + sqliteForm)
		}
		s.rule.Lifted = true
	}
	// A typing error in the path must not create a database.
	s.database, err = s.connect("rw")
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (s sqlite) connect(mode string) (database, error) {
	// The application chooses the mode of the journal.
	dsn := "file:" + (&url.URL{Path: s.path}).EscapedPath() + "?mode=" + mode + "&_pragma=busy_timeout(" + strconv.FormatInt(busyTimeout.Milliseconds(), 10) + ")"
	opened, err := modernc.NewConnector(dsn)
	if err != nil {
		return database{}, err
	}
	return newDatabase(sql.OpenDB(connector{opened, s.believed, s.path}), sqlstore.SQLite, s.options)
}

// connector judges the file before each connection opens it.
type connector struct {
	driver.Connector

	judge func() error
	path  string
}

// Connect opens the database if it is trusted.
func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	if err := c.judge(); err != nil {
		return nil, err
	}
	conn, err := c.Connector.Connect(ctx)
	if failed, ok := errors.AsType[*modernc.Error](err); ok && failed.Code()&0xff == sqlite3.SQLITE_CANTOPEN {
		dir := filepath.Dir(c.path)
		if _, gone := os.Stat(dir); errors.Is(gone, fs.ErrNotExist) {
			return nil, fmt.Errorf("%w: there is no directory %s: create it, or correct the path", err, dir)
		}
		if denied := denied(c.path); denied != nil {
			return nil, denied
		}
		err = fmt.Errorf("%w: this user (number %d) must be able to read and write the file and its directory %s", err, os.Geteuid(), dir)
	}
	return conn, err
}

// believed returns an error if any user of the system can change the content of the database.
// SQLite plays back a journal that any user created beside the database. So a directory in which
// all users can create files is refused, also where the database belongs to root.
func (s sqlite) believed() error {
	path, err := s.rule.Find(s.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if path == "" {
		return nil // the driver says that there is no directory
	}
	dir := filepath.Dir(path)
	in, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if s.rule.Shared(dir, in) {
		return fmt.Errorf("every user of this system can create files in %s (%#o), where SQLite plays back a journal of any user: "+
			"keep the database in a directory in which only its users can write, or set %s", dir, 0o1000|in.Mode().Perm(), s.rule.Option)
	}
	for _, suffix := range besides {
		if file, err := os.Lstat(path + suffix); err == nil {
			if err := s.rule.Entry(path+suffix, in, file); err != nil {
				return err
			}
		}
	}
	return nil
}

// Prepare creates the database, if there is none, and its tables.
func (s sqlite) Prepare(ctx context.Context) error {
	if err := s.create(); err != nil {
		return err
	}
	if err := s.mayWrite(); err != nil {
		return err
	}
	creating, err := s.connect("rwc")
	if err != nil {
		return err
	}
	return errors.Join(patiently(ctx, func() error { return creating.Prepare(ctx) }), creating.Close())
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
	var blob store.Blob
	err := patiently(ctx, func() (err error) {
		blob, err = s.database.Get(ctx, have)
		return err
	})
	return blob, err
}

// ListRows returns no rows beside [store.ErrLost] if there is no database.
func (s sqlite) ListRows(ctx context.Context, have store.Token) (store.Rowset, error) {
	if err := s.missing(); err != nil {
		return store.Rowset{Blob: store.Blob{Now: time.Now()}}, err
	}
	var set store.Rowset
	err := patiently(ctx, func() (err error) {
		set, err = s.database.ListRows(ctx, have)
		return err
	})
	return set, err
}

// Swap waits for other writers until ctx ends.
func (s sqlite) Swap(ctx context.Context, old store.Token, next []byte) error {
	if err := s.mayWrite(); err != nil {
		return store.NotWritten(err)
	}
	err := patiently(ctx, func() error { return s.database.Swap(ctx, old, next) })
	if denied := denied(s.path); denied != nil && errors.Is(err, store.ErrReadOnly) {
		return fmt.Errorf("%s: %w: %w", s, store.ErrReadOnly, denied)
	}
	return err
}

// patiently calls do again while another process has locked the database, until ctx ends.
func patiently(ctx context.Context, do func() error) error {
	for {
		err := do()
		locked, ok := errors.AsType[*modernc.Error](err)
		switch {
		case !ok || locked.Code()&0xff != sqlite3.SQLITE_BUSY:
			return err
		case ctx.Err() != nil:
			return fmt.Errorf("%w: %w", err, ctx.Err())
		}
	}
}
