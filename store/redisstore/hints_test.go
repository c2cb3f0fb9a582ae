package redisstore_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/internal/testservers"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/redisstore"
)

// listener is a store in a hurry with one subscriber.
func listener(t *testing.T, o *redis.Options) (*redisstore.Store, <-chan struct{}) {
	t.Helper()
	st := openOn(t, connect(t, o), redisstore.Options{App: "shop"})
	st.Hurry()
	return st, subscribe(t, st)
}

// subscribe gets a signal for each wake; several may be one signal.
func subscribe(t *testing.T, st store.Hinter) <-chan struct{} {
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
		require.Fail(t, "no wake", why)
	}
}

const (
	pollHinted = 15 * time.Second
	pollAlone  = time.Second
)

func TestAWriteWakesAllSubscribers(t *testing.T) {
	t.Parallel()
	server, writer, _ := written(t)
	for name, o := range map[string]*redis.Options{
		"RESP2": {Addr: server.Addr, Protocol: 2},
		"RESP3": {Addr: server.Addr, Protocol: 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := openOn(t, connect(t, o), redisstore.Options{App: "shop"})
			require.Equal(t, pollAlone, st.Info().Poll, "there is no subscription")
			ok, note := st.Hints()
			require.False(t, ok)
			require.Equal(t, "no subscriber", note)

			woken, second := subscribe(t, st), subscribe(t, st)
			requireWoken(t, woken, "it is subscribed")
			requireWoken(t, second, "it is subscribed")
			require.Equal(t, pollHinted, st.Info().Poll)
			ok, note = st.Hints()
			require.True(t, ok)
			require.Equal(t, "subscribed", note)

			write(t, writer, name)
			requireWoken(t, woken, "there was a write")
			requireWoken(t, second, "there was a write")
		})
	}
}

func TestAHealthyConnectionStays(t *testing.T) {
	t.Parallel()
	server, _, client := written(t)
	for _, protocol := range []int{2, 3} {
		st, woken := listener(t, &redis.Options{Addr: server.Addr, Protocol: protocol})
		requireWoken(t, woken, "it is subscribed")
		time.AfterFunc(20*st.Heartbeat(), func() { client.Publish(context.Background(), changed, "the end") })
		requireWoken(t, woken, "the end")
		require.True(t, hinted(st)())
		require.Zero(t, st.Missed())
	}
	list, err := client.ClientList(t.Context()).Result()
	require.NoError(t, err)
	require.Equal(t, 2, strings.Count(list, "sub=2"), "each has one connection, the first:\n%s", list)
	require.Equal(t, 2, strings.Count(list, "cmd=ping"), "and asks on that very connection:\n%s", list)
}

func TestAServerThatIsNotThereYetIsFoundLater(t *testing.T) {
	t.Parallel()
	server, _, _ := written(t, "--appendonly", "yes", "--appendfsync", "always")
	server.Stop(t)
	st, woken := listener(t, &redis.Options{Addr: server.Addr})
	soon(t, func() bool {
		_, note := st.Hints()
		return strings.Contains(note, "refused")
	}, "the note does not name the fault")
	require.Equal(t, pollAlone, st.Info().Poll)
	server.Start(t)
	requireWoken(t, woken, "it is subscribed")
	require.Equal(t, pollHinted, st.Info().Poll)
}

func TestAWriteInTheGapIsReadAfterIt(t *testing.T) {
	t.Parallel()
	server, writer, client := written(t)
	st, _ := listener(t, &redis.Options{Addr: server.Addr})
	reads := make(chan store.Token, 100)
	t.Cleanup(st.Subscribe(func() { // each wake is one read, and there is no poll
		go func() {
			if blob, err := st.Get(context.Background(), ""); err == nil {
				reads <- blob.Token
			}
		}()
	}))
	soon(t, hinted(st), "hints never arrived")
	for round := range 5 {
		require.NoError(t, client.ClientKillByFilter(t.Context(), "TYPE", "pubsub").Err())
		want := write(t, writer, fmt.Sprint("round ", round))
		for found := store.Token(""); found != want; {
			select {
			case found = <-reads:
			case <-time.After(patience):
				require.Fail(t, "no wake after the gap")
			}
		}
		soon(t, hinted(st), "hints never arrived again")
	}
}

func TestASilentPeerIsNoticedByTheHeartbeat(t *testing.T) {
	t.Parallel()
	server, writer, _ := written(t)
	p := newProxy(t, server.Addr)
	st, woken := listener(t, &redis.Options{Addr: p.addr, ReadTimeout: time.Second})
	requireWoken(t, woken, "it is subscribed")

	p.mute() // the present connections; a new one works
	write(t, writer, "second")
	requireWoken(t, woken, "the connection is in doubt")
	soon(t, hinted(st), "hints never arrived again")
	requireWoken(t, woken, "there is a new connection")
}

