package redisstore_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/stores/redisstore"
	"github.com/go-downtime/downtime/stores/storetest/servers"
)

// listener is a store in a hurry with one subscriber.
func listener(t *testing.T, o *redis.Options) (*redisstore.Store, <-chan struct{}) {
	t.Helper()
	st := openOn(t, connect(t, o), redisstore.Options{App: "shop"})
	st.Hurry()
	return st, subscribe(t, st)
}

// subscribe gets a signal for each wake, of which some may be one.
func subscribe(t *testing.T, st core.Subscriber) <-chan struct{} {
	t.Helper()
	woken := make(chan struct{}, 1)
	t.Cleanup(st.Subscribe(func() {
		select {
		case woken <- struct{}{}:
		default:
		}
	}))
	return woken
}

func requireWoken(t *testing.T, woken <-chan struct{}, why string) {
	t.Helper()
	select {
	case <-woken:
	case <-time.After(patience):
		require.Fail(t, "nobody was woken", why)
	}
}

const (
	pushed = 15 * time.Second
	alone  = time.Second
)

func TestAWriteWakesEverybody(t *testing.T) {
	t.Parallel()
	server, writer, _ := down(t)
	for name, o := range map[string]*redis.Options{
		"RESP2": {Addr: server.Addr, Protocol: 2},
		"RESP3": {Addr: server.Addr, Protocol: 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := openOn(t, connect(t, o), redisstore.Options{App: "shop"})
			require.Equal(t, alone, st.PollInterval(), "nobody listens")
			is, note := st.PushState()
			require.False(t, is)
			require.Equal(t, "nobody has subscribed", note)

			woken, second := subscribe(t, st), subscribe(t, st)
			requireWoken(t, woken, "it is subscribed")
			requireWoken(t, second, "it is subscribed")
			require.Equal(t, pushed, st.PollInterval())
			is, note = st.PushState()
			require.True(t, is)
			require.Equal(t, "subscribed", note)

			_, err := core.Start(t.Context(), writer, core.StartOptions{Holder: name})
			require.NoError(t, err)
			requireWoken(t, woken, "there was a write")
			requireWoken(t, second, "there was a write")
		})
	}
}

func TestAHealthyConnectionStays(t *testing.T) {
	t.Parallel()
	server, _, client := down(t)
	for _, protocol := range []int{2, 3} {
		st, woken := listener(t, &redis.Options{Addr: server.Addr, Protocol: protocol})
		requireWoken(t, woken, "it is subscribed")
		time.AfterFunc(20*st.Heartbeat(), func() { client.Publish(context.Background(), changed, "the end") })
		requireWoken(t, woken, "the end")
		require.True(t, healthy(st)())
		require.Zero(t, st.MissedPushes())
	}
	list, err := client.ClientList(t.Context()).Result()
	require.NoError(t, err)
	require.Equal(t, 2, strings.Count(list, "sub=2"), "each has one connection, the first:\n%s", list)
	require.Equal(t, 2, strings.Count(list, "cmd=ping"), "and asks on that very connection:\n%s", list)
}

func TestAServerThatIsNotThereYetIsFoundLater(t *testing.T) {
	t.Parallel()
	server, _, _ := down(t, "--appendonly", "yes", "--appendfsync", "always")
	server.Stop(t)
	st, woken := listener(t, &redis.Options{Addr: server.Addr})
	soon(t, func() bool {
		_, note := st.PushState()
		return strings.Contains(note, "refused")
	}, "the state does not name the trouble")
	require.Equal(t, alone, st.PollInterval())
	gate := gateOn(t, st) // it starts all the same
	requireDown(t, gate)
	server.Start(t)
	requireWoken(t, woken, "it is subscribed")
	require.Equal(t, pushed, st.PollInterval())
}

