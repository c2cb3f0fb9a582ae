package redisstore_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/stores/redisstore"
	"github.com/go-downtime/downtime/stores/storetest"
	"github.com/go-downtime/downtime/stores/storetest/servers"
)

// conforms runs the suite with stores that dial makes clients for, of which each has an
// application of its own.
func conforms(t *testing.T, dial func() redis.UniversalClient) {
	t.Helper()
	var apps sync.Map // by store
	var n atomic.Int64
	openApp := func(t *testing.T, app string) core.Store {
		t.Helper()
		client := dial()
		st, err := redisstore.New(client, redisstore.Options{App: app})
		require.NoError(t, err)
		t.Cleanup(func() {
			require.NoError(t, st.Close())
			require.NoError(t, client.Close())
		})
		apps.Store(st, app)
		return st
	}
	storetest.Run(t, func(t *testing.T) core.Store {
		t.Helper()
		return openApp(t, fmt.Sprint("app-", n.Add(1)))
	}, storetest.Options{
		MustBeInitialised: true,
		Second: func(t *testing.T, first core.Store) core.Store {
			t.Helper()
			app, _ := apps.Load(first)
			return openApp(t, app.(string))
		},
		Secrets: []string{"hunter2"},
	})
}

func TestStore(t *testing.T) {
	t.Parallel()
	server := servers.Redis(t, "--requirepass", "hunter2")
	conforms(t, func() redis.UniversalClient {
		return redis.NewClient(&redis.Options{Addr: server.Addr, Password: "hunter2", ContextTimeoutEnabled: true})
	})
}

func TestStoreOverAClientThatKnowsNoContext(t *testing.T) {
	t.Parallel()
	server := servers.Redis(t)
	conforms(t, func() redis.UniversalClient {
		return redis.NewClient(&redis.Options{Addr: server.Addr, Protocol: 2, PoolSize: 2, ReadTimeout: time.Second})
	})
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	client := connect(t, &redis.Options{})
	for name, tc := range map[string]struct {
		client redis.UniversalClient
		o      redisstore.Options
		field  string
	}{
		"no application":               {client, redisstore.Options{}, "App"},
		"braces in the application":    {client, redisstore.Options{App: "a}b"}, "App"},
		"a colon in the application":   {client, redisstore.Options{App: "a:b"}, "App"},
		"a pattern in the application": {client, redisstore.Options{App: "a*"}, "App"},
		"a blank in the application":   {client, redisstore.Options{App: "a b"}, "App"},
		"a line break behind it":       {client, redisstore.Options{App: "a\n"}, "App"},
		"a letter that is not ASCII":   {client, redisstore.Options{App: "é"}, "App"},
		"an application of 64 bytes":   {client, redisstore.Options{App: strings.Repeat("a", 64)}, "App"},
		"an application like a flag":   {client, redisstore.Options{App: "-a"}, "App"},
		"less than no replicas":        {client, redisstore.Options{App: "a", WaitReplicas: -1}, "WaitReplicas"},
		"no client":                    {nil, redisstore.Options{App: "a"}, "client"},
		"a nil client":                 {(*redis.Client)(nil), redisstore.Options{App: "a"}, "client"},
		"a nil cluster":                {(*redis.ClusterClient)(nil), redisstore.Options{App: "a"}, "client"},
		"a client that waits for ever": {connect(t, &redis.Options{ReadTimeout: -1}), redisstore.Options{App: "a"}, "client.ReadTimeout"},
		"one without any deadline":     {connect(t, &redis.Options{ReadTimeout: -2}), redisstore.Options{App: "a"}, "client.ReadTimeout"},
		"an address with an escape":    {connect(t, &redis.Options{Addr: "a\x1b[1m:6379"}), redisstore.Options{App: "a"}, "client.Addr"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := redisstore.New(tc.client, tc.o)
			var fault *core.FieldError
			require.ErrorAs(t, err, &fault)
			require.Equal(t, tc.field, fault.Field)
		})
	}
}

