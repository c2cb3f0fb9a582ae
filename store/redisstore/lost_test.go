package redisstore_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/internal/testservers"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/redisstore"
)

// losses are the ways in which a document disappears.
var losses = map[string]func(t *testing.T, server *testservers.Server, client *redis.Client){
	"deleted by hand": func(t *testing.T, _ *testservers.Server, client *redis.Client) {
		t.Helper()
		require.NoError(t, client.Del(t.Context(), document).Err())
	},
	"flushed": func(t *testing.T, _ *testservers.Server, client *redis.Client) {
		t.Helper()
		require.NoError(t, client.FlushAll(t.Context()).Err())
	},
	"expired by hand": func(t *testing.T, _ *testservers.Server, client *redis.Client) {
		t.Helper()
		require.NoError(t, client.PExpireAt(t.Context(), document, time.Unix(1, 0)).Err())
	},
	"evicted": func(t *testing.T, _ *testservers.Server, client *redis.Client) {
		t.Helper()
		require.NoError(t, client.ConfigSet(t.Context(), "maxmemory-policy", "allkeys-lru").Err())
		require.NoError(t, client.ConfigSet(t.Context(), "maxmemory", "1").Err())
		soon(t, func() bool {
			_ = client.Set(t.Context(), "another", "key", 0).Err() // it makes the server look for room, and is refused itself
			return client.Exists(t.Context(), document).Val() == 0
		}, "nothing was evicted")
		require.NoError(t, client.ConfigSet(t.Context(), "maxmemory", "0").Err())
	},
	"forgotten in a restart": func(t *testing.T, server *testservers.Server, _ *redis.Client) {
		t.Helper()
		server.Kill(t)
		server.Start(t)
	},
}

func TestADocumentThatIsGoneIsLost(t *testing.T) {
	t.Parallel()
	for name, lose := range losses {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, st, client := written(t)

			lose(t, server, client)

			for _, have := range []store.Token{"", tokenOf("first")} {
				_, err := st.Get(t.Context(), have)
				require.ErrorIs(t, err, store.ErrLost)
				require.ErrorContains(t, err, document)
				require.ErrorContains(t, err, "noeviction")
				require.ErrorContains(t, err, "downtime init")
			}
			err := st.Swap(t.Context(), tokenOf("first"), []byte("second"))
			require.ErrorIs(t, err, store.ErrConflict)
			require.ErrorIs(t, err, store.ErrLost, "a change has nothing to change")
			token, now, err := st.PutRow(t.Context(), "a", []byte("row"), time.Minute)
			require.NoError(t, err, "instances write rows all the same")
			require.Empty(t, token)
			require.NotZero(t, now)
			set, err := st.ListRows(t.Context(), tokenOf("first"))
			require.ErrorIs(t, err, store.ErrLost)
			require.Len(t, set.Rows, 1)
			require.NotZero(t, set.Since)

			write(t, st, "anew")
			require.Equal(t, "anew", get(t, st))
		})
	}
}

