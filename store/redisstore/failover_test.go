package redisstore_test

import (
	"context"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/internal/testservers"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/redisstore"
)

// quick is a server that does not wait for more than one replica to come.
func quick(t *testing.T) *testservers.Server {
	t.Helper()
	return testservers.Redis(t, "--repl-diskless-sync-delay", "0")
}

// replicate makes replica follow primary, and waits until it does.
func replicate(t *testing.T, replica, primary *testservers.Server) *redis.Client {
	t.Helper()
	client := connect(t, &redis.Options{Addr: replica.Addr})
	host, port, err := net.SplitHostPort(primary.Addr)
	require.NoError(t, err)
	require.NoError(t, client.Do(t.Context(), "REPLICAOF", host, port).Err())
	soon(t, func() bool {
		info, err := client.Info(t.Context(), "replication").Result()
		return err == nil && strings.Contains(info, "master_link_status:up")
	}, "the replica does not follow")
	leader := connect(t, &redis.Options{Addr: primary.Addr})
	soon(t, func() bool {
		info, err := leader.Info(t.Context(), "replication").Result()
		return err == nil && strings.Contains(info, "state=online")
	}, "the primary does not count on the replica")
	return client
}

// sentinel is a client whose server can be replaced, as Sentinel does it.
func sentinel(t *testing.T, addr string) (client *redis.Client, moveTo func(addr string)) {
	t.Helper()
	var at atomic.Value
	at.Store(addr)
	client = connect(t, &redis.Options{
		Addr: "sentinel-knows",
		Dialer: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, at.Load().(string))
		},
	})
	return client, func(addr string) { at.Store(addr) }
}

func TestAReplicaIsReadOnly(t *testing.T) {
	t.Parallel()
	primary, writer, _ := written(t, "--repl-diskless-sync-delay", "0")
	put(t, writer, "a")
	replica := quick(t)
	replicate(t, replica, primary)
	st := openOn(t, connect(t, &redis.Options{Addr: replica.Addr, MaxRetries: never}), redisstore.Options{App: "shop"})
	require.Equal(t, "first", get(t, st))
	requireReadOnly(t, st)
	require.Equal(t, []string{"a"}, keysOf(t, st))
}

func TestAFailoverThatLostAWriteHasTheOldToken(t *testing.T) {
	t.Parallel()
	primary, replica := quick(t), quick(t)
	client, moveTo := sentinel(t, primary.Addr)
	st := openOn(t, client, redisstore.Options{App: "shop"})
	st.Hurry()
	st.Subscribe(func() {})
	write(t, st, "first")
	second := replicate(t, replica, primary)
	require.NoError(t, second.Do(t.Context(), "REPLICAOF", "NO", "ONE").Err())
	token := write(t, st, "second") // the primary confirms it, and only the primary has it
	put(t, st, "a")
	soon(t, hinted(st), "hints never arrived")
	moveTo(replica.Addr)
	primary.Kill(t)

	soon(t, func() bool {
		blob, err := st.Get(t.Context(), token)
		return err == nil && string(blob.Bytes) == "first" && blob.Token == tokenOf("first")
	}, "the store is not back with the document before the write")
	set, err := st.ListRows(t.Context(), "")
	require.NoError(t, err)
	require.Empty(t, set.Rows)
	require.Zero(t, set.Since, "the set of rows is lost as well, and does not hide it")
	require.ErrorIs(t, st.Swap(t.Context(), token, []byte("third")), store.ErrConflict)
	soon(t, func() bool { _, note := st.Hints(); return strings.HasPrefix(note, "subscribed") }, "no new subscription")
}

func TestAWriteWaitsForReplicas(t *testing.T) {
	t.Parallel()
	primary, replica := quick(t), quick(t)
	second := replicate(t, replica, primary)
	client := connect(t, &redis.Options{Addr: primary.Addr})
	one := openOn(t, client, redisstore.Options{App: "shop", WaitReplicas: 1})
	write(t, one, "first")
	onReplica := func() string { return second.HGet(t.Context(), document, "document").Val() }
	require.Equal(t, "first", onReplica(), "the replica has it when Swap returns")

	two := openOn(t, client, redisstore.Options{App: "shop", WaitReplicas: 2})
	err := two.Swap(t.Context(), tokenOf("first"), []byte("second"))
	require.ErrorIs(t, err, store.ErrUnconfirmed)
	require.ErrorContains(t, err, "only 1 of 2 replicas")
	require.NotErrorIs(t, err, store.ErrConflict)

	replica.Freeze(t)
	err = one.Swap(t.Context(), tokenOf("second"), []byte("third"))
	require.ErrorIs(t, err, store.ErrUnconfirmed)
	require.ErrorContains(t, err, "only 0 of 1 replicas")
	require.Equal(t, "third", get(t, one), "the primary has it all the same")
	for _, client := range []*redis.Client{client, connect(t, &redis.Options{Addr: primary.Addr})} {
		again := openOn(t, client, redisstore.Options{App: "shop", WaitReplicas: 1})
		err = again.Swap(t.Context(), tokenOf("second"), []byte("third"))
		require.ErrorIs(t, err, store.ErrUnconfirmed, "the same write again is not confirmed either")
	}

	replica.Thaw(t)
	require.NoError(t, one.Swap(t.Context(), tokenOf("second"), []byte("third")), "the same write again")
	require.Equal(t, "third", onReplica(), "the replica has it now")
	require.ErrorIs(t, one.Swap(t.Context(), tokenOf("second"), []byte("fourth")), store.ErrConflict)
}

func TestAWriteThatMayNotWaitIsUnconfirmedAndNotReadOnly(t *testing.T) {
	t.Parallel()
	server := testservers.Redis(t)
	setUser(t, server.Addr, documented(t)) // without +wait
	client := connect(t, &redis.Options{Addr: server.Addr, Username: "shop", Password: "PASSWORD"})
	st := openOn(t, client, redisstore.Options{App: "shop", WaitReplicas: 1})
	err := st.Swap(t.Context(), "", []byte("first"))
	require.ErrorIs(t, err, store.ErrUnconfirmed)
	require.ErrorContains(t, err, "NOPERM")
	require.NotErrorIs(t, err, store.ErrReadOnly, "it was written")
	require.Equal(t, "first", get(t, st))
}

func TestAClientWithAShortTimeoutLearnsThatAWriteIsUnconfirmed(t *testing.T) {
	t.Parallel()
	server := testservers.Redis(t)
	client := connect(t, &redis.Options{Addr: server.Addr, ReadTimeout: 300 * time.Millisecond})
	st := openOn(t, client, redisstore.Options{App: "shop", WaitReplicas: 1})
	require.ErrorIs(t, st.Swap(t.Context(), "", []byte("first")), store.ErrUnconfirmed)
}
