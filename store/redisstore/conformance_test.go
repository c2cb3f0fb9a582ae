package redisstore_test

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/internal/testservers"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/redisstore"
	"github.com/go-downtime/downtime/store/storetest"
)

// conforms runs the suite. dial makes a client for this user of the server. Each store has
// an application of its own.
func conforms(t *testing.T, dial func(user string) redis.UniversalClient, freeze func(t *testing.T, st store.Store) (thaw func())) {
	t.Helper()
	admin := dial("")
	t.Cleanup(func() { require.NoError(t, admin.Close()) })
	var n atomic.Int64
	next := func() redisstore.Options { return redisstore.Options{App: fmt.Sprint("app-", n.Add(1))} }
	openApp := func(t *testing.T, user string, o redisstore.Options) store.Store {
		t.Helper()
		client := dial(user)
		st, err := redisstore.New(client, o)
		require.NoError(t, err)
		t.Cleanup(func() {
			require.NoError(t, st.Close())
			require.NoError(t, client.Close())
		})
		return st
	}
	key := func(st store.Store) string { return "downtime:{" + st.Info().Application + "}:v1" }
	storetest.Run(t, func(t *testing.T) store.Store {
		t.Helper()
		return openApp(t, "", next())
	}, storetest.Options{
		Second: func(t *testing.T, first store.Store) store.Store {
			t.Helper()
			return openApp(t, "", redisstore.Options{App: first.Info().Application})
		},
		ReadOnly: func(t *testing.T, first store.Store) store.Store {
			t.Helper()
			return openApp(t, "reader", redisstore.Options{App: first.Info().Application})
		},
		Unconfirmed: func(t *testing.T) store.Store {
			t.Helper()
			o := next()
			o.WaitReplicas = 5
			return openApp(t, "", o)
		},
		Secrets: []string{"hunter2"},
		Lose: func(t *testing.T, st store.Store) {
			t.Helper()
			require.NoError(t, admin.Del(t.Context(), key(st)).Err())
		},
		Tamper: func(t *testing.T, st store.Store) {
			t.Helper()
			tamper(t, admin, key(st), "document", "tampered with")
		},
		LoseRows: func(t *testing.T, st store.Store) {
			t.Helper()
			require.NoError(t, admin.Del(t.Context(), key(st)+":rows").Err())
		},
		BreakRow: func(t *testing.T, st store.Store, row string) {
			t.Helper()
			require.NoError(t, admin.HSet(t.Context(), key(st)+":rows", row, "broken").Err())
		},
		Age: func(t *testing.T, st store.Store, by time.Duration) {
			t.Helper()
			age(t, admin, key(st)+":rows", by)
		},
		Freeze: freeze,
	})
}

var stamps = regexp.MustCompile(`\A(\d+) (\d+) `)

// age moves the stamps of all rows into the past.
func age(t *testing.T, client redis.UniversalClient, key string, by time.Duration) {
	t.Helper()
	for field, value := range client.HGetAll(t.Context(), key).Val() {
		m := stamps.FindStringSubmatch(value)
		if m == nil {
			continue // when the set was created
		}
		seen, err := strconv.ParseInt(m[1], 10, 64)
		require.NoError(t, err)
		lease, err := strconv.ParseInt(m[2], 10, 64)
		require.NoError(t, err)
		value = fmt.Sprintf("%d %d %s", seen-by.Microseconds(), lease-by.Microseconds(), value[len(m[0]):])
		require.NoError(t, client.HSet(t.Context(), key, field, value).Err())
	}
}

func sha1Hex(text string) string {
	sum := sha1.Sum([]byte(text))
	return hex.EncodeToString(sum[:])
}

// addReader makes a user who may only read.
func addReader(t *testing.T, addr, password string) {
	t.Helper()
	admin := connect(t, &redis.Options{Addr: addr, Password: password})
	require.NoError(t, admin.Do(t.Context(), "ACL", "SETUSER", "reader", "on", ">hunter2", "~*", "&*", "+@all", "-hset", "-hdel", "-publish").Err())
}

func TestStore(t *testing.T) {
	t.Parallel()
	server := testservers.Redis(t, "--requirepass", "hunter2")
	addReader(t, server.Addr, "hunter2")
	conforms(t, func(user string) redis.UniversalClient {
		return redis.NewClient(&redis.Options{Addr: server.Addr, Username: user, Password: "hunter2", ContextTimeoutEnabled: true})
	}, func(t *testing.T, _ store.Store) (thaw func()) {
		t.Helper()
		server.Freeze(t)
		return func() { server.Thaw(t) }
	})
}

func TestStoreOverAClientThatKnowsNoContext(t *testing.T) {
	t.Parallel()
	server := testservers.Redis(t)
	addReader(t, server.Addr, "")
	conforms(t, func(user string) redis.UniversalClient {
		o := &redis.Options{Addr: server.Addr, Protocol: 2, PoolSize: 2, ReadTimeout: time.Second}
		if user != "" {
			o.Username, o.Password = user, "hunter2"
		}
		return redis.NewClient(o)
	}, nil)
}
