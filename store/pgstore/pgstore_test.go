package pgstore_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/internal/testservers"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/pgstore"
	"github.com/go-downtime/downtime/store/storetest"
)

func TestStore(t *testing.T) {
	t.Parallel()
	pg := testservers.Postgres(t)
	bouncer := testservers.PgBouncer(t, pg)
	url := withPassword(pg.Database(t))
	pooled := withPassword(bouncer.URL(databaseOf(url)))
	onPool := func(mode pgx.QueryExecMode) func(t *testing.T, o pgstore.Options) *pgstore.Store {
		return func(t *testing.T, o pgstore.Options) *pgstore.Store {
			t.Helper()
			cfg, err := pgxpool.ParseConfig(url)
			require.NoError(t, err)
			cfg.ConnConfig.DefaultQueryExecMode = mode
			pool, err := pgxpool.NewWithConfig(t.Context(), cfg)
			require.NoError(t, err)
			t.Cleanup(pool.Close)
			st, err := pgstore.New(pool, o)
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, st.Close()) })
			st.Quicken()
			return st
		}
	}
	p := newProxy(t, pg.Addr)
	for name, w := range map[string]way{
		"a pool of its own": {
			open: func(t *testing.T, o pgstore.Options) *pgstore.Store { return open(t, by(url, p.addr()), o) },
			readOnly: func(t *testing.T, o pgstore.Options) *pgstore.Store {
				return open(t, url+"&default_transaction_read_only=on", o)
			},
			proxy: p,
		},
		"PgBouncer in transaction mode": {
			open: func(t *testing.T, o pgstore.Options) *pgstore.Store { return open(t, pooled, o) },
			deaf: true,
		},
		"PgBouncer, and a listening connection past it": {open: func(t *testing.T, o pgstore.Options) *pgstore.Store {
			o.ListenURL = url
			return open(t, pooled, o)
		}},
		"a pool that caches statements": {open: onPool(pgx.QueryExecModeCacheStatement)},
		"a pool in simple protocol":     {open: onPool(pgx.QueryExecModeSimpleProtocol)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conforms(t, pg, url, w)
		})
	}
}

// way is one way to the database.
type way struct {
	open     func(t *testing.T, o pgstore.Options) *pgstore.Store
	readOnly func(t *testing.T, o pgstore.Options) *pgstore.Store // nil if the way has no such setting
	proxy    *proxy                                               // of this way only; may be nil
	deaf     bool                                                 // notifications do not arrive
}

func conforms(t *testing.T, pg *testservers.PostgresServer, url string, w way) {
	t.Helper()
	where := map[store.Store]pgstore.Options{}
	handle := func(t *testing.T, open func(*testing.T, pgstore.Options) *pgstore.Store, o pgstore.Options) store.Store {
		t.Helper()
		pgs := open(t, o)
		st := store.Store(pgs)
		if w.deaf {
			st = struct { // no store.Hinter
				store.Store
				store.Rows
				store.Preparer
			}{pgs, pgs, pgs}
		}
		where[st] = o
		return st
	}
	exec := func(t *testing.T, st store.Store, statement string) {
		t.Helper()
		pg.Exec(t, url, strings.NewReplacer("{", `"`+where[st].Prefix, "}", `"`).Replace(statement))
	}
	o := storetest.Options{
		Second: func(t *testing.T, first store.Store) store.Store {
			t.Helper()
			return handle(t, w.open, where[first])
		},
		Secrets: []string{secret},
		Lose:    func(t *testing.T, st store.Store) { t.Helper(); exec(t, st, "DELETE FROM {state}") },
		Tamper: func(t *testing.T, st store.Store) {
			t.Helper()
			exec(t, st, "UPDATE {state} SET document = 'changed by hand'")
		},
		LoseRows: func(t *testing.T, st store.Store) { t.Helper(); exec(t, st, "TRUNCATE {rows}") },
		BreakRow: func(t *testing.T, st store.Store, key string) {
			t.Helper()
			exec(t, st, "UPDATE {rows} SET body = NULL WHERE row_key = '"+key+"'")
		},
		Age: func(t *testing.T, st store.Store, by time.Duration) {
			t.Helper()
			n := strconv.FormatInt(by.Microseconds(), 10)
			exec(t, st, "UPDATE {rows} SET seen = seen - "+n+", lease = lease - "+n+", deleted = deleted - "+n)
		},
	}
	if w.readOnly != nil {
		o.ReadOnly = func(t *testing.T, first store.Store) store.Store {
			t.Helper()
			return handle(t, w.readOnly, where[first])
		}
	}
	if w.proxy != nil {
		o.Freeze = func(*testing.T, store.Store) (thaw func()) {
			w.proxy.set(deaf)
			return func() { w.proxy.set(fine) }
		}
	}
	storetest.Run(t, func(t *testing.T) store.Store {
		t.Helper()
		st := handle(t, w.open, pgstore.Options{App: "shop", Prefix: "t" + rand.Text()[:12] + "_"})
		require.NoError(t, st.(store.Preparer).Prepare(t.Context()))
		return st
	}, o)
}

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	const url = "postgres://ann:" + secret + "@127.0.0.1:1/shop"
	for name, c := range map[string]struct {
		url   string
		o     pgstore.Options
		field string
	}{
		"no application":            {url, pgstore.Options{}, "App"},
		"a statement as a schema":   {url, pgstore.Options{App: "a", Schema: `x"; DROP TABLE y; --`}, "Schema"},
		"a port that is none":       {"postgres://ann:" + secret + "@db:nope/shop", pgstore.Options{App: "a"}, "url"},
		"a setting that is none":    {url + "?sslmode=maybe", pgstore.Options{App: "a"}, "url"},
		"a place to listen is none": {url, pgstore.Options{App: "a", ListenURL: "postgres://ann:" + secret + "@db:1/x?sslmode=maybe"}, "ListenURL"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := pgstore.Open(c.url, c.o)
			fault, ok := errors.AsType[*store.FieldError](err)
			require.True(t, ok, "%v", err)
			require.Equal(t, c.field, fault.Field)
			require.NotContains(t, err.Error(), secret)
		})
	}
	_, err := pgstore.New(nil, pgstore.Options{App: "a"})
	require.ErrorContains(t, err, "pool: is nil")
}

