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

	"github.com/go-downtime/downtime/internal/testservers"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/filestore"
	"github.com/go-downtime/downtime/store/pgstore"
	"github.com/go-downtime/downtime/store/redisstore"
	"github.com/go-downtime/downtime/store/sqlstore"
)

// target is a kind of store, and a way to follow it.
type target struct {
	name string
	// open opens a handle with connections of its own.
	open func(app string) (handle, error)
	// floor is the raw notification with which push is compared. Nil means that the target is
	// polled.
	floor *floor
	// server can be frozen. Nil means that there is none.
	server *testservers.Server
	// statements is the number of statements that the server has received, and connections
	// the number that it has now. Nil means that they are not counted. counting switches the
	// counting on and off, for handles that are opened later.
	statements, connections func() (int64, error)
	counting                func(on bool)
}

// poolSize is how many connections a handle may have for reads and writes.
const poolSize = 4

// handle is a store, and the function that closes it with its connections.
type handle struct {
	store store.Store
	close func() error
}

// polled is a store without its hints.
type polled struct {
	store.Store
	store.Rows
}

// postgresTargets share a server. Each has a database of its own.
func postgresTargets(t testing.TB) []target {
	pg := testservers.Postgres(t, "-c", "max_connections=1500", "-c", "log_line_prefix=%d|")
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
		// pgstore sends the time limit of a statement in the same message.
		limit := regexp.MustCompile(`(?m)^` + database + `\|LOG:  execute [^:]*: SELECT set_config\('lock_timeout'`)
		out[i].statements = func() (int64, error) {
			log := pg.Log()
			return int64(len(line.FindAllString(log, -1)) - len(limit.FindAllString(log, -1))), nil
		}
		out[i].connections = func() (int64, error) {
			return strconv.ParseInt(pg.Exec(t, pg.URL("postgres", "postgres"), "SELECT count(*) FROM pg_stat_activity WHERE datname = '"+database+"'"), 10, 64)
		}
	}
	return out
}

// neverPing saves a ping before each read on a connection that was idle for a second.
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
	my := testservers.MariaDB(t, "--max-connections=600")
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

// redisTarget needs a server of its own, because the server counts statements of all clients.
func redisTarget(t testing.TB, name string, server *testservers.Server, push bool) target {
	logging.Disable() // it logs each connection that fails, and servers are frozen here
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
			h.store = polled{st, st}
		}
		return h, nil
	}
	admin := redis.NewClient(&options)
	t.Cleanup(func() { _ = admin.Close() }) // the server ends as well
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

// sent are the commands of clients. A script counts as one, and a PING, which neither reads
// nor writes, is not counted.
var sent = regexp.MustCompile(`cmdstat_(?:evalsha|eval):calls=(\d+)`)

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

// targets starts the servers. They end with t.
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
		redisTarget(t, "Redis, push", testservers.Redis(t), true), redisTarget(t, "Redis, poll", testservers.Redis(t), false))
	out = append(out, mariaTarget(t), lite, file)
	for _, target := range out {
		h, err := target.open("any")
		if err != nil {
			return nil, err
		}
		if p, ok := h.store.(store.Preparer); ok {
			err = p.Prepare(t.Context())
		}
		if err := errors.Join(err, h.close()); err != nil {
			return nil, err
		}
	}
	return out, nil
}
