package redisstore_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/stores/redisstore"
)

// plant writes a row whose lease ended so long ago, as an instance would have left it.
func plant(t *testing.T, client *redis.Client, id string, ago time.Duration) {
	t.Helper()
	lease := time.Now().Add(-ago).UnixMicro()
	text := fmt.Sprintf(`{"seen":%d,"lease":%d,"row":{"id":%q,"host":"web","refuses":[]}}`, lease-1, lease, id)
	require.NoError(t, client.HSet(t.Context(), instances, id, text).Err())
}

func idsOf(t *testing.T, st *redisstore.Store) []string {
	t.Helper()
	_, rows, err := st.Instances(t.Context())
	require.NoError(t, err)
	ids := []string{}
	for _, row := range rows {
		ids = append(ids, row.ID)
	}
	return ids
}

func TestSilentRowsAreKeptForADay(t *testing.T) {
	t.Parallel()
	_, st, client := down(t)
	plant(t, client, "an-hour", time.Hour)
	plant(t, client, "almost", core.PruneAfter-time.Minute)
	plant(t, client, "over", core.PruneAfter+time.Minute)
	require.ElementsMatch(t, []string{"an-hour", "almost"}, idsOf(t, st))
	require.EqualValues(t, 2, client.HLen(t.Context(), instances).Val(), "it was removed, not only left out")
}

func TestReportsRemoveWhatNobodyLooksAt(t *testing.T) {
	t.Parallel()
	_, st, client := down(t)
	plant(t, client, "an-hour", time.Hour)
	for i := range 100 {
		plant(t, client, fmt.Sprint("over-", i), core.PruneAfter+time.Minute)
	}
	soon(t, func() bool {
		_, _, err := st.Report(t.Context(), core.Instance{ID: "live"}, time.Minute)
		require.NoError(t, err)
		return client.HLen(t.Context(), instances).Val() == 2
	}, "old rows stay")
	require.ElementsMatch(t, []string{"an-hour", "live"}, idsOf(t, st))
}

func TestARowThatCannotBeReadIsNotOverlooked(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"no JSON":             "x",
		"no row":              `{"seen":1,"lease":9999999999999999}`,
		"a row without an id": `{"seen":1,"lease":9999999999999999,"row":{}}`,
		"stamps of words":     `{"seen":"a","lease":"b","row":{"id":"a"}}`,
		"nothing":             "",
		"another's row":       `{"seen":1,"lease":9999999999999999,"row":{"id":"a","drained":true}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, st, client := down(t)
			require.NoError(t, client.HSet(t.Context(), instances, "odd", text).Err())
			_, _, err := st.Report(t.Context(), core.Instance{ID: "a", Host: "web"}, time.Minute)
			require.NoError(t, err)
			_, rows, err := st.Instances(t.Context())
			require.NoError(t, err)
			require.Len(t, rows, 2)
			require.Equal(t, "odd", rows[0].ID)
			require.False(t, rows[0].Drained)
			require.Empty(t, rows[0].Refuses)
			require.Equal(t, text, client.HGet(t.Context(), instances, "odd").Val(), "it was touched")
		})
	}
}

func TestAStrangerInThePlaceOfTheRowsIsAnErrorAndLeftAlone(t *testing.T) {
	t.Parallel()
	_, st, client := down(t)
	require.NoError(t, client.RPush(t.Context(), instances, "a").Err())
	_, _, err := st.Report(t.Context(), core.Instance{ID: "a"}, time.Minute)
	require.ErrorContains(t, err, "WRONGTYPE")
	require.ErrorContains(t, err, instances)
	require.ErrorContains(t, st.Leave(t.Context(), "a"), "WRONGTYPE")
	_, _, err = st.Instances(t.Context())
	require.ErrorContains(t, err, "WRONGTYPE")
	require.Equal(t, []string{"a"}, client.LRange(t.Context(), instances, 0, -1).Val())
	_, err = st.Load(t.Context(), core.Mark{})
	require.NoError(t, err, "the document is not concerned")
}

func TestARowNeedsAnID(t *testing.T) {
	t.Parallel()
	_, st, _ := down(t)
	_, _, err := st.Report(t.Context(), core.Instance{}, time.Minute)
	require.ErrorContains(t, err, "id")
}

func TestScriptsThatTheServerForgotAreSentAgain(t *testing.T) {
	t.Parallel()
	_, st, client := down(t)
	for range 3 {
		require.NoError(t, client.ScriptFlush(t.Context()).Err())
		_, err := st.Load(t.Context(), core.Mark{})
		require.NoError(t, err)
		require.NoError(t, client.ScriptFlush(t.Context()).Err())
		_, err = core.Start(t.Context(), st, core.StartOptions{Holder: "ann"})
		require.NoError(t, err)
	}
}

// counter counts the commands that a client sends.
type counter struct{ n atomic.Int64 }

func (c *counter) DialHook(next redis.DialHook) redis.DialHook { return next }

func (c *counter) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		c.n.Add(1)
		return next(ctx, cmd)
	}
}

func (c *counter) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func TestAPollAndAReportAreOneCommandEach(t *testing.T) {
	t.Parallel()
	_, st, client := down(t)
	_, _, err := st.Report(t.Context(), core.Instance{ID: "a"}, time.Minute)
	require.NoError(t, err)
	state, err := st.Load(t.Context(), core.Mark{})
	require.NoError(t, err)
	var sent counter
	client.AddHook(&sent)
	_, err = st.Load(t.Context(), state.Mark)
	require.ErrorIs(t, err, core.ErrUnchanged)
	require.EqualValues(t, 1, sent.n.Load())
	mark, _, err := st.Report(t.Context(), core.Instance{ID: "a"}, time.Minute)
	require.NoError(t, err)
	require.Equal(t, state.Mark, mark)
	require.EqualValues(t, 2, sent.n.Load())
}
