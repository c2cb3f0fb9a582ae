package operator_test

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/memstore"
)

// here is a follower that begins at the present position.
func here(s operator.State) period.Follower {
	return period.Follower{Revision: s.Document.Revision, At: s.Time}
}

func TestOneProcessFollowsUnderAName(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		op := operator.Operator{Store: memstore.New(), Actor: "ann"}
		_, err := op.Follow(t.Context(), "ops", "none", here)
		require.ErrorIs(t, err, operator.ErrNothingWritten)
		_, err = op.Init(t.Context(), operator.InitOptions{})
		require.NoError(t, err)
		first, err := op.Lease(t.Context())
		require.NoError(t, err)
		second, err := op.Lease(t.Context())
		require.NoError(t, err)
		defer second.Release()
		f, err := op.Follow(t.Context(), "ops", first.Key, here)
		require.NoError(t, err)
		require.Equal(t, period.Follower{Name: "ops", Holder: first.Key, Revision: 1, At: f.At}, f)
		_, err = op.Follow(t.Context(), "ops", first.Key, nil)
		require.NoError(t, err, "it is idempotent")

		time.Sleep(time.Hour) // the lease is renewed
		_, err = op.Follow(t.Context(), "ops", second.Key, here)
		require.ErrorIs(t, err, operator.ErrFollowed)
		require.ErrorContains(t, err, "process ")
		_, err = op.Follow(t.Context(), "slack", second.Key, here)
		require.NoError(t, err, "another name")
		require.ErrorIs(t, op.Unfollow(t.Context(), "ops"), operator.ErrFollowed)
		require.ErrorIs(t, op.Unfollow(t.Context(), "pager"), operator.ErrNotFound)
		all, _, err := op.Followers(t.Context())
		require.NoError(t, err)
		require.Len(t, all, 2)
		require.True(t, all[0].Live)
		require.NotZero(t, all[0].Row.PID)

		first.Release()
		f.Revision, f.Told = 7, []string{"k"}
		require.NoError(t, op.Advance(t.Context(), first.Key, f))
		taken, err := op.Follow(t.Context(), "ops", second.Key, nil)
		require.NoError(t, err, "the first one left")
		require.Equal(t, int64(7), taken.Revision, "the position is kept")
		require.Equal(t, []string{"k"}, taken.Told)
		require.ErrorIs(t, op.Advance(t.Context(), first.Key, f), operator.ErrTakenOver)
		taken.Holder = ""
		require.NoError(t, op.Advance(t.Context(), second.Key, taken))
		require.NoError(t, op.Unfollow(t.Context(), "ops"))
		s, err := op.Read(t.Context())
		require.NoError(t, err)
		_, found := s.Document.Follower("ops")
		require.False(t, found)
	})
}

func TestAFollowerNeedsAGoodNameAndRows(t *testing.T) {
	t.Parallel()
	op := operator.Operator{Store: memstore.New(), Actor: "ann"}
	_, err := op.Follow(t.Context(), "a b", "x", here)
	require.ErrorAs(t, err, new(*period.FieldError))
	var plain struct{ store.Store }
	plain.Store = op.Store
	op.Store = plain
	_, err = op.Follow(t.Context(), "ops", "x", here)
	require.ErrorIs(t, err, operator.ErrNoRows)
	_, err = op.Lease(t.Context())
	require.ErrorIs(t, err, operator.ErrNoRows)
	_, _, err = op.Followers(t.Context())
	require.ErrorIs(t, err, operator.ErrNoRows)
}

