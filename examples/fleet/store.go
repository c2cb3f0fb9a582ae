package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/redis/go-redis/v9"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/stores/filestore"
	"github.com/go-downtime/downtime/stores/pgstore"
	"github.com/go-downtime/downtime/stores/redisstore"
	"github.com/go-downtime/downtime/stores/sqlstore"
)

// openStore opens what the command's --store names, for one instance. An application knows
// its own database, and needs one of these cases.
func openStore(store string) (core.Store, func() error, error) {
	scheme, rest, _ := strings.Cut(store, ":")
	switch scheme {
	case "file":
		st, err := filestore.New(rest)
		return st, func() error { return nil }, err
	case "sqlite":
		path, query, _ := strings.Cut(rest, "?")
		values, err := url.ParseQuery(query)
		if err != nil {
			return nil, nil, err
		}
		return openSQLite(path, values.Get("app"))
	}
	u, err := url.Parse(store)
	if err != nil {
		return nil, nil, errors.New("the store is not a URL") // which may hold a password
	}
	values := u.Query()
	app := values.Get("app")
	values.Del("app")
	u.RawQuery = values.Encode()
	switch scheme {
	case "postgres", "postgresql":
		st, err := pgstore.Open(u.String(), pgstore.Options{App: app})
		if err != nil {
			return nil, nil, err
		}
		return st, st.Close, nil
	case "redis", "rediss":
		return openRedis(u.String(), app)
	}
	return nil, nil, fmt.Errorf("store %q: want sqlite:PATH?app=NAME, file:PATH, postgres://… or redis://…", scheme)
}

func openSQLite(path, app string) (core.Store, func() error, error) {
	// Instances and commands wait for each other's writes, and with a write-ahead log not
	// for each other's reads.
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)")
	if err != nil {
		return nil, nil, err
	}
	st, err := sqlstore.New(db, sqlstore.SQLite, sqlstore.Options{App: app, Name: "sqlite:" + path})
	if err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	return st, db.Close, nil
}

func openRedis(server, app string) (core.Store, func() error, error) {
	o, err := redis.ParseURL(server)
	if err != nil {
		return nil, nil, errors.New("the store is not a URL that the client understands")
	}
	o.ContextTimeoutEnabled = true
	client := redis.NewClient(o)
	st, err := redisstore.New(client, redisstore.Options{App: app})
	if err != nil {
		return nil, nil, errors.Join(err, client.Close())
	}
	return st, func() error { return errors.Join(st.Close(), client.Close()) }, nil
}

// begin is what `downtime init` does, for the database that is this example's own. A
// database of yours is initialised once, by you: a store that is empty later was lost.
func begin(ctx context.Context, store string) error {
	st, closeStore, err := openStore(store)
	if err != nil {
		return err
	}
	if s, ok := st.(*sqlstore.Store); ok {
		err = s.Migrate(ctx)
	}
	if err == nil {
		_, err = core.Init(ctx, st, core.InitOptions{})
	}
	return errors.Join(err, closeStore())
}