func TestARingIsRefused(t *testing.T) {
	t.Parallel()
	ring := redis.NewRing(&redis.RingOptions{Addrs: map[string]string{"a": "127.0.0.1:1"}})
	t.Cleanup(func() { require.NoError(t, ring.Close()) })
	_, err := redisstore.New(ring, redisstore.Options{App: "a"})
	require.ErrorContains(t, err, "redis.Ring")
}

func TestAStoreIsNamedWithoutItsPassword(t *testing.T) {
	t.Parallel()
	client := connect(t, &redis.Options{Addr: "redis.internal:6379", DB: 3, Username: "ann", Password: "hunter2"})
	require.Equal(t, "redis:shop@redis.internal:6379/3", openOn(t, client, redisstore.Options{App: "shop"}).String())
	cluster := redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{"a:1", "b:2"}, Password: "hunter2"})
	t.Cleanup(func() { require.NoError(t, cluster.Close()) })
	require.Equal(t, "redis:shop@a:1,b:2", openOn(t, cluster, redisstore.Options{App: "shop"}).String())
}

func TestAClosedStoreAnswersWithAnError(t *testing.T) {
	t.Parallel()
	_, st, client := down(t)
	require.NoError(t, st.Close())
	require.NoError(t, st.Close(), "again")
	_, err := st.Load(t.Context(), core.Mark{})
	require.ErrorContains(t, err, "closed")
	st.Subscribe(func() {})()
	require.NoError(t, client.Ping(t.Context()).Err(), "the client is the caller's")
}

func TestApplicationsDoNotSeeEachOther(t *testing.T) {
	t.Parallel()
	_, shop, client := down(t)
	blog := openOn(t, client, redisstore.Options{App: "blog"})
	_, err := blog.Load(t.Context(), core.Mark{})
	require.ErrorIs(t, err, core.ErrLost)
	_, err = core.Init(t.Context(), blog, core.InitOptions{})
	require.NoError(t, err)
	_, _, err = blog.Report(t.Context(), core.Instance{ID: "b"}, time.Minute)
	require.NoError(t, err)
	state, err := shop.Load(t.Context(), core.Mark{})
	require.NoError(t, err)
	require.Len(t, state.Document.InForce(state.Time), 1)
	_, rows, err := shop.Instances(t.Context())
	require.NoError(t, err)
	require.Empty(t, rows)
}

func TestNothingHasATimeToLive(t *testing.T) {
	t.Parallel()
	_, st, client := down(t)
	_, _, err := st.Report(t.Context(), core.Instance{ID: "a"}, time.Minute)
	require.NoError(t, err)
	for _, key := range []string{document, instances} {
		ttl, err := client.TTL(t.Context(), key).Result()
		require.NoError(t, err)
		require.EqualValues(t, -1, ttl, "key %s: -1 is none", key)
	}
}

func TestAPersonCanReadTheDocument(t *testing.T) {
	t.Parallel()
	_, _, client := down(t)
	text, err := client.HGet(t.Context(), document, "document").Bytes()
	require.NoError(t, err)
	doc, err := core.DecodeDocument(text)
	require.NoError(t, err)
	require.EqualValues(t, 2, doc.Revision)
	require.Equal(t, "ann", doc.Periods[0].Holder)
}

func ExampleNew() {
	client := redis.NewClient(&redis.Options{Addr: "redis.internal:6379", ContextTimeoutEnabled: true})
	defer func() { _ = client.Close() }()
	store, err := redisstore.New(client, redisstore.Options{App: "shop"})
	if err != nil {
		panic(err)
	}
	defer func() { _ = store.Close() }()
	fmt.Println(store) // nothing was asked of the server yet

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = store.Load(ctx, core.Mark{})
	fmt.Println(err)
	// Output:
	// redis:shop@redis.internal:6379/0
	// redis:shop@redis.internal:6379/0: context canceled
}
