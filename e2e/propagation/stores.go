package main

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/stores/filestore"
	"github.com/go-downtime/downtime/stores/pgstore"
	"github.com/go-downtime/downtime/stores/redisstore"
	"github.com/go-downtime/downtime/stores/sqlstore"
	"github.com/go-downtime/downtime/stores/storetest/servers"
)

// target is one way to share a store.
type target struct {
	name string
	// open opens a handle with connections of its own.
	open func(app string) (handle, error)
	// floor is the raw notification that push is measured against; nil: this is polled.
	floor *floor
	// server can be frozen; nil: there is none.
	server *servers.Server
	// statements counts what the server was sent so far, and connections how many it has
	// now; nil: nobody counts. counting switches that on and off, for handles to come.
	statements, connections func() (int64, error)
	counting                func(on bool)
}

// poolSize is how many connections a handle may have for reads and writes.
const poolSize = 4

// handle is a store, and what closes it with its connections.
type handle struct {
	store core.Store
	close func() error
}

// polled hides that a store can push.
type polled struct {
	core.Store
	core.Fleet
	core.Pacer
}

// postgresTargets have one server, and each a database.
func postgresTargets(t testing.TB) []target {
	pg := servers.Postgres(t, "-c", "max_connections=1500", "-c", "log_line_prefix=%d|")
	pushed := target{name: "PostgreSQL, push", server: pg.Server}
	pushedURL := pg.Database(t)
	pushed.open = func(app string) (handle, error) {
		st, err := pgstore.Open(pushedURL, pgstore.Options{App: app})
		if err != nil {
			return handle{}, err
		}
		return handle{st, st.Close}, nil
	}
	pushed.floor = postgresFloor(pushedURL)

	alone := target{name: "PostgreSQL, poll", server: pg.Server}
	aloneURL := pg.Database(t)
	alone.open = func(app string) (handle, error) {
		cfg, err := pgx.ParseConfig(aloneURL)
		if err != nil {
			return handle{}, err
		}
		return sqlHandle(stdlib.OpenDB(*cfg, neverPing), sqlstore.PostgreSQL, app)
	}
	out := []target{pushed, alone}
	for i, dsn := range []string{pushedURL, aloneURL} {
		database := dsn[strings.LastIndexByte(dsn, '/')+1 : strings.LastIndexByte(dsn, '?')]
		line := regexp.MustCompile(`(?m)^` + database + `\|LOG:  (statement|execute)`)
		out[i].counting = func(on bool) {
			value := map[bool]string{true: "all", false: "none"}[on]
			pg.Exec(t, dsn, "ALTER DATABASE "+database+" SET log_statement = '"+value+"'")
		}
		out[i].statements = func() (int64, error) { return int64(len(line.FindAllString(pg.Log(), -1))), nil }
		out[i].connections = func() (int64, error) {
			return strconv.ParseInt(pg.Exec(t, pg.URL("postgres", "postgres"), "SELECT count(*) FROM pg_stat_activity WHERE datname = '"+database+"'"), 10, 64)
		}
	}
	return out
}

// neverPing spares each read of a connection that was idle for a second another one.
var neverPing = stdlib.OptionShouldPing(func(context.Context, stdlib.ShouldPingParams) bool { return false })

func sqlHandle(db *sql.DB, kind sqlstore.Dialect, app string) (handle, error) {
	db.SetMaxOpenConns(poolSize)
	st, err := sqlstore.New(db, kind, sqlstore.Options{App: app})
	if err != nil {
		return handle{}, errors.Join(err, db.Close())
	}
	return handle{st, db.Close}, nil
}

func mariaTarget(t testing.TB) target {
	my := servers.MariaDB(t, "--max-connections=600")
	dsn := "root@tcp(" + my.Addr + ")/" + my.Database(t) + "?interpolateParams=true"
	status := func(name string) func() (int64, error) {
		return func() (int64, error) {
			_, value, _ := strings.Cut(my.Exec(t, "", "SHOW GLOBAL STATUS LIKE '"+name+"'"), "\t")
			return strconv.ParseInt(value, 10, 64)
		}
	}
	return target{
		name: "MariaDB, poll", server: my.Server,
		open: func(app string) (handle, error) {
			cfg, err := mysql.ParseDSN(dsn)
			if err != nil {
				return handle{}, err
			}
			connector, err := mysql.NewConnector(cfg)
			if err != nil {
				return handle{}, err
			}
			return sqlHandle(sql.OpenDB(connector), sqlstore.MySQL, app)
		},
		counting: func(bool) {}, statements: status("Questions"), connections: status("Threads_connected"),
	}
}

