package redisstore_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/internal/testservers"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/redisstore"
)

// gateOn is an application's gate on st.
func gateOn(t *testing.T, st store.Store, poll time.Duration) *core.Gate {
	t.Helper()
	gate, err := core.New(core.Config{Store: st, PollInterval: poll, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	t.Cleanup(func() { _ = gate.Shutdown(context.Background()) })
	return gate
}

func isOpen(gate *core.Gate) bool {
	ticket, open := gate.Enter(nil)
	if open {
		ticket.Leave()
	}
	return open
}

// requireDown fails unless gate refuses.
func requireDown(t *testing.T, gate *core.Gate) {
	t.Helper()
	require.False(t, isOpen(gate), "the gate has opened")
}

// requireRegressed waits until the only instance reports that it has seen a newer document.
func requireRegressed(t *testing.T, st store.Rows) {
	t.Helper()
	soon(t, func() bool {
		set, err := st.ListRows(t.Context(), "")
		if err != nil || len(set.Rows) != 1 {
			return false
		}
		row, err := period.DecodeRow(set.Rows[0].Key, set.Rows[0].Bytes)
		return err == nil && row.Regressed
	}, "the instance does not report that it has seen more")
}

func TestADocumentThatIsGoneOpensNoGate(t *testing.T) {
	t.Parallel()
	for name, lose := range losses {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, st, ann := down(t)
			gate := gateOn(t, st, 0)
			requireDown(t, gate)

			lose(t, server, connect(t, &redis.Options{Addr: server.Addr}))

			require.ErrorIs(t, gate.Refresh(t.Context()), store.ErrLost)
			requireDown(t, gate)
			_, err := ann.Init(t.Context(), operator.InitOptions{})
			require.NoError(t, err)
			_ = gate.Refresh(t.Context())
			requireDown(t, gate)
			_, err = ann.End(t.Context(), operator.EndOptions{All: true})
			require.ErrorIs(t, err, operator.ErrNothingToEnd)
			_, err = ann.Reconcile(t.Context(), operator.ReconcileOptions{Replaces: period.AnyDocument})
			require.NoError(t, err)
			require.NoError(t, gate.Refresh(t.Context()))
			require.True(t, isOpen(gate), "an operator reconciled the store")
		})
	}
}

func TestAStrangerUnderTheKeyOpensNoGate(t *testing.T) {
	t.Parallel()
	server := testservers.Redis(t)
	_, client := open(t, server.Addr)
	for name, tc := range strangers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := appOf(name)
			st := openOn(t, client, redisstore.Options{App: app})
			ann := start(t, st)
			gate := gateOn(t, st, 0)
			key := "downtime:{" + app + "}:v1"
			require.NoError(t, client.Del(t.Context(), key).Err())
			require.NoError(t, tc.plant(t, client, key))
			require.Error(t, gate.Refresh(t.Context()))
			requireDown(t, gate)
			_, err := ann.Init(t.Context(), operator.InitOptions{Replace: true})
			require.ErrorContains(t, err, tc.says)
			_, err = ann.End(t.Context(), operator.EndOptions{All: true})
			require.ErrorContains(t, err, tc.says)
			requireDown(t, gate)
		})
	}
}

func TestABackupThatIsRestoredIsRegressed(t *testing.T) {
	t.Parallel()
	server := testservers.Redis(t, "--dbfilename", "backup.rdb")
	st, client := open(t, server.Addr)
	ann := operator.Operator{Store: st, Actor: "ann"}
	_, err := ann.Init(t.Context(), operator.InitOptions{})
	require.NoError(t, err)
	require.NoError(t, client.Save(t.Context()).Err())
	dump := filepath.Join(server.Dir, "backup.rdb")
	backup, err := os.ReadFile(dump)
	require.NoError(t, err)
	_, err = ann.Start(t.Context(), operator.StartOptions{})
	require.NoError(t, err)
	gate := gateOn(t, st, 0)
	requireDown(t, gate)

	server.Kill(t)
	require.NoError(t, os.WriteFile(dump, backup, 0o600))
	server.Start(t)

	soon(t, func() bool { return gate.Refresh(t.Context()) == nil }, "the server is not back")
	requireDown(t, gate)
	state, err := ann.Read(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 1, state.Document.Revision, "the backup has this one")
	requireRegressed(t, st)

	res, err := ann.Reconcile(t.Context(), operator.ReconcileOptions{Above: 2})
	require.NoError(t, err)
	require.Greater(t, res.After.Revision, int64(2))
	require.NoError(t, gate.Refresh(t.Context()))
	require.True(t, isOpen(gate), "an operator reconciled the store")
}

