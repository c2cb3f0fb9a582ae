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

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/stores/redisstore"
	"github.com/go-downtime/downtime/stores/storetest/servers"
)

// quick is a server that does not wait for more than one replica to come.
func quick(t *testing.T) *servers.Server {
	t.Helper()
	return servers.Redis(t, "--repl-diskless-sync-delay", "0")
}

// replicate makes replica follow primary, and waits until it does.
func replicate(t *testing.T, replica, primary *servers.Server) *redis.Client {
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

func TestAReplicaIsReadOnly(t *testing.T) {
	t.Parallel()
	primary, writer, _ := down(t, "--repl-diskless-sync-delay", "0")
	_, _, err := writer.Report(t.Context(), core.Instance{ID: "a"}, time.Minute)
	require.NoError(t, err)
	replica := quick(t)
	replicate(t, replica, primary)
	st := openOn(t, connect(t, &redis.Options{Addr: replica.Addr, MaxRetries: never}), redisstore.Options{App: "shop"})
	state, err := st.Load(t.Context(), core.Mark{})
	require.NoError(t, err)
	require.EqualValues(t, 2, state.Mark.Revision)
	requireReadOnly(t, st)
	_, rows, err := st.Instances(t.Context())
	require.NoError(t, err)
	require.Len(t, rows, 1)
}

func TestAFailoverThatLostAWriteOpensNothing(t *testing.T) {
	t.Parallel()
	primary, replica := quick(t), quick(t)
	var at atomic.Value
	at.Store(primary.Addr)
	client := connect(t, &redis.Options{
		Addr: "sentinel-knows",
		Dialer: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, at.Load().(string))
		},
	})
	st := openOn(t, client, redisstore.Options{App: "shop"})
	_, err := core.Init(t.Context(), st, core.InitOptions{})
	require.NoError(t, err)
	second := replicate(t, replica, primary)
	require.NoError(t, second.Do(t.Context(), "REPLICAOF", "NO", "ONE").Err())

	// The primary confirms it, and nobody else ever has it.
	_, err = core.Start(t.Context(), st, core.StartOptions{Holder: "ann"})
	require.NoError(t, err)
	gate := gateOn(t, st)
	soon(t, healthy(st), "it never became healthy")
	requireDown(t, gate)
	at.Store(replica.Addr)
	primary.Kill(t)

	soon(t, func() bool { return gate.Refresh(t.Context()) == nil }, "the store is not back")
	requireDown(t, gate)
	state, err := st.Load(t.Context(), core.Mark{})
	require.NoError(t, err)
	require.EqualValues(t, 1, state.Mark.Revision, "the write is lost")
	soon(t, func() bool {
		_, rows, err := st.Instances(t.Context())
		return err == nil && len(rows) == 1 && rows[0].Regressed
	}, "the instance does not say that it has seen more")
	soon(t, healthy(st), "it never became healthy again")
}

func TestAWriteWaitsForReplicas(t *testing.T) {
	t.Parallel()
	primary, replica := quick(t), quick(t)
	second := replicate(t, replica, primary)
	client := connect(t, &redis.Options{Addr: primary.Addr})
	st := openOn(t, client, redisstore.Options{App: "shop", WaitReplicas: 1})
	start(t, st)
	require.Equal(t, "2", second.HGet(t.Context(), document, "revision").Val(), "the replica has it when Start returns")

	two := openOn(t, client, redisstore.Options{App: "shop", WaitReplicas: 2})
	_, err := core.End(t.Context(), two, core.EndOptions{Holder: "ann"})
	require.ErrorIs(t, err, core.ErrUnconfirmed)
	require.ErrorContains(t, err, "only 1 of 2 replicas")
	require.NotErrorIs(t, err, core.ErrConflict)

	replica.Freeze(t)
	_, err = core.Start(t.Context(), st, core.StartOptions{Holder: "bob"})
	require.ErrorIs(t, err, core.ErrUnconfirmed)
	require.ErrorContains(t, err, "only 0 of 1 replicas")
	state, err := st.Load(t.Context(), core.Mark{})
	require.NoError(t, err)
	require.EqualValues(t, 4, state.Mark.Revision, "the primary has it all the same")

	replica.Thaw(t)
	stale := core.Mark{StoreID: state.Mark.StoreID, Revision: 1, WriteID: "another"}
	require.NoError(t, st.Commit(t.Context(), stale, state.Document, core.Entry{}), "its own write again")
	require.Equal(t, "4", second.HGet(t.Context(), document, "revision").Val(), "the replica has it now")
	next := *state.Document
	next.WriteID = "new"
	require.ErrorIs(t, st.Commit(t.Context(), stale, &next, core.Entry{}), core.ErrConflict, "a conflict waits for nobody")
}