func TestItStartsWhileTheDatabaseCannotBeReached(t *testing.T) {
	t.Parallel()
	pg := testservers.Postgres(t)
	url := pg.Database(t)
	prepared(t, url, pgstore.Options{})
	pg.Stop(t)

	st := open(t, url, pgstore.Options{})
	f := follow(t, st)
	_, err := st.Get(t.Context(), "")
	require.Error(t, err)
	require.NotErrorIs(t, err, store.ErrLost)
	require.Equal(t, time.Second, st.Info().Poll)

	pg.Start(t)
	f.healthy(t)
	f.reads(t, store.TokenOf([]byte(first)))
	require.Equal(t, 15*time.Second, st.Info().Poll)
}

func TestCloseIsFinal(t *testing.T) {
	t.Parallel()
	st := open(t, "postgres://ann@127.0.0.1:1/shop?sslmode=disable", pgstore.Options{})
	cancel := st.Subscribe(func() {})
	require.NoError(t, st.Close())
	require.NoError(t, st.Close())
	cancel()
	defer st.Subscribe(func() {})()
	healthy, note := st.Hints()
	require.False(t, healthy)
	require.Equal(t, "closed", note)
	_, err := st.Get(t.Context(), "")
	require.Error(t, err)
}

func ExampleOpen() {
	st, err := pgstore.Open("postgres://app@db.example:5432/shop", pgstore.Options{App: "shop", Schema: "ops"})
	if err != nil {
		panic(err)
	}
	defer func() { _ = st.Close() }()
	fmt.Println(st)
	// Output: postgres://db.example/shop#shop
}

func ExampleNew() {
	cfg, err := pgxpool.ParseConfig("postgres://app@db.example:5432/shop")
	if err != nil {
		panic(err)
	}
	pool, err := pgxpool.NewWithConfig(context.Background(), cfg) // usually the application's own
	if err != nil {
		panic(err)
	}
	defer pool.Close()
	st, err := pgstore.New(pool, pgstore.Options{App: "shop"})
	if err != nil {
		panic(err)
	}
	defer func() { _ = st.Close() }()
	fmt.Println(st)
	// Output: postgres://db.example/shop#shop
}

// cutter is a connection that cuts the answer to the first statement that contains text.
type cutter struct {
	net.Conn

	p    *proxy
	text string
	once *sync.Once
}

func (c *cutter) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte(c.text)) {
		c.once.Do(func() { c.p.set(cutting) })
	}
	return c.Conn.Write(b)
}

func (c *cutter) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if err != nil {
		c.p.set(fine)
	}
	return n, err
}

// The second attempt of PutRow finds the row that the first one inserted. The document may
// have changed before this row was visible.
func TestANewRowGetsTheTokenAlsoFromASecondAttempt(t *testing.T) {
	t.Parallel()
	pg := testservers.Postgres(t)
	url := pg.Database(t)
	prepared(t, url, pgstore.Options{})
	p := newProxy(t, pg.Addr)
	cfg, err := pgxpool.ParseConfig(by(url, p.addr()))
	require.NoError(t, err)
	dial, once := cfg.ConnConfig.DialFunc, &sync.Once{}
	cfg.ConnConfig.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		return &cutter{conn, p, "s.token, r.deleted", once}, err
	}
	pool, err := pgxpool.NewWithConfig(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	st, err := pgstore.New(pool, pgstore.Options{App: "shop"})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })

	token, _, err := st.PutRow(t.Context(), "a", []byte("row"), time.Minute)
	require.NoError(t, err)
	require.Equal(t, store.TokenOf([]byte(first)), token)
	require.Equal(t, 1, p.cutAnswers())
}