func TestAFailoverThatLostAWriteOpensNoGate(t *testing.T) {
	t.Parallel()
	primary, replica := quick(t), quick(t)
	client, moveTo := sentinel(t, primary.Addr)
	st := openOn(t, client, redisstore.Options{App: "shop"})
	ann := operator.Operator{Store: st, Actor: "ann"}
	_, err := ann.Init(t.Context(), operator.InitOptions{})
	require.NoError(t, err)
	second := replicate(t, replica, primary)
	require.NoError(t, second.Do(t.Context(), "REPLICAOF", "NO", "ONE").Err())

	_, err = ann.Start(t.Context(), operator.StartOptions{}) // the primary confirms it, and only the primary has it
	require.NoError(t, err)
	gate := gateOn(t, st, 0)
	soon(t, hinted(st), "hints never arrived")
	requireDown(t, gate)
	moveTo(replica.Addr)
	primary.Kill(t)

	soon(t, func() bool { return gate.Refresh(t.Context()) == nil }, "the store is not back")
	requireDown(t, gate)
	state, err := ann.Read(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 1, state.Document.Revision, "the write is lost")
	requireRegressed(t, st)
}

func TestAFrozenServerOpensNoGate(t *testing.T) {
	t.Parallel()
	server, st, ann := down(t)
	gate := gateOn(t, st, 0)
	requireDown(t, gate)

	server.Freeze(t)
	require.Error(t, gate.Refresh(t.Context()))
	requireDown(t, gate)

	server.Thaw(t)
	soon(t, func() bool { return gate.Refresh(t.Context()) == nil }, "the store is not back")
	requireDown(t, gate)
	_, err := ann.End(t.Context(), operator.EndOptions{Holder: "ann"})
	require.NoError(t, err)
	require.NoError(t, gate.Refresh(t.Context()))
	require.True(t, isOpen(gate))
}

func TestAGateStartsBeforeItsServer(t *testing.T) {
	t.Parallel()
	server, _, _ := down(t, "--appendonly", "yes", "--appendfsync", "always")
	server.Stop(t)
	st, _ := open(t, server.Addr)
	gate := gateOn(t, st, 0)
	requireDown(t, gate)
}

func TestAGateHearsOfAWriteInTheGap(t *testing.T) {
	t.Parallel()
	server, _, ann := down(t)
	st, client := open(t, server.Addr)
	gate := gateOn(t, st, time.Hour) // no poll tells it: the store does, after the gap
	soon(t, hinted(st), "hints never arrived")
	requireDown(t, gate)
	for round := range 5 {
		require.NoError(t, client.ClientKillByFilter(t.Context(), "TYPE", "pubsub").Err())
		var err error
		if round%2 == 0 {
			_, err = ann.End(t.Context(), operator.EndOptions{Holder: "ann"})
		} else {
			_, err = ann.Start(t.Context(), operator.StartOptions{})
		}
		require.NoError(t, err)
		soon(t, func() bool { return isOpen(gate) == (round%2 == 0) }, "the gate has not heard of the write")
		soon(t, hinted(st), "hints never arrived again")
	}
}

func TestAGateSurvivesTheDeathOfAClustersPrimary(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	st := openOn(t, c.client(t, nil), redisstore.Options{App: "shop", WaitReplicas: 1})
	st.Hurry()
	ann := start(t, st)
	gate := gateOn(t, st, 0)
	soon(t, hinted(st), "hints never arrived")
	requireDown(t, gate)
	c.primary.Kill(t)
	require.Error(t, gate.Refresh(t.Context()))
	requireDown(t, gate)
	require.NoError(t, c.replica.Do(t.Context(), "CLUSTER", "FAILOVER", "TAKEOVER").Err())
	soon(t, func() bool { return gate.Refresh(t.Context()) == nil }, "the store is not back")
	requireDown(t, gate)
	soon(t, hinted(st), "hints never arrived again")
	ann.Store = openOn(t, c.client(t, nil), redisstore.Options{App: "shop"}) // there is no replica any more
	_, err := ann.End(t.Context(), operator.EndOptions{Holder: "ann"})
	require.NoError(t, err)
	soon(t, func() bool { return isOpen(gate) }, "the gate has not heard of the end")
}
