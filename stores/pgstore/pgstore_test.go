package pgstore_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/stores/pgstore"
	"github.com/go-downtime/downtime/stores/storetest"
	"github.com/go-downtime/downtime/stores/storetest/servers"
)

func TestStore(t *testing.T) {
	t.Parallel()
	pg := servers.Postgres(t)
	bouncer := servers.PgBouncer(t, pg)
	url := pg.Database(t)
	pooled := bouncer.URL(databaseOf(url))
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
	for name, open := range map[string]func(t *testing.T, o pgstore.Options) *pgstore.Store{
		"a pool of its own": func(t *testing.T, o pgstore.Options) *pgstore.Store { return open(t, url, o) },
		"PgBouncer in transaction mode": func(t *testing.T, o pgstore.Options) *pgstore.Store {
			return open(t, pooled, o)
		},
		"PgBouncer, and a listening connection past it": func(t *testing.T, o pgstore.Options) *pgstore.Store {
			o.ListenURL = url
			return open(t, pooled, o)
		},
		"a pool that caches statements": onPool(pgx.QueryExecModeCacheStatement),
		"a pool in simple protocol":     onPool(pgx.QueryExecModeSimpleProtocol),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			where := map[core.Store]pgstore.Options{}
			storetest.Run(t, func(t *testing.T) core.Store {
				o := pgstore.Options{App: "shop", Prefix: "t" + rand.Text()[:12] + "_"}
				st := open(t, o)
				require.NoError(t, st.Migrate(t.Context()))
				mu.Lock()
				defer mu.Unlock()
				where[st] = o
				return st
			}, storetest.Options{
				MustBeInitialised: true,
				Second: func(t *testing.T, first core.Store) core.Store {
					mu.Lock()
					defer mu.Unlock()
					return open(t, where[first])
				},
			})
		})
	}
}

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	const url = "postgres://ann:s3cret@127.0.0.1:1/shop"
	for name, c := range map[string]struct {
		url   string
		o     pgstore.Options
		field string
	}{
		"no application":            {url, pgstore.Options{}, "App"},
		"a statement as a schema":   {url, pgstore.Options{App: "a", Schema: `x"; DROP TABLE y; --`}, "Schema"},
		"a port that is none":       {"postgres://ann:s3cret@db:nope/shop", pgstore.Options{App: "a"}, "url"},
		"a setting that is none":    {url + "?sslmode=maybe", pgstore.Options{App: "a"}, "url"},
		"a place to listen is none": {url, pgstore.Options{App: "a", ListenURL: "postgres://ann:s3cret@db:1/x?sslmode=maybe"}, "ListenURL"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := pgstore.Open(c.url, c.o)
			fault, ok := errors.AsType[*core.FieldError](err)
			require.True(t, ok, "%v", err)
			require.Equal(t, c.field, fault.Field)
			require.NotContains(t, err.Error(), "s3cret")
		})
	}
	_, err := pgstore.New(nil, pgstore.Options{App: "a"})
	require.ErrorContains(t, err, "pool: is nil")
}

func TestItStartsWhileTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	pg := servers.Postgres(t)
	url := pg.Database(t)
	initialised(t, url, pgstore.Options{})
	pg.Stop(t)

	st := open(t, url, pgstore.Options{})
	f := follow(t, st)
	_, err := st.Load(t.Context(), core.Mark{})
	require.Error(t, err)
	require.NotErrorIs(t, err, core.ErrLost)
	require.Equal(t, time.Second, st.PollInterval())

	pg.Start(t)
	f.healthy(t)
	f.reads(t, 1)
	require.Equal(t, 15*time.Second, st.PollInterval())
}

func TestCloseIsFinal(t *testing.T) {
	t.Parallel()
	st := open(t, "postgres://ann@127.0.0.1:1/shop?sslmode=disable", pgstore.Options{})
	cancel := st.Subscribe(func() {})
	require.NoError(t, st.Close())
	require.NoError(t, st.Close())
	cancel()
	defer st.Subscribe(func() {})()
	healthy, note := st.PushState()
	require.False(t, healthy)
	require.Equal(t, "closed", note)
	_, err := st.Load(t.Context(), core.Mark{})
	require.Error(t, err)
}

func ExampleOpen() {
	store, err := pgstore.Open("postgres://app@db.example:5432/shop", pgstore.Options{App: "shop", Schema: "ops"})
	if err != nil {
		panic(err)
	}
	defer func() { _ = store.Close() }()
	fmt.Println(store)
	// Output: postgres://db.example/shop#shop
}

func ExampleNew() {
	cfg, err := pgxpool.ParseConfig("postgres://app@db.example:5432/shop")
	if err != nil {
		panic(err)
	}
	pool, err := pgxpool.NewWithConfig(context.Background(), cfg) // as a rule, the application's own
	if err != nil {
		panic(err)
	}
	defer pool.Close()
	store, err := pgstore.New(pool, pgstore.Options{App: "shop"})
	if err != nil {
		panic(err)
	}
	defer func() { _ = store.Close() }()
	fmt.Println(store)
	// Output: postgres://db.example/shop#shop
}
