package redisstore_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/redisstore"
)

// behind is a store of the application "shop" through a proxy, with an open connection.
func behind(t *testing.T, addr string, maxRetries int) (*proxy, *redisstore.Store) {
	t.Helper()
	p := newProxy(t, addr)
	st := openOn(t, connect(t, &redis.Options{
		Addr: p.addr, MaxRetries: maxRetries, ContextTimeoutEnabled: true,
		PoolSize: 1, DisableIdentity: true,
	}), redisstore.Options{App: "shop"})
	_, err := st.Get(t.Context(), "")
	require.NoError(t, err)
	return p, st
}

const never = -1 // of go-redis: no second attempt

func TestACutAnswerToAReadIsNeverAState(t *testing.T) {
	t.Parallel()
	server, direct, _ := written(t)
	put(t, direct, "a")
	p, st := behind(t, server.Addr, never)
	for after := int64(1); after < 90; after += 7 {
		p.cutAfter.Store(after)
		_, err := st.Get(t.Context(), "")
		require.Error(t, err, "cut after %d bytes", after)
		require.NotErrorIs(t, err, store.ErrLost)
		require.NotErrorIs(t, err, store.ErrUnchanged)
		require.Equal(t, "first", get(t, st))
		p.cutAfter.Store(after)
		_, err = st.ListRows(t.Context(), "")
		require.Error(t, err, "cut after %d bytes", after)
		require.Equal(t, []string{"a"}, keysOf(t, st))
	}
}

func TestASwapWhoseAnswerIsCutIsDoneOnceAndNoConflict(t *testing.T) {
	t.Parallel()
	for name, retries := range map[string]int{"the client would send it again": 3, "the client gives up": never} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, direct, _ := written(t)
			p, st := behind(t, server.Addr, retries)
			p.cutAfter.Store(3)
			err := st.Swap(t.Context(), tokenOf("first"), []byte("second"))
			require.Error(t, err, "whether it was written is unknown")
			require.NotErrorIs(t, err, store.ErrConflict)
			require.Equal(t, "second", get(t, direct))
			require.NoError(t, st.Swap(t.Context(), tokenOf("first"), []byte("second")), "the caller may repeat it")
			require.NoError(t, direct.Swap(t.Context(), tokenOf("second"), []byte("third")))
			require.ErrorIs(t, st.Swap(t.Context(), tokenOf("first"), []byte("second")), store.ErrConflict, "it is not the document any more")
			require.Equal(t, "third", get(t, direct))
		})
	}
}

// TestASwapIsNotRepeatedOverTheWritesOfOthers is about the client's own retries. They would
// find another document, and Swap would report a conflict although it had written.
func TestASwapIsNotRepeatedOverTheWritesOfOthers(t *testing.T) {
	t.Parallel()
	server, direct, _ := written(t)
	p, st := behind(t, server.Addr, 3)
	others := make(chan error, 1)
	p.atTheCut = func() { others <- direct.Swap(t.Context(), tokenOf("second"), []byte("third")) }
	p.cutAfter.Store(3)
	err := st.Swap(t.Context(), tokenOf("first"), []byte("second"))
	require.NoError(t, <-others)
	require.Error(t, err)
	require.NotErrorIs(t, err, store.ErrConflict, "the caller would make its change again")
	require.Equal(t, "third", get(t, direct))
}

func TestARowWhoseAnswerIsCutIsNotLostSilently(t *testing.T) {
	t.Parallel()
	server, direct, _ := written(t)
	p, st := behind(t, server.Addr, never)
	for i := range 2 {
		p.cutAfter.Store(3)
		key := fmt.Sprint("a", i)
		_, _, err := st.PutRow(t.Context(), key, []byte("row"), time.Minute)
		require.Error(t, err)
		put(t, st, key)
	}
	p.cutAfter.Store(3)
	require.Error(t, st.DeleteRow(t.Context(), "a0", []byte("left")))
	require.NoError(t, st.DeleteRow(t.Context(), "a0", []byte("left")))
	got := list(t, direct)
	require.Len(t, got, 2)
	require.Equal(t, store.Deleted, got[0].Life)
	require.Equal(t, store.Live, got[1].Life)
}
