package redisstore_test

import (
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/internal/testservers"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/redisstore"
)

// cluster is three primaries, and a replica of the one that has the keys of "shop".
type cluster struct {
	addrs   []string
	primary *testservers.Server // of "shop"
	replica *redis.Client
}

func newCluster(t *testing.T) cluster {
	t.Helper()
	var c cluster
	var nodes []*redis.Client
	var all []*testservers.Server
	for range 4 {
		server := testservers.Redis(t, "--cluster-enabled", "yes", "--cluster-node-timeout", "2000", "--repl-diskless-sync-delay", "0")
		c.addrs, all = append(c.addrs, server.Addr), append(all, server)
		nodes = append(nodes, connect(t, &redis.Options{Addr: server.Addr}))
	}
	host, port, err := net.SplitHostPort(c.addrs[0])
	require.NoError(t, err)
	for _, node := range nodes[1:] {
		require.NoError(t, node.ClusterMeet(t.Context(), host, port).Err())
	}
	for i, slots := range [][2]int{{0, 5460}, {5461, 10922}, {10923, 16383}} {
		require.NoError(t, nodes[i].ClusterAddSlotsRange(t.Context(), slots[0], slots[1]).Err())
	}
	slot, err := nodes[0].ClusterKeySlot(t.Context(), document).Result()
	require.NoError(t, err)
	owner := min(int(slot)/5461, 2)
	c.primary, c.replica = all[owner], nodes[3]
	id, err := nodes[owner].ClusterMyID(t.Context()).Result()
	require.NoError(t, err)
	soon(t, func() bool { return c.replica.ClusterReplicate(t.Context(), id).Err() == nil }, "the nodes do not find each other")
	soon(t, func() bool {
		for _, node := range nodes {
			info, err := node.ClusterInfo(t.Context()).Result()
			if err != nil || !strings.Contains(info, "cluster_state:ok") || !strings.Contains(info, "cluster_known_nodes:4") {
				return false
			}
			list, err := node.ClusterNodes(t.Context()).Result()
			if err != nil || strings.Count(list, "slave") != 1 {
				return false
			}
		}
		info, err := c.replica.Info(t.Context(), "replication").Result()
		return err == nil && strings.Contains(info, "master_link_status:up")
	}, "the cluster does not form")
	return c
}

func (c cluster) client(t *testing.T, change func(o *redis.ClusterOptions)) *redis.ClusterClient {
	t.Helper()
	o := &redis.ClusterOptions{Addrs: c.addrs, ContextTimeoutEnabled: true}
	if change != nil {
		change(o)
	}
	client := redis.NewClusterClient(o)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	return client
}

func TestCluster(t *testing.T) { //nolint:tparallel // the conformance suite decides how its subtests run
	t.Parallel()
	c := newCluster(t)

	t.Run("conforms", func(t *testing.T) { //nolint:paralleltest // see above
		for _, addr := range c.addrs {
			addReader(t, addr, "")
		}
		conforms(t, func(user string) redis.UniversalClient {
			o := &redis.ClusterOptions{Addrs: c.addrs, ContextTimeoutEnabled: true}
			if user != "" {
				o.Username, o.Password = user, "hunter2"
			}
			return redis.NewClusterClient(o)
		}, nil)
	})

	t.Run("reads from the primary with a client that prefers replicas", func(t *testing.T) { //nolint:paralleltest // see above
		write(t, openOn(t, c.client(t, nil), redisstore.Options{App: "shop"}), "first")
		st := openOn(t, c.client(t, func(o *redis.ClusterOptions) { o.ReadOnly, o.RouteRandomly = true, true }), redisstore.Options{App: "shop"})
		for range 50 {
			require.Equal(t, "first", get(t, st))
			put(t, st, "a")
			require.Equal(t, []string{"a"}, keysOf(t, st))
		}
		stats, err := c.replica.Info(t.Context(), "commandstats").Result()
		require.NoError(t, err)
		require.NotContains(t, stats, "cmdstat_eval")
	})

	t.Run("needs the documented rights", func(t *testing.T) { //nolint:paralleltest // see above
		var rule []any
		for _, word := range documented(t) {
			rule = append(rule, strings.ReplaceAll(word.(string), "shop", "blog"))
		}
		for _, addr := range c.addrs {
			setUser(t, addr, append(rule, "+cluster", "+command", "+readonly"))
		}
		st := openOn(t, c.client(t, func(o *redis.ClusterOptions) {
			o.Username, o.Password, o.ReadOnly = "blog", "PASSWORD", true
		}), redisstore.Options{App: "blog"})
		st.Hurry()
		woken := subscribe(t, st)
		requireWoken(t, woken, "it is subscribed")
		require.True(t, hinted(st)())
		require.NoError(t, everything(t, st))
	})

	t.Run("waits for a replica", func(t *testing.T) { //nolint:paralleltest // see above
		one := openOn(t, c.client(t, nil), redisstore.Options{App: "shop", WaitReplicas: 1})
		write(t, one, "second")
		two := openOn(t, c.client(t, nil), redisstore.Options{App: "shop", WaitReplicas: 2})
		require.ErrorIs(t, two.Swap(t.Context(), tokenOf("second"), []byte("third")), store.ErrUnconfirmed)
	})

	t.Run("survives the death of the primary", func(t *testing.T) { //nolint:paralleltest // see above
		st := openOn(t, c.client(t, nil), redisstore.Options{App: "shop"})
		st.Hurry()
		woken := subscribe(t, st)
		soon(t, hinted(st), "hints never arrived")
		token := tokenOf(get(t, st))
		c.primary.Kill(t)
		_, err := st.Get(t.Context(), token)
		require.Error(t, err)
		require.NotErrorIs(t, err, store.ErrLost)
		require.NoError(t, c.replica.Do(t.Context(), "CLUSTER", "FAILOVER", "TAKEOVER").Err())
		soon(t, func() bool {
			_, err := st.Get(t.Context(), token)
			return errors.Is(err, store.ErrUnchanged)
		}, "the store is not back")
		soon(t, hinted(st), "hints never arrived again")
		requireWoken(t, woken, "there is a new connection")
		write(t, st, "after the failover")
		requireWoken(t, woken, "there was a write")
	})
}