func TestAFrozenServerIsNoticedAndFoundAgain(t *testing.T) {
	t.Parallel()
	server, _, _ := written(t)
	st, woken := listener(t, &redis.Options{Addr: server.Addr, ReadTimeout: time.Second})
	requireWoken(t, woken, "it is subscribed")
	server.Freeze(t)
	requireWoken(t, woken, "the connection is in doubt")
	ok, note := st.Hints()
	require.False(t, ok)
	require.Contains(t, note, "no answer from the server")
	require.Equal(t, pollAlone, st.Info().Poll)
	server.Thaw(t)
	requireWoken(t, woken, "there is a new connection")
	require.Equal(t, pollHinted, st.Info().Poll)
}

func TestAWriteThatNoMessageAnnouncedIsCountedAndEndsTheConnection(t *testing.T) {
	t.Parallel()
	for name, have := range map[string]store.Token{
		"by a read of the document": tokenOf("first"),
		"by a read of its token":    tokenOf("second"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, writer, _ := written(t)
			p := newProxy(t, server.Addr)
			st, woken := listener(t, &redis.Options{Addr: p.addr})
			requireWoken(t, woken, "it is subscribed")

			p.forgetful.Store(func(answer []byte) bool { return bytes.Contains(answer, []byte(changed)) })
			write(t, writer, "second")
			soon(t, func() bool {
				_, _ = st.Get(t.Context(), have)
				return st.Missed() == 1
			}, "it was not counted")
			p.forgetful.Store(func([]byte) bool { return false })
			requireWoken(t, woken, "the connection is in doubt")
			soon(t, func() bool {
				_, note := st.Hints()
				return strings.HasPrefix(note, "subscribed") && strings.Contains(note, "polls found 1 write")
			}, "there is no new subscription, or it hides the loss")
			require.False(t, hinted(st)(), "for a minute")
			require.Equal(t, pollAlone, st.Info().Poll)
			_, err := st.Get(t.Context(), "")
			require.NoError(t, err)
			require.Equal(t, 1, st.Missed(), "it is counted once")
		})
	}
}

func TestAWriteOfBeforeTheConnectionIsNotMissed(t *testing.T) {
	t.Parallel()
	server, writer, client := written(t)
	write(t, writer, "second")
	st, woken := listener(t, &redis.Options{Addr: server.Addr})
	requireWoken(t, woken, "it is subscribed")

	_, err := st.Get(t.Context(), tokenOf("first"))
	require.NoError(t, err)
	requirePeace(t, st, woken, client)
	write(t, writer, "third")
	requireWoken(t, woken, "there was a write")
	_, err = st.Get(t.Context(), tokenOf("first"))
	require.NoError(t, err)
	requirePeace(t, st, woken, client)
}

// TestAReadThatBeganBeforeTheConnectionIsNotMissed holds an answer back until the session
// begins. The session knows nothing about the token in it.
func TestAReadThatBeganBeforeTheConnectionIsNotMissed(t *testing.T) {
	t.Parallel()
	server, writer, client := written(t)
	var held hold
	slow := connect(t, &redis.Options{Addr: server.Addr, ContextTimeoutEnabled: true})
	slow.AddHook(&held)
	st := openOn(t, slow, redisstore.Options{App: "shop"})
	st.Hurry()

	held.next()
	read := make(chan string, 1)
	go func() {
		blob, _ := st.Get(context.Background(), "")
		read <- string(blob.Bytes)
	}()
	<-held.answered
	write(t, writer, "second")
	woken := subscribe(t, st)
	requireWoken(t, woken, "it is subscribed")
	close(held.release)
	require.Equal(t, "first", <-read)
	requirePeace(t, st, woken, client)
}

// TestAReadOfAReplacedTokenIsNotMissed holds an answer back until two more writes were announced.
func TestAReadOfAReplacedTokenIsNotMissed(t *testing.T) {
	t.Parallel()
	server, writer, client := written(t)
	var held hold
	slow := connect(t, &redis.Options{Addr: server.Addr, ContextTimeoutEnabled: true})
	slow.AddHook(&held)
	st := openOn(t, slow, redisstore.Options{App: "shop"})
	st.Hurry()
	woken := subscribe(t, st)
	requireWoken(t, woken, "it is subscribed")

	write(t, writer, "second")
	requireWoken(t, woken, "there was a write")
	held.next()
	read := make(chan string, 1)
	go func() {
		blob, _ := st.Get(context.Background(), tokenOf("first"))
		read <- string(blob.Bytes)
	}()
	<-held.answered
	for _, text := range []string{"third", "fourth"} {
		write(t, writer, text)
		requireWoken(t, woken, "there was a write")
	}
	close(held.release)
	require.Equal(t, "second", <-read)
	requirePeace(t, st, woken, client)
}

