package redisstore_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/stores/redisstore"
	"github.com/go-downtime/downtime/stores/storetest/servers"
)

// losses are what may happen to the document of a site that is down.
var losses = map[string]func(t *testing.T, server *servers.Server, client *redis.Client){
	"deleted by hand": func(t *testing.T, _ *servers.Server, client *redis.Client) {
		t.Helper()
		require.NoError(t, client.Del(t.Context(), document).Err())
	},
	"flushed": func(t *testing.T, _ *servers.Server, client *redis.Client) {
		t.Helper()
		require.NoError(t, client.FlushAll(t.Context()).Err())
	},
	"expired by hand": func(t *testing.T, _ *servers.Server, client *redis.Client) {
		t.Helper()
		require.NoError(t, client.PExpireAt(t.Context(), document, time.Unix(1, 0)).Err())
	},
	"evicted": func(t *testing.T, _ *servers.Server, client *redis.Client) {
		t.Helper()
		require.NoError(t, client.ConfigSet(t.Context(), "maxmemory-policy", "allkeys-lru").Err())
		require.NoError(t, client.ConfigSet(t.Context(), "maxmemory", "1").Err())
		soon(t, func() bool {
			_ = client.Set(t.Context(), "another", "key", 0).Err() // it makes the server look for room, and is refused itself
			return client.Exists(t.Context(), document).Val() == 0
		}, "nothing was evicted")
		require.NoError(t, client.ConfigSet(t.Context(), "maxmemory", "0").Err())
	},
	"forgotten in a restart": func(t *testing.T, server *servers.Server, _ *redis.Client) {
		t.Helper()
		server.Kill(t)
		server.Start(t)
	},
}

func TestADocumentThatIsGoneIsLostAndOpensNothing(t *testing.T) {
	t.Parallel()
	for name, lose := range losses {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, st, client := down(t)
			gate := gateOn(t, st)
			state, err := st.Load(t.Context(), core.Mark{})
			require.NoError(t, err)
			before := state.Mark

			lose(t, server, client)

			_, err = st.Load(t.Context(), before)
			require.ErrorIs(t, err, core.ErrLost)
			require.ErrorContains(t, err, document)
			require.ErrorContains(t, err, "noeviction")
			require.ErrorContains(t, err, "downtime init")
			require.ErrorIs(t, gate.Refresh(t.Context()), core.ErrLost)
			requireDown(t, gate)

			next := *state.Document
			next.Revision, next.WriteID = 3, "after"
			require.ErrorIs(t, st.Commit(t.Context(), before, &next, core.Entry{}), core.ErrLost, "a change has nothing to change")
			mark, now, err := st.Report(t.Context(), core.Instance{ID: "a"}, time.Minute)
			require.NoError(t, err, "instances report themselves all the same")
			require.Zero(t, mark)
			require.NotZero(t, now)
			state, rows, err := st.Instances(t.Context())
			require.NoError(t, err)
			require.Nil(t, state.Document)
			require.NotEmpty(t, rows)

			_, err = core.Init(t.Context(), st, core.InitOptions{})
			require.NoError(t, err)
			require.NoError(t, gate.Refresh(t.Context()))
			ticket, isOpen := gate.Enter(nil)
			require.True(t, isOpen, "somebody said so")
			ticket.Leave()
		})
	}
}

// strangers are what somebody else may have put under our key.
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
	"somebody's hash": {func(t *testing.T, client *redis.Client, key string) error {
		t.Helper()
		return client.HSet(t.Context(), key, "cart", "7").Err()
	}, "not one of ours"},
	"a hash without a document": {func(t *testing.T, client *redis.Client, key string) error {
		t.Helper()
		return client.HSet(t.Context(), key, "store_id", "a", "revision", "1", "write_id", "b").Err()
	}, "not one of ours"},
	"empty fields": {func(t *testing.T, client *redis.Client, key string) error {
		t.Helper()
		return client.HSet(t.Context(), key, "store_id", "", "revision", "0", "write_id", "", "document", "").Err()
	}, "not one of ours"},
	"a revision that is no number": {func(t *testing.T, client *redis.Client, key string) error {
		t.Helper()
		return client.HSet(t.Context(), key, "store_id", "a", "revision", "one", "write_id", "b", "document", "{}").Err()
	}, "not one of ours"},
	"half a document": {func(t *testing.T, client *redis.Client, key string) error {
		t.Helper()
		return client.HSet(t.Context(), key, "store_id", "a", "revision", "1", "write_id", "b", "document", `{"format":1,`).Err()
	}, "field document"},
	"another revision's document": {func(t *testing.T, client *redis.Client, key string) error {
		t.Helper()
		text := `{"format":1,"store_id":"a","revision":1,"write_id":"b","close_rev":0,"periods":[]}`
		return client.HSet(t.Context(), key, "store_id", "a", "revision", "2", "write_id", "b", "document", text).Err()
	}, "put back the one that is right"},
}