// redisTarget is on a server of its own, so that its statements can be told apart.
func redisTarget(t testing.TB, name string, server *servers.Server, push bool) target {
	logging.Disable() // it writes of each connection that fails: servers are frozen here
	options := redis.Options{Addr: server.Addr, ContextTimeoutEnabled: true, PoolSize: poolSize}
	out := target{name: name, server: server, counting: func(bool) {}}
	if push {
		out.floor = redisFloor(server.Addr)
	}
	out.open = func(app string) (handle, error) {
		o := options
		client := redis.NewClient(&o)
		st, err := redisstore.New(client, redisstore.Options{App: app})
		if err != nil {
			return handle{}, errors.Join(err, client.Close())
		}
		h := handle{st, func() error { return errors.Join(st.Close(), client.Close()) }}
		if !push {
			h.store = polled{st, st, st}
		}
		return h, nil
	}
	admin := redis.NewClient(&options)
	t.Cleanup(func() { _ = admin.Close() }) // the server goes as well
	out.statements = func() (int64, error) {
		info, err := admin.Info(context.Background(), "commandstats").Result()
		var sum int64
		for _, m := range sent.FindAllStringSubmatch(info, -1) {
			n, _ := strconv.ParseInt(m[1], 10, 64) // digits
			sum += n
		}
		return sum, err
	}
	out.connections = func() (int64, error) {
		list, err := admin.ClientList(context.Background()).Result()
		return int64(strings.Count(list, "\n")), err
	}
	return out
}

// sent are the commands that come from outside: those inside of a script count as one, and
// a PING, which neither reads nor writes, as none.
var sent = regexp.MustCompile(`cmdstat_(?:evalsha|eval|hdel):calls=(\d+)`)

func sqliteTarget(t testing.TB) (target, error) {
	dir, err := os.MkdirTemp("", "downtime-propagation-")
	if err != nil {
		return target{}, err
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) }) // temporary
	file := "file:" + (&url.URL{Path: filepath.Join(dir, "shop.db")}).EscapedPath()
	out := target{name: "SQLite, poll", open: func(app string) (handle, error) {
		db, err := sql.Open("sqlite", file+"?_pragma=busy_timeout(5000)")
		if err != nil {
			return handle{}, err
		}
		return sqlHandle(db, sqlstore.SQLite, app)
	}}
	db, err := sql.Open("sqlite", file)
	if err != nil {
		return out, err
	}
	_, err = db.ExecContext(t.Context(), "PRAGMA journal_mode = WAL") // the file remembers it
	return out, errors.Join(err, db.Close())
}

func fileTarget(t testing.TB) (target, error) {
	dir, err := os.MkdirTemp("", "downtime-propagation-")
	if err != nil {
		return target{}, err
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) }) // temporary
	return target{name: "file, poll", open: func(app string) (handle, error) {
		st, err := filestore.New(filepath.Join(dir, app+".json"))
		return handle{st, func() error { return nil }}, err
	}}, nil
}

// targets starts the servers, for as long as t.
func targets(t testing.TB) ([]target, error) {
	lite, err := sqliteTarget(t)
	if err != nil {
		return nil, err
	}
	file, err := fileTarget(t)
	if err != nil {
		return nil, err
	}
	out := append(postgresTargets(t),
		redisTarget(t, "Redis, push", servers.Redis(t), true), redisTarget(t, "Redis, poll", servers.Redis(t), false))
	out = append(out, mariaTarget(t), lite, file)
	for _, target := range out {
		h, err := target.open("any")
		if err != nil {
			return nil, err
		}
		if m, ok := h.store.(interface {
			Migrate(ctx context.Context) error
		}); ok {
			err = m.Migrate(t.Context())
		}
		if err := errors.Join(err, h.close()); err != nil {
			return nil, err
		}
	}
	return out, nil
}