func TestAWriteInTheGapIsReadAfterIt(t *testing.T) {
	t.Parallel()
	server, writer, client := down(t)
	st := openOn(t, connect(t, &redis.Options{Addr: server.Addr}), redisstore.Options{App: "shop"})
	gate, err := core.New(core.Config{Store: st, PollInterval: time.Hour, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	defer func() { require.NoError(t, gate.Shutdown(context.Background())) }()
	soon(t, healthy(st), "it never became healthy")
	requireDown(t, gate)
	for round := range 5 {
		require.NoError(t, client.ClientKillByFilter(t.Context(), "TYPE", "pubsub").Err())
		if round%2 == 0 {
			_, err = core.End(t.Context(), writer, core.EndOptions{Holder: "ann"})
		} else {
			_, err = core.Start(t.Context(), writer, core.StartOptions{Holder: "ann"})
		}
		require.NoError(t, err)
		soon(t, func() bool { // no poll will tell it: the store does, after the gap
			ticket, isOpen := gate.Enter(nil)
			if isOpen {
				ticket.Leave()
			}
			return isOpen == (round%2 == 0)
		}, "the gate has not heard of the write")
		soon(t, healthy(st), "it never became healthy again")
	}
}

func TestASilentPeerIsNoticedByTheHeartbeat(t *testing.T) {
	t.Parallel()
	server, writer, _ := down(t)
	p := newProxy(t, server.Addr)
	st, woken := listener(t, &redis.Options{Addr: p.addr, ReadTimeout: time.Second})
	requireWoken(t, woken, "it is subscribed")

	p.mute() // what is connected; a new connection works
	_, err := core.Start(t.Context(), writer, core.StartOptions{Holder: "bob"})
	require.NoError(t, err)
	requireWoken(t, woken, "the connection is in doubt")
	soon(t, healthy(st), "it never became healthy again")
	requireWoken(t, woken, "there is a new connection")
}

func TestAFrozenServerIsNoticedAndFoundAgain(t *testing.T) {
	t.Parallel()
	server, _, _ := down(t)
	st, woken := listener(t, &redis.Options{Addr: server.Addr, ReadTimeout: time.Second})
	requireWoken(t, woken, "it is subscribed")
	server.Freeze(t)
	requireWoken(t, woken, "the connection is in doubt")
	is, note := st.PushState()
	require.False(t, is)
	require.Contains(t, note, "no answer from the server")
	require.Equal(t, alone, st.PollInterval())
	server.Thaw(t)
	requireWoken(t, woken, "there is a new connection")
	require.Equal(t, pushed, st.PollInterval())
}

func TestAWriteThatNoMessageToldOfIsCountedAndEndsTheConnection(t *testing.T) {
	t.Parallel()
	server, writer, _ := down(t)
	p := newProxy(t, server.Addr)
	st, woken := listener(t, &redis.Options{Addr: p.addr})
	requireWoken(t, woken, "it is subscribed")
	state, err := st.Load(t.Context(), core.Mark{})
	require.NoError(t, err)

	p.forgetful.Store(func(answer []byte) bool { return bytes.Contains(answer, []byte(changed)) })
	_, err = core.Start(t.Context(), writer, core.StartOptions{Holder: "bob"})
	require.NoError(t, err)
	_, err = st.Load(t.Context(), state.Mark)
	require.NoError(t, err)
	soon(t, func() bool { return st.MissedPushes() == 1 }, "it was not counted")
	p.forgetful.Store(func([]byte) bool { return false })
	requireWoken(t, woken, "the connection is in doubt")
	soon(t, healthy(st), "it never became healthy again")
	require.Equal(t, alone, st.PollInterval(), "for a minute")
	_, note := st.PushState()
	require.Contains(t, note, "found by a poll")
}

func TestAWriteOfBeforeTheConnectionIsNoMissedPush(t *testing.T) {
	t.Parallel()
	server, writer, client := down(t)
	before, err := writer.Load(t.Context(), core.Mark{})
	require.NoError(t, err)
	_, err = core.Start(t.Context(), writer, core.StartOptions{Holder: "bob"})
	require.NoError(t, err)
	st, woken := listener(t, &redis.Options{Addr: server.Addr})
	requireWoken(t, woken, "it is subscribed")

	_, err = st.Load(t.Context(), before.Mark)
	require.NoError(t, err)
	requirePeace(t, st, woken, client)
	_, err = core.Start(t.Context(), writer, core.StartOptions{Holder: "bob"})
	require.NoError(t, err)
	requireWoken(t, woken, "there was a write")
	_, err = st.Load(t.Context(), before.Mark)
	require.NoError(t, err)
	requirePeace(t, st, woken, client)
}

// requirePeace fails unless the connection stays for longer than it waits for any message,
// and nothing is taken for a missed push.
func requirePeace(t *testing.T, st *redisstore.Store, woken <-chan struct{}, client *redis.Client) {
	t.Helper()
	began := time.Now()
	time.AfterFunc(20*st.Heartbeat(), func() { client.Publish(context.Background(), changed, "the end") })
	requireWoken(t, woken, "the end")
	require.GreaterOrEqual(t, time.Since(began), 20*st.Heartbeat(), "something was wrong before")
	require.True(t, healthy(st)())
	require.Zero(t, st.MissedPushes())
}

func TestAServerThatDeliversNothingIsNeverHealthy(t *testing.T) {
	t.Parallel()
	server, _, _ := down(t)
	p := newProxy(t, server.Addr)
	p.forgetful.Store(func(answer []byte) bool { return bytes.Contains(answer, []byte("\r\nmessage\r\n")) })
	st, _ := listener(t, &redis.Options{Addr: p.addr})
	soon(t, func() bool {
		is, note := st.PushState()
		require.False(t, is)
		return strings.Contains(note, "a message to oneself has not come back")
	}, "the state does not name the trouble")
	require.Equal(t, alone, st.PollInterval())
}

func TestAnythingOnTheChannelIsAHint(t *testing.T) {
	t.Parallel()
	server := servers.Redis(t)
	st, woken := listener(t, &redis.Options{Addr: server.Addr})
	requireWoken(t, woken, "it is subscribed, also where nothing was ever written")
	client := connect(t, &redis.Options{Addr: server.Addr})
	for _, text := range []string{"", "a", "a b c", "store 99999999999999999999 w", strings.Repeat("x ", 100_000)} {
		require.NoError(t, client.Publish(t.Context(), changed, text).Err())
		requireWoken(t, woken, "there was a message")
	}
	require.True(t, healthy(st)())
}

func TestACancelledSubscriberHearsNothing(t *testing.T) {
	t.Parallel()
	server, writer, _ := down(t)
	st, woken := listener(t, &redis.Options{Addr: server.Addr})
	requireWoken(t, woken, "it is subscribed")
	heard := make(chan struct{}, 100)
	cancel := st.Subscribe(func() { heard <- struct{}{} })
	cancel()
	cancel()
	_, err := core.Start(t.Context(), writer, core.StartOptions{Holder: "bob"})
	require.NoError(t, err)
	requireWoken(t, woken, "there was a write")
	require.Empty(t, heard)
}