// strangers are values that another program may keep under our key.
var strangers = map[string]struct {
	plant func(t *testing.T, client *redis.Client, key string) error
	says  string
}{
	"a list": {func(t *testing.T, client *redis.Client, key string) error {
		t.Helper()
		return client.RPush(t.Context(), key, "a", "b").Err()
	}, "WRONGTYPE"},
	"a string": {func(t *testing.T, client *redis.Client, key string) error {
		t.Helper()
		return client.Set(t.Context(), key, `{"format":1,"periods":[]}`, 0).Err()
	}, "WRONGTYPE"},
	"a set": {func(t *testing.T, client *redis.Client, key string) error {
		t.Helper()
		return client.SAdd(t.Context(), key, "a").Err()
	}, "WRONGTYPE"},
	"a stream": {func(t *testing.T, client *redis.Client, key string) error {
		t.Helper()
		return client.XAdd(t.Context(), &redis.XAddArgs{Stream: key, Values: []string{"a", "b"}}).Err()
	}, "WRONGTYPE"},
	"another hash": {func(t *testing.T, client *redis.Client, key string) error {
		t.Helper()
		return client.HSet(t.Context(), key, "cart", "7").Err()
	}, "another program"},
	"a hash without a document": {func(t *testing.T, client *redis.Client, key string) error {
		t.Helper()
		return client.HSet(t.Context(), key, "token", "a", "check", "b").Err()
	}, "another program"},
	"a hash without a token": {func(t *testing.T, client *redis.Client, key string) error {
		t.Helper()
		return client.HSet(t.Context(), key, "document", "a", "check", "b").Err()
	}, "another program"},
	"empty fields": {func(t *testing.T, client *redis.Client, key string) error {
		t.Helper()
		return client.HSet(t.Context(), key, "token", "", "document", "", "check", "").Err()
	}, "were not written together"},
	"another document's token": {func(t *testing.T, client *redis.Client, key string) error {
		t.Helper()
		return client.HSet(t.Context(), key, "token", string(tokenOf("a")), "document", "b", "check", sha1Hex(string(tokenOf("b"))+"b")).Err()
	}, "were not written together"},
}

func TestAStrangerUnderTheKeyIsAnErrorAndLeftAlone(t *testing.T) {
	t.Parallel()
	server := testservers.Redis(t)
	_, client := open(t, server.Addr)
	for name, tc := range strangers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := appOf(name)
			st := openOn(t, client, redisstore.Options{App: app})
			token := write(t, st, "first")
			key := "downtime:{" + app + "}:v1"
			require.NoError(t, client.Del(t.Context(), key).Err())
			require.NoError(t, tc.plant(t, client, key))
			dump := client.Dump(t.Context(), key).Val()
			require.NotEmpty(t, dump)

			for _, have := range []store.Token{"", token} {
				_, err := st.Get(t.Context(), have)
				require.ErrorContains(t, err, tc.says)
				require.ErrorContains(t, err, key)
				require.NotErrorIs(t, err, store.ErrLost)
				require.NotErrorIs(t, err, store.ErrUnchanged)
				require.ErrorContains(t, st.Swap(t.Context(), have, []byte("first")), tc.says)
			}
			_, err := st.ListRows(t.Context(), "")
			require.ErrorContains(t, err, tc.says)
			_, _, err = st.PutRow(t.Context(), "a", []byte("row"), time.Minute)
			require.NoError(t, err, "rows are not concerned")
			require.Equal(t, dump, client.Dump(t.Context(), key).Val(), "it was touched")
		})
	}
}

func appOf(name string) string { return strings.NewReplacer(" ", "-", "'", "").Replace(name) }

func TestARestartWithPersistenceLosesNothing(t *testing.T) {
	t.Parallel()
	server, st, _ := written(t, "--appendonly", "yes", "--appendfsync", "always")
	put(t, st, "a")
	server.Kill(t)
	_, err := st.Get(within(t, time.Second), tokenOf("first"))
	require.Error(t, err)
	require.NotErrorIs(t, err, store.ErrLost, "a server that is down says nothing about the document")
	server.Start(t)
	soon(t, func() bool {
		_, err := st.Get(t.Context(), tokenOf("first"))
		return errors.Is(err, store.ErrUnchanged)
	}, "the document is not back")
	require.Equal(t, []string{"a"}, keysOf(t, st))
}

func TestAServerWithoutRoomRefusesTheWriteAndKeepsTheDocument(t *testing.T) {
	t.Parallel()
	_, st, client := written(t)
	require.NoError(t, client.ConfigSet(t.Context(), "maxmemory", "1").Err()) // noeviction is the default
	require.ErrorContains(t, st.Swap(t.Context(), tokenOf("first"), []byte("second")), "OOM")
	_, err := st.Get(t.Context(), tokenOf("first"))
	require.ErrorIs(t, err, store.ErrUnchanged)
}
