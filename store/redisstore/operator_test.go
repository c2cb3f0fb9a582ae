package redisstore_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/internal/testservers"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/redisstore"
)

// start initializes st, takes the site down, and returns the operator who did.
func start(t *testing.T, st store.Store) operator.Operator {
	t.Helper()
	ann := operator.Operator{Store: st, Actor: "ann"}
	_, err := ann.Init(t.Context(), operator.InitOptions{})
	require.NoError(t, err)
	_, err = ann.Start(t.Context(), operator.StartOptions{})
	require.NoError(t, err)
	return ann
}

// down is a store on a new server, with a deployment in force.
func down(t *testing.T, args ...string) (*testservers.Server, *redisstore.Store, operator.Operator) {
	t.Helper()
	server := testservers.Redis(t, args...)
	st, _ := open(t, server.Addr)
	return server, st, start(t, st)
}

// logged are the revisions in the log, the newest first.
func logged(t *testing.T, o operator.Operator) []int64 {
	t.Helper()
	entries, err := o.Log(t.Context(), 0)
	require.NoError(t, err)
	revisions := []int64{}
	for _, e := range entries {
		revisions = append(revisions, e.Revision)
	}
	return revisions
}

// cutSwap cuts the answer to each Swap, and then lets another operator write.
type cutSwap struct {
	*redisstore.Store

	p    *proxy
	then func() error
	err  error
}

func (c *cutSwap) Swap(ctx context.Context, old store.Token, next []byte) error {
	c.p.cutAfter.Store(3)
	c.err = c.Store.Swap(ctx, old, next)
	return errors.Join(c.err, c.then())
}

func TestAnOperatorsWriteWhoseAnswerIsCutIsDoneOnce(t *testing.T) {
	t.Parallel()
	in := func(d time.Duration) time.Time { return time.Now().Add(d) }
	window := operator.WindowOptions{Start: in(time.Hour), End: in(2 * time.Hour)}
	for name, tc := range map[string]struct{ retries, others int }{
		"the client gives up":                                       {never, 0},
		"the client would send it again":                            {3, 0},
		"the client would send it again, over the writes of others": {3, 5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, _, bob := down(t)
			p, st := behind(t, server.Addr, tc.retries)
			cut := &cutSwap{Store: st, p: p, then: func() error {
				var errs []error
				for range tc.others {
					_, err := bob.Schedule(context.Background(), window)
					errs = append(errs, err)
				}
				return errors.Join(errs...)
			}}
			_, err := operator.Operator{Store: cut, Actor: "cat"}.Schedule(t.Context(), window)
			require.NoError(t, err, "it was read back")
			require.Error(t, cut.err)
			state, err := bob.Read(t.Context())
			require.NoError(t, err)
			require.Len(t, state.Document.Periods, 2+tc.others)
			require.Len(t, logged(t, bob), 3+tc.others, "the write has one entry")
			require.EqualValues(t, 3+tc.others, state.Document.Revision)
		})
	}
}

func TestAWriteThatWasRefusedIsNotInTheLog(t *testing.T) {
	t.Parallel()
	server, _, ann := down(t)
	setUser(t, server.Addr, append(documented(t), "-hset", "-hdel", "-publish"))
	client := connect(t, &redis.Options{Addr: server.Addr, Username: "shop", Password: "PASSWORD"})
	reader := openOn(t, client, redisstore.Options{App: "shop"})
	_, err := operator.Operator{Store: reader, Actor: "bob"}.Start(t.Context(), operator.StartOptions{})
	require.ErrorIs(t, err, store.ErrReadOnly)
	require.Equal(t, []int64{2, 1}, logged(t, ann))
	require.Equal(t, []int64{2, 1}, logged(t, operator.Operator{Store: reader}), "a user who may only read may read the log")
}
