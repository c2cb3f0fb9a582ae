package redisstore_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/stores/redisstore"
)

// behind is a store of the same application as direct, through a proxy, with a connection
// that is open already.
func behind(t *testing.T, addr string, maxRetries int) (*proxy, *redisstore.Store) {
	t.Helper()
	p := newProxy(t, addr)
	st := openOn(t, connect(t, &redis.Options{
		Addr: p.addr, MaxRetries: maxRetries, ContextTimeoutEnabled: true,
		PoolSize: 1, DisableIdentity: true,
	}), redisstore.Options{App: "shop"})
	_, err := st.Load(t.Context(), core.Mark{})
	require.NoError(t, err)
	return p, st
}

const never = -1 // of go-redis: no second attempt

func TestACutAnswerToAReadIsNeverAState(t *testing.T) {
	t.Parallel()
	server, direct, _ := down(t)
	want, err := direct.Load(t.Context(), core.Mark{})
	require.NoError(t, err)
	p, st := behind(t, server.Addr, never)
	for after := int64(1); after < 300; after += 23 {
		p.cutAfter.Store(after)
		_, err := st.Load(t.Context(), core.Mark{})
		require.Error(t, err, "cut after %d bytes", after)
		require.NotErrorIs(t, err, core.ErrLost)
		require.NotErrorIs(t, err, core.ErrUnchanged)
		got, err := st.Load(t.Context(), core.Mark{})
		require.NoError(t, err)
		require.Equal(t, want.Document, got.Document)
	}
}

func TestAWriteWhoseAnswerIsCutIsDoneOnce(t *testing.T) {
	t.Parallel()
	for name, retries := range map[string]int{"the client sends it again": 3, "the client gives up": never} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, direct, _ := down(t)
			p, st := behind(t, server.Addr, retries)
			state, err := st.Load(t.Context(), core.Mark{})
			require.NoError(t, err)
			next := *state.Document
			next.Revision, next.WriteID, next.CloseRev = 3, "ours", 3

			p.cutAfter.Store(3)
			err = st.Commit(t.Context(), state.Mark, &next, entryOf(&next))

			if retries == never {
				require.Error(t, err, "nobody knows")
				require.NotErrorIs(t, err, core.ErrConflict)
			} else {
				require.NoError(t, err, "it was recognised as done")
			}
			after, err := direct.Load(t.Context(), core.Mark{})
			require.NoError(t, err)
			require.Equal(t, core.Mark{StoreID: state.Mark.StoreID, Revision: 3, WriteID: "ours"}, after.Mark)
			require.Equal(t, []int64{3, 2, 1}, logged(t, direct), "its entry is there, once")
		})
	}
}

func TestARepeatedWriteIsRecognisedUnderTheWritesOfOthers(t *testing.T) {
	t.Parallel()
	server, direct, _ := down(t)
	p, st := behind(t, server.Addr, 3)
	others := make(chan error, 1)
	p.atTheCut = func() {
		var errs []error
		for range 5 {
			_, err := core.Schedule(t.Context(), direct, core.WindowOptions{
				Actor: "bob", Start: time.Now().Add(time.Hour), End: time.Now().Add(2 * time.Hour),
			})
			errs = append(errs, err)
		}
		others <- errors.Join(errs...)
	}
	state, err := st.Load(t.Context(), core.Mark{})
	require.NoError(t, err)
	next := *state.Document
	next.Revision, next.WriteID, next.CloseRev = 3, "ours", 3
	p.cutAfter.Store(3)
	require.NoError(t, st.Commit(t.Context(), state.Mark, &next, entryOf(&next)), "a conflict would make the caller do it again")
	require.NoError(t, <-others)
	after, err := direct.Load(t.Context(), core.Mark{})
	require.NoError(t, err)
	require.EqualValues(t, 8, after.Mark.Revision)
	require.Len(t, after.Document.Periods, 6)
	require.Equal(t, []int64{8, 7, 6, 5, 4, 3, 2, 1}, logged(t, direct), "the write that was sent twice has one entry")
}

func TestAVerbWhoseAnswerIsCutIsDoneOnce(t *testing.T) {
	t.Parallel()
	server, direct, _ := down(t)
	p, st := behind(t, server.Addr, never)
	cut := &cutCommit{Store: st, p: p}
	_, err := core.Schedule(t.Context(), cut, core.WindowOptions{
		Actor: "ann", Start: time.Now().Add(time.Hour), End: time.Now().Add(2 * time.Hour),
	})
	require.NoError(t, err, "it was read back")
	require.Error(t, cut.err)
	state, err := direct.Load(t.Context(), core.Mark{})
	require.NoError(t, err)
	require.Len(t, state.Document.Periods, 2)
}

// cutCommit cuts the answer to each Commit.
type cutCommit struct {
	core.Store
	p   *proxy
	err error
}

func (c *cutCommit) Commit(ctx context.Context, base core.Mark, next *core.Document, entry core.Entry) error {
	c.p.cutAfter.Store(3)
	c.err = c.Store.Commit(ctx, base, next, entry)
	return c.err
}

func TestAReportWhoseAnswerIsCutIsNotLostSilently(t *testing.T) {
	t.Parallel()
	server, direct, _ := down(t)
	p, st := behind(t, server.Addr, never)
	p.cutAfter.Store(3)
	_, _, err := st.Report(t.Context(), core.Instance{ID: "a"}, time.Minute)
	require.Error(t, err)
	_, _, err = st.Report(t.Context(), core.Instance{ID: "a"}, time.Minute)
	require.NoError(t, err)
	_, rows, err := direct.Instances(t.Context())
	require.NoError(t, err)
	require.Len(t, rows, 1)
}
