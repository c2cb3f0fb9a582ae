package redisstore_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/internal/testservers"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/redisstore"
)

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
		"a client without deadlines":   {connect(t, &redis.Options{ReadTimeout: -2}), redisstore.Options{App: "a"}, "client.ReadTimeout"},
		"an address with an escape":    {connect(t, &redis.Options{Addr: "a\x1b[1m:6379"}), redisstore.Options{App: "a"}, "client.Addr"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := redisstore.New(tc.client, tc.o)
			var fault *store.FieldError
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
	require.Equal(t, "redis:shop@redis.internal:6379/3", openOn(t, client, redisstore.Options{App: "shop"}).Info().Name)
	cluster := redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{"a:1", "b:2"}, Password: "hunter2"})
	t.Cleanup(func() { require.NoError(t, cluster.Close()) })
	require.Equal(t, "redis:shop@a:1,b:2", openOn(t, cluster, redisstore.Options{App: "shop"}).Info().Name)
}

func TestInfoSaysHowDurableAWriteIs(t *testing.T) {
	t.Parallel()
	client := connect(t, &redis.Options{})
	one := openOn(t, client, redisstore.Options{App: "shop"}).Info()
	require.Contains(t, one.Durability, "a failover can lose it")
	require.Equal(t, "shop", one.Application)
	require.Equal(t, store.MaxBytes, one.MaxBytes)
	require.True(t, one.OwnClock)
	three := openOn(t, client, redisstore.Options{App: "shop", WaitReplicas: 2}).Info()
	require.Contains(t, three.Durability, "the 2 replicas")
}

func TestAClosedStoreAnswersWithAnError(t *testing.T) {
	t.Parallel()
	_, st, client := written(t)
	require.NoError(t, st.Close())
	require.NoError(t, st.Close(), "again")
	_, err := st.Get(t.Context(), "")
	require.ErrorContains(t, err, "closed")
	st.Subscribe(func() {})()
	require.NoError(t, client.Ping(t.Context()).Err(), "the client is the caller's")
}

func TestApplicationsDoNotSeeEachOther(t *testing.T) {
	t.Parallel()
	_, shop, client := written(t)
	blog := openOn(t, client, redisstore.Options{App: "blog"})
	_, err := blog.Get(t.Context(), tokenOf("first"))
	require.ErrorIs(t, err, store.ErrLost)
	write(t, blog, "the blog's")
	put(t, blog, "b")
	require.Equal(t, "first", get(t, shop))
	require.Empty(t, list(t, shop))
}

func TestNothingHasATimeToLive(t *testing.T) {
	t.Parallel()
	_, st, client := written(t)
	put(t, st, "a")
	for _, key := range []string{document, rows} {
		ttl, err := client.TTL(t.Context(), key).Result()
		require.NoError(t, err)
		require.EqualValues(t, -1, ttl, "key %s: -1 is none", key)
	}
}

func TestAPersonCanReadTheDocument(t *testing.T) {
	t.Parallel()
	_, _, client := written(t)
	require.Equal(t, "first", client.HGet(t.Context(), document, "document").Val())
	require.Equal(t, string(tokenOf("first")), client.HGet(t.Context(), document, "token").Val())
}

func TestScriptsThatTheServerForgotAreSentAgain(t *testing.T) {
	t.Parallel()
	_, st, client := written(t)
	for i := range 3 {
		require.NoError(t, client.ScriptFlush(t.Context()).Err())
		write(t, st, fmt.Sprint("document ", i))
		require.NoError(t, client.ScriptFlush(t.Context()).Err())
		put(t, st, "a")
	}
}

func TestAnUnchangedDocumentIsNotTransferred(t *testing.T) {
	t.Parallel()
	server, st, _ := written(t)
	token := write(t, st, strings.Repeat("x", store.MaxBytes))
	p, far := behind(t, server.Addr, never)
	require.Less(t, received(t, p, func() { _, _ = far.Get(t.Context(), token) }), int64(1000))
	require.Less(t, received(t, p, func() { _, _ = far.ListRows(t.Context(), token) }), int64(1000))
	require.Greater(t, received(t, p, func() { _, _ = far.ListRows(t.Context(), "") }), int64(store.MaxBytes))
}

// received is how many bytes the server sends through p while f runs.
func received(t *testing.T, p *proxy, f func()) int64 {
	t.Helper()
	before := p.answered.Load()
	f()
	return p.answered.Load() - before
}