// TestAFollowerDisturbsNoGate: a follower writes a position each second for an hour.
func TestAFollowerDisturbsNoGate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New()
		op := operator.Operator{Store: st, Actor: "ann"}
		var transitions atomic.Int64
		g, err := core.New(core.Config{
			Store: st, Logger: slog.New(slog.DiscardHandler),
			OnTransition: func(core.Transition) { transitions.Add(1) },
		})
		require.NoError(t, err)
		defer func() { require.NoError(t, g.Shutdown(context.WithoutCancel(t.Context()))) }()
		res, err := op.Start(t.Context(), operator.StartOptions{Holder: "ann"})
		require.NoError(t, err)
		time.Sleep(time.Minute)
		lease, err := op.Lease(t.Context())
		require.NoError(t, err)
		defer lease.Release()
		f, err := op.Follow(t.Context(), "ops", lease.Key, here)
		require.NoError(t, err)
		rowOf := func() period.Row {
			j, err := op.Fleet(t.Context())
			require.NoError(t, err)
			require.Len(t, j.Instances, 1)
			require.Equal(t, operator.Current, j.Instances[0].Standing)
			return j.Instances[0].Row
		}
		seq, before, count := rowOf().Seq, g.Status(), transitions.Load()
		for range 3600 {
			time.Sleep(time.Second)
			f.At = time.Now().UTC()
			require.NoError(t, op.Advance(t.Context(), lease.Key, f))
		}
		after, row := g.Status(), rowOf()
		require.Equal(t, count, transitions.Load(), "no transition")
		require.Equal(t, before.Revision, after.Revision)
		require.False(t, after.HandEdited)
		require.False(t, after.Regressed)
		require.Equal(t, before.Unhinted, after.Unhinted)
		require.Equal(t, []string{res.Period.ID}, row.Drained, "it stays drained")
		require.Less(t, row.Seq-seq, int64(360), "the row is renewed each 15 s, and not with each position")

		// For an operator the document is the same one.
		_, err = op.End(t.Context(), operator.EndOptions{All: true, IfRevision: new(res.After.Revision)})
		require.NoError(t, err)
		s, err := op.Read(t.Context())
		require.NoError(t, err)
		kept, found := s.Document.Follower("ops")
		require.True(t, found, "a write keeps the followers")
		require.Equal(t, f.At.Truncate(time.Microsecond), kept.At)
		entries, err := op.Log(t.Context(), 0)
		require.NoError(t, err)
		require.Len(t, entries, 2, "the log has no entry of a follower")
		require.False(t, entries[0].HandEdited)
	})
}

func TestAFollowerIsRefusedIfALiveInstanceCannotReadIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New()
		op := operator.Operator{Store: st, Actor: "ann"}
		_, err := op.Init(t.Context(), operator.InitOptions{})
		require.NoError(t, err)
		var reads []string
		for _, name := range period.Reads() {
			if name != "followers" {
				reads = append(reads, name)
			}
		}
		b, err := period.Row{ID: "old", Host: "web1", PID: 7, State: period.Open, Reads: reads}.Encode()
		require.NoError(t, err)
		_, _, err = st.PutRow(t.Context(), "old", b, time.Minute)
		require.NoError(t, err)
		_, err = op.Follow(t.Context(), "ops", "x", here)
		require.ErrorIs(t, err, operator.ErrNotReadableByAll)
		require.ErrorContains(t, err, "web1/7 (version unknown) does not implement followers")
		op.Force = true
		_, err = op.Follow(t.Context(), "ops", "x", here)
		require.NoError(t, err)
	})
}

// TestFollowersAndOperatorsDoNotOverwriteEachOther: both write at the same time.
func TestFollowersAndOperatorsDoNotOverwriteEachOther(t *testing.T) {
	t.Parallel()
	op := operator.Operator{Store: memstore.New(), Actor: "ann"}
	_, err := op.Init(t.Context(), operator.InitOptions{})
	require.NoError(t, err)
	const writes = 50
	done := make(chan error, 3)
	for _, name := range []string{"ops", "slack"} {
		go func() {
			f, err := op.Follow(t.Context(), name, name, here)
			for n := range int64(writes) {
				if err == nil {
					f.Revision = n
					err = op.Advance(t.Context(), name, f)
				}
			}
			done <- err
		}()
	}
	go func() {
		var err error
		for range writes {
			if err == nil {
				_, err = op.Start(t.Context(), operator.StartOptions{Holder: "ann"})
			}
		}
		done <- err
	}()
	for range 3 {
		require.NoError(t, <-done)
	}
	s, err := op.Read(t.Context())
	require.NoError(t, err)
	require.Equal(t, int64(writes+1), s.Document.Revision)
	require.Len(t, s.Document.Followers, 2)
	for _, f := range s.Document.Followers {
		require.Equal(t, int64(writes-1), f.Revision)
	}
}