// hold is a hook that holds back the answer to the first HMGET after next: a document.
type hold struct {
	counter

	armed             chan struct{}
	answered, release chan struct{}
}

func (h *hold) next() {
	h.answered, h.release = make(chan struct{}), make(chan struct{})
	h.armed = make(chan struct{}, 1)
	h.armed <- struct{}{}
}

func (h *hold) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := next(ctx, cmd)
		if cmd.Name() == "hmget" {
			select {
			case <-h.armed:
				close(h.answered)
				<-h.release
			default:
			}
		}
		return err
	}
}

// requirePeace fails unless the connection stays for longer than it waits for any message,
// and counts no missed hint.
func requirePeace(t *testing.T, st *redisstore.Store, woken <-chan struct{}, client *redis.Client) {
	t.Helper()
	began := time.Now()
	time.AfterFunc(20*st.Heartbeat(), func() { client.Publish(context.Background(), changed, "the end") })
	requireWoken(t, woken, "the end")
	require.GreaterOrEqual(t, time.Since(began), 20*st.Heartbeat(), "something was wrong before")
	require.True(t, hinted(st)())
	require.Zero(t, st.Missed())
}

func TestAServerThatDeliversNothingIsNeverHealthy(t *testing.T) {
	t.Parallel()
	server, _, _ := written(t)
	p := newProxy(t, server.Addr)
	p.forgetful.Store(func(answer []byte) bool { return bytes.Contains(answer, []byte("\r\nmessage\r\n")) })
	st, _ := listener(t, &redis.Options{Addr: p.addr})
	soon(t, func() bool {
		ok, note := st.Hints()
		require.False(t, ok)
		return strings.Contains(note, "a message to itself has not come back")
	}, "the note does not name the fault")
	require.Equal(t, pollAlone, st.Info().Poll)
}

func TestAnythingOnTheChannelIsAHint(t *testing.T) {
	t.Parallel()
	server := testservers.Redis(t)
	st, woken := listener(t, &redis.Options{Addr: server.Addr})
	requireWoken(t, woken, "it is subscribed, also where nothing was ever written")
	write(t, st, "first")
	requireWoken(t, woken, "there was a write")
	client := connect(t, &redis.Options{Addr: server.Addr})
	for i, text := range slices.Repeat([]string{"", "a", "a b c", strings.Repeat("x ", 100_000)}, 10) {
		if i == 0 {
			text = string(tokenOf("another"))
		}
		require.NoError(t, client.Publish(t.Context(), changed, text).Err())
		requireWoken(t, woken, "there was a message")
	}
	require.Equal(t, "first", get(t, st))
	requirePeace(t, st, woken, client)
}

// TestAPollBeforeTheMessageIsNotMissed delays the message until polls have found the write.
func TestAPollBeforeTheMessageIsNotMissed(t *testing.T) {
	t.Parallel()
	server, writer, client := written(t)
	p := newProxy(t, server.Addr)
	st := openOn(t, connect(t, &redis.Options{Addr: p.addr}), redisstore.Options{App: "shop"})
	woken := subscribe(t, st)
	requireWoken(t, woken, "it is subscribed")

	release := make(chan struct{})
	p.forgetful.Store(func(answer []byte) bool {
		if bytes.Contains(answer, []byte(changed)) {
			<-release
		}
		return false
	})
	write(t, writer, "second")
	for range 10 {
		require.Equal(t, "second", get(t, st))
	}
	close(release)
	requireWoken(t, woken, "there was a write")
	time.AfterFunc(2500*time.Millisecond, func() { client.Publish(context.Background(), changed, "after the deadline of a message") })
	requireWoken(t, woken, "the end")
	require.True(t, hinted(st)())
	require.Zero(t, st.Missed())
}

func TestACanceledSubscriberHearsNothing(t *testing.T) {
	t.Parallel()
	server, writer, _ := written(t)
	st, woken := listener(t, &redis.Options{Addr: server.Addr})
	requireWoken(t, woken, "it is subscribed")
	heard := make(chan struct{}, 100)
	cancel := st.Subscribe(func() { heard <- struct{}{} })
	cancel()
	cancel()
	write(t, writer, "second")
	requireWoken(t, woken, "there was a write")
	require.Empty(t, heard)
}