func ExampleNew() {
	client := redis.NewClient(&redis.Options{Addr: "redis.internal:6379", ContextTimeoutEnabled: true})
	defer func() { _ = client.Close() }()
	st, err := redisstore.New(client, redisstore.Options{App: "shop"})
	if err != nil {
		panic(err)
	}
	defer func() { _ = st.Close() }()
	fmt.Println(st.Info().Name) // New sends nothing to the server

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = st.Get(ctx, "")
	fmt.Println(err)
	// Output:
	// redis:shop@redis.internal:6379/0
	// redis:shop@redis.internal:6379/0: context canceled
}

// tamper edits one field of the document by hand.
func tamper(t *testing.T, client redis.UniversalClient, key, field, value string) {
	t.Helper()
	require.NoError(t, client.HSet(t.Context(), key, field, value).Err())
}

func TestAHandEditIsFoundAndLeftAsItIs(t *testing.T) {
	t.Parallel()
	server := testservers.Redis(t)
	st, client := open(t, server.Addr)
	for name, edit := range map[string][2]string{
		"of the document":           {"document", "First"},
		"of the token":              {"token", string(tokenOf("second"))},
		"of the token, to none":     {"token", ""},
		"that empties the document": {"document", ""},
	} {
		require.NoError(t, client.Del(t.Context(), document).Err())
		token := write(t, st, "first")
		put(t, st, "a")
		tamper(t, client, document, edit[0], edit[1])
		dump := client.Dump(t.Context(), document).Val()
		for _, have := range []store.Token{"", token, tokenOf("second")} {
			_, err := st.Get(t.Context(), have)
			require.ErrorIs(t, err, store.ErrTampered, name)
			require.ErrorContains(t, err, document, name)
			set, err := st.ListRows(t.Context(), have)
			require.ErrorIs(t, err, store.ErrTampered, name)
			require.Len(t, set.Rows, 1, name)
			for _, next := range []string{"first", "second", "third"} {
				require.ErrorIs(t, st.Swap(t.Context(), have, []byte(next)), store.ErrTampered, name)
			}
		}
		require.Equal(t, dump, client.Dump(t.Context(), document).Val(), name)
	}
}

// TestAnEditOfTheCheckIsFoundWithTheTokenOnly: token and document belong together, so a reader
// that gets the bytes takes them. Only a read that sends none, and a write, need the check.
func TestAnEditOfTheCheckIsFoundWithTheTokenOnly(t *testing.T) {
	t.Parallel()
	st, client := open(t, testservers.Redis(t).Addr)
	token := write(t, st, "first")
	tamper(t, client, document, "check", "")
	for _, have := range []store.Token{"", tokenOf("second")} {
		blob, err := st.Get(t.Context(), have)
		require.NoError(t, err)
		require.Equal(t, "first", string(blob.Bytes))
		set, err := st.ListRows(t.Context(), have)
		require.NoError(t, err)
		require.Equal(t, blob.Bytes, set.Blob.Bytes)
	}
	_, err := st.Get(t.Context(), token)
	require.ErrorIs(t, err, store.ErrTampered)
	_, err = st.ListRows(t.Context(), token)
	require.ErrorIs(t, err, store.ErrTampered)
	require.ErrorIs(t, st.Swap(t.Context(), token, []byte("second")), store.ErrTampered)
}

func TestADigestThatWasForgedIsFound(t *testing.T) {
	t.Parallel()
	_, st, client := written(t)
	for _, token := range []string{"", string(tokenOf("second"))} {
		tamper(t, client, document, "token", token)
		tamper(t, client, document, "check", sha1Hex(token+"first"))
		_, err := st.Get(t.Context(), "")
		require.ErrorIs(t, err, store.ErrTampered, "the token is not the digest of the document")
	}
}

func TestLeasesAreJudgedByTheServersClock(t *testing.T) {
	t.Parallel()
	_, st, client := written(t)
	put(t, st, "a")
	before := client.Time(t.Context()).Val()
	set, err := st.ListRows(t.Context(), "")
	require.NoError(t, err)
	require.WithinDuration(t, before, set.Blob.Now, time.Second)
	require.WithinDuration(t, set.Blob.Now.Add(time.Minute), set.Rows[0].Lease, time.Second)
}