func TestAStrangerUnderTheKeyIsAnErrorAndLeftAlone(t *testing.T) {
	t.Parallel()
	server := servers.Redis(t)
	_, client := open(t, server.Addr)
	for name, tc := range strangers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := strings.ReplaceAll(name, " ", "-")
			app = strings.ReplaceAll(app, "'", "")
			st := openOn(t, client, redisstore.Options{App: app})
			start(t, st)
			gate := gateOn(t, st)
			state, err := st.Load(t.Context(), core.Mark{})
			require.NoError(t, err)
			key := "downtime:{" + app + "}:v1"
			require.NoError(t, client.Del(t.Context(), key).Err())
			require.NoError(t, tc.plant(t, client, key))
			dump := client.Dump(t.Context(), key).Val()
			require.NotEmpty(t, dump)

			for _, have := range []core.Mark{{}, state.Mark} {
				_, err := st.Load(t.Context(), have)
				require.ErrorContains(t, err, tc.says)
				require.ErrorContains(t, err, key)
				require.NotErrorIs(t, err, core.ErrLost)
				require.NotErrorIs(t, err, core.ErrUnchanged)
			}
			for _, base := range []core.Mark{{}, state.Mark} {
				require.Error(t, st.Commit(t.Context(), base, state.Document, core.Entry{}))
			}
			_, err = core.Init(t.Context(), st, core.InitOptions{})
			require.Error(t, err)
			_, _, err = st.Instances(t.Context())
			require.ErrorContains(t, err, tc.says)
			require.Error(t, gate.Refresh(t.Context()))
			requireDown(t, gate)
			require.Equal(t, dump, client.Dump(t.Context(), key).Val(), "it was touched")
		})
	}
}

func TestABackupThatIsRestoredIsRegressed(t *testing.T) {
	t.Parallel()
	server := servers.Redis(t, "--dbfilename", "backup.rdb")
	st, client := open(t, server.Addr)
	_, err := core.Init(t.Context(), st, core.InitOptions{})
	require.NoError(t, err)
	require.NoError(t, client.Save(t.Context()).Err())
	dump := filepath.Join(server.Dir, "backup.rdb")
	backup, err := os.ReadFile(dump)
	require.NoError(t, err)
	_, err = core.Start(t.Context(), st, core.StartOptions{Holder: "ann"})
	require.NoError(t, err)
	gate := gateOn(t, st)
	requireDown(t, gate)

	server.Kill(t)
	require.NoError(t, os.WriteFile(dump, backup, 0o600))
	server.Start(t)

	soon(t, func() bool { return gate.Refresh(t.Context()) == nil }, "the server is not back")
	requireDown(t, gate)
	state, err := st.Load(t.Context(), core.Mark{})
	require.NoError(t, err)
	require.EqualValues(t, 1, state.Document.Revision, "what the backup holds")
	soon(t, func() bool {
		_, rows, err := st.Instances(t.Context())
		return err == nil && len(rows) == 1 && rows[0].Regressed
	}, "the instance does not say that it has seen more")

	res, err := core.Reconcile(t.Context(), st, core.ReconcileOptions{Above: 2})
	require.NoError(t, err)
	require.Greater(t, res.After.Revision, int64(2))
	require.NoError(t, gate.Refresh(t.Context()))
	ticket, isOpen := gate.Enter(nil)
	require.True(t, isOpen, "somebody said so")
	ticket.Leave()
}

func TestARestartWithPersistenceLosesNothing(t *testing.T) {
	t.Parallel()
	server, st, _ := down(t, "--appendonly", "yes", "--appendfsync", "always")
	before, err := st.Load(t.Context(), core.Mark{})
	require.NoError(t, err)
	server.Kill(t)
	_, err = st.Load(within(t, time.Second), before.Mark)
	require.Error(t, err)
	require.NotErrorIs(t, err, core.ErrLost, "nobody can tell")
	server.Start(t)
	soon(t, func() bool {
		_, err := st.Load(t.Context(), before.Mark)
		return errors.Is(err, core.ErrUnchanged)
	}, "the document is not back")
}

func TestAServerWithoutRoomRefusesTheWriteAndKeepsTheDocument(t *testing.T) {
	t.Parallel()
	_, st, client := down(t)
	before, err := st.Load(t.Context(), core.Mark{})
	require.NoError(t, err)
	require.NoError(t, client.ConfigSet(t.Context(), "maxmemory", "1").Err()) // noeviction is the default
	_, err = core.End(t.Context(), st, core.EndOptions{Holder: "ann"})
	require.ErrorContains(t, err, "OOM")
	_, err = st.Load(t.Context(), before.Mark)
	require.ErrorIs(t, err, core.ErrUnchanged)
	require.Equal(t, []int64{2, 1}, logged(t, st))
}
