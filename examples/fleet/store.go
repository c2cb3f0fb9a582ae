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

	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/filestore"
	"github.com/go-downtime/downtime/store/pgstore"
	"github.com/go-downtime/downtime/store/redisstore"
	"github.com/go-downtime/downtime/store/sqlstore"
)

// openStore opens the store of a URL, in the form of the command's --store. An application
// knows its own database, so it needs one of these cases only.
func openStore(storeURL string) (store.Store, func() error, error) {
	scheme, rest, _ := strings.Cut(storeURL, ":")
	switch scheme {
	case "file":
		var opts []filestore.Option
		path, mustExist := strings.CutSuffix(rest, "?must_exist=true")
		if mustExist { // an empty directory, such as a volume that is not mounted, must not mean "up"
			opts = append(opts, filestore.MustExist())
		}
		st, err := filestore.New(path, opts...)
		return st, func() error { return nil }, err
	case "sqlite":
		path, query, _ := strings.Cut(rest, "?")
		values, err := url.ParseQuery(query)
		if err != nil {
			return nil, nil, err
		}
		return openSQLite(path, values.Get("app"))
	}
	u, err := url.Parse(storeURL)
	if err != nil {
		return nil, nil, errors.New("the store is not a URL") // it can hold a password
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

func openSQLite(path, app string) (store.Store, func() error, error) {
	// Writers wait for each other. With a write-ahead log readers do not wait.
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

func openRedis(server, app string) (store.Store, func() error, error) {
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

// begin does the same as `downtime init`, on the example's own database. An application must
// not do this at each start: a database that is empty later has lost its document.
func begin(ctx context.Context, storeURL string) error {
	st, closeStore, err := openStore(storeURL)
	if err != nil {
		return err
	}
	if p, ok := st.(store.Preparer); ok {
		err = p.Prepare(ctx)
	}
	if err == nil {
		_, err = operator.Operator{Store: st, Origin: "examples/fleet"}.Init(ctx, operator.InitOptions{})
	}
	return errors.Join(err, closeStore())
}
