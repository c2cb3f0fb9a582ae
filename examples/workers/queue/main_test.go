package main

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/internal/testservers"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/store/redisstore"
)

const patience = time.Minute

// TestAWorker: a drain waits for a job that runs. A job that comes meanwhile stays in the queue, and
// uses up no retry.
func TestAWorker(t *testing.T) {
	t.Parallel()
	client := redis.NewClient(&redis.Options{Addr: testservers.Redis(t).Addr, ContextTimeoutEnabled: true})
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	st, err := redisstore.New(client, redisstore.Options{App: "work"})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	op := operator.Operator{Store: st, Actor: "ann"}
	_, err = op.Init(t.Context(), operator.InitOptions{})
	require.NoError(t, err)
	gate, err := core.New(core.Config{Store: st, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, gate.Shutdown(context.WithoutCancel(t.Context()))) })

	begun, proceed := make(chan string, 10), make(chan struct{})
	server, handler := worker(client, gate, func(_ context.Context, mail string) error {
		begun <- mail
		<-proceed
		return nil
	})
	require.NoError(t, server.Start(handler))
	t.Cleanup(server.Shutdown)
	queue, inspector := asynq.NewClientFromRedisClient(client), asynq.NewInspectorFromRedisClient(client)
	enqueue := func(mail string) string {
		info, err := queue.EnqueueContext(t.Context(), asynq.NewTask("mail", []byte(mail)), asynq.MaxRetry(1))
		require.NoError(t, err)
		return info.ID
	}
	drained := func() (is bool, inFlight int64) {
		j, err := op.Fleet(t.Context())
		require.NoError(t, err)
		require.Len(t, j.Instances, 1)
		return j.IsDrained(j.Instances[0]), j.Instances[0].InFlight
	}

	enqueue("one")
	require.Equal(t, "one", <-begun)
	_, err = op.Start(t.Context(), operator.StartOptions{})
	require.NoError(t, err)
	require.Eventually(t, func() bool { return !gate.Status().Open }, patience, 10*time.Millisecond)
	id := enqueue("two")
	// Two refusals: with a failure each, the job would be archived after its only retry.
	var next time.Time
	for seen := 0; seen < 2; {
		info, err := inspector.GetTaskInfo("default", id)
		require.NoError(t, err)
		require.NotEqual(t, asynq.TaskStateArchived, info.State)
		if info.State == asynq.TaskStateRetry && !info.NextProcessAt.Equal(next) {
			require.Equal(t, errDown.Error(), info.LastErr)
			require.Zero(t, info.Retried)
			seen, next = seen+1, info.NextProcessAt
		}
	}
	is, inFlight := drained()
	require.False(t, is)
	require.EqualValues(t, 1, inFlight)

	close(proceed)
	require.Eventually(t, func() bool { is, _ := drained(); return is }, patience, 10*time.Millisecond)
	require.Empty(t, begun)
	_, err = op.End(t.Context(), operator.EndOptions{All: true})
	require.NoError(t, err)
	select {
	case mail := <-begun:
		require.Equal(t, "two", mail)
	case <-time.After(patience):
		require.Fail(t, "the job was not delivered again")
	}
}
