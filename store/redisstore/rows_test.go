package redisstore_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/redisstore"
)

// plant writes a row whose lease ended so long ago.
func plant(t *testing.T, client *redis.Client, key string, ago time.Duration) {
	t.Helper()
	lease := time.Now().Add(-ago).UnixMicro()
	require.NoError(t, client.HSet(t.Context(), rows, key, fmt.Sprintf("%d %d row\nold", lease-1, lease)).Err())
}

func keysOf(t *testing.T, st *redisstore.Store) []string {
	t.Helper()
	keys := []string{}
	for _, row := range list(t, st) {
		keys = append(keys, row.Key)
	}
	return keys
}

func TestExpiredRowsAreKeptForADay(t *testing.T) {
	t.Parallel()
	_, st, client := written(t)
	plant(t, client, "anhour", time.Hour)
	plant(t, client, "almost", store.KeepRow-time.Minute)
	plant(t, client, "over", store.KeepRow+time.Minute)
	require.Equal(t, []string{"almost", "anhour"}, keysOf(t, st))
	require.EqualValues(t, 2, client.HLen(t.Context(), rows).Val(), "it was removed, not only left out")
}

func TestPutRowRemovesOldRows(t *testing.T) {
	t.Parallel()
	_, st, client := written(t)
	plant(t, client, "anhour", time.Hour)
	for i := range 100 {
		plant(t, client, fmt.Sprint("over", i), store.KeepRow+time.Minute)
	}
	soon(t, func() bool {
		put(t, st, "live")
		return client.HLen(t.Context(), rows).Val() == 3
	}, "old rows stay")
	require.Equal(t, []string{"anhour", "live"}, keysOf(t, st), "the third field is the time of creation")
}

func TestATombstoneThatIsTooOldRefusesNothing(t *testing.T) {
	t.Parallel()
	_, st, client := written(t)
	for name, tc := range map[string]struct {
		age  time.Duration
		want error
	}{
		"younger": {store.KeepRow - time.Minute, store.ErrRowDeleted},
		"older":   {store.KeepRow + time.Minute, nil},
	} {
		deleted := time.Now().Add(-tc.age).UnixMicro()
		require.NoError(t, client.HSet(t.Context(), rows, "a", fmt.Sprintf("%d %d deleted\nleft", deleted, deleted)).Err())
		_, _, err := st.PutRow(t.Context(), "a", []byte("row"), time.Minute)
		require.ErrorIs(t, err, tc.want, name)
	}
}

func TestARowThatCannotBeReadIsNotOverlooked(t *testing.T) {
	t.Parallel()
	const far = "9999999999999999"
	for name, tc := range map[string]struct{ key, value string }{
		"nothing":                {"odd", ""},
		"no header":              {"odd", "x"},
		"a header without bytes": {"odd", "1 " + far + " row"},
		"stamps of words":        {"odd", "a b row\n{}"},
		"a stamp without end":    {"odd", "1 99999999999999999999999 row\n{}"},
		"one stamp":              {"odd", far + " row\n{}"},
		"an unknown kind":        {"odd", "1 " + far + " lease\n{}"},
		"a binary value":         {"odd", "\x00\xff\n\x00"},
		"a key of another kind":  {"no key!", "1 " + far + " row\n{}"},
		"a row that is too long": {"odd", "1 " + far + " row\n" + string(make([]byte, store.MaxRow+1))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, st, client := written(t)
			require.NoError(t, client.HSet(t.Context(), rows, tc.key, tc.value).Err())
			put(t, st, "a")
			for range 2 {
				got := list(t, st)
				require.Len(t, got, 2)
				require.Equal(t, []byte("row a"), got[0].Bytes)
				require.Equal(t, tc.key, got[1].Key)
				require.Equal(t, store.Expired, got[1].Life)
				require.Error(t, got[1].Err)
				require.Nil(t, got[1].Bytes)
				require.Zero(t, got[1].Lease)
			}
			require.Equal(t, tc.value, client.HGet(t.Context(), rows, tc.key).Val(), "it was touched")
		})
	}
}

func TestAStrangerInThePlaceOfTheRowsIsAnErrorAndLeftAlone(t *testing.T) {
	t.Parallel()
	_, st, client := written(t)
	require.NoError(t, client.RPush(t.Context(), rows, "a").Err())
	_, _, err := st.PutRow(t.Context(), "a", []byte("row"), time.Minute)
	require.ErrorContains(t, err, "WRONGTYPE")
	require.ErrorContains(t, err, rows)
	require.ErrorContains(t, st.DeleteRow(t.Context(), "a", nil), "WRONGTYPE")
	_, err = st.ListRows(t.Context(), "")
	require.ErrorContains(t, err, "WRONGTYPE")
	require.Equal(t, []string{"a"}, client.LRange(t.Context(), rows, 0, -1).Val())
	require.Equal(t, "first", get(t, st), "the document is not concerned")
}

func TestASetOfRowsWithoutItsTimeOfCreationIsYoung(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(client *redis.Client) error{
		"it was deleted": func(client *redis.Client) error { return client.HDel(context.Background(), rows, "").Err() },
		"it was edited":  func(client *redis.Client) error { return client.HSet(context.Background(), rows, "", "x").Err() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, st, client := written(t)
			put(t, st, "a")
			require.NoError(t, spoil(client))
			set, err := st.ListRows(t.Context(), "")
			require.NoError(t, err)
			require.Equal(t, set.Blob.Now, set.Since)
			put(t, st, "a")
			mended, err := st.ListRows(t.Context(), "")
			require.NoError(t, err)
			require.True(t, mended.Since.After(set.Since) && mended.Since.Before(mended.Blob.Now), "the next row creates it anew")
		})
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

func TestAPollAndARenewalAreOneCommandEach(t *testing.T) {
	t.Parallel()
	_, st, client := written(t)
	put(t, st, "a")
	token := write(t, st, "second")
	var sent counter
	client.AddHook(&sent)
	_, err := st.Get(t.Context(), token)
	require.ErrorIs(t, err, store.ErrUnchanged)
	require.EqualValues(t, 1, sent.n.Load())
	got, _, err := st.PutRow(t.Context(), "a", []byte("row"), time.Minute)
	require.NoError(t, err)
	require.Equal(t, token, got)
	require.EqualValues(t, 2, sent.n.Load())
}
