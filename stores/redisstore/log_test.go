package redisstore_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/stores/redisstore"
	"github.com/go-downtime/downtime/stores/storetest/servers"
)

const logKey = "downtime:{shop}:v1:log"

// entryOf is the one of d's write.
func entryOf(d *core.Document) core.Entry {
	return core.Entry{
		Time: time.Now(), Revision: d.Revision, WriteID: d.WriteID, Action: core.ActionStart, Changes: []core.Change{},
	}
}

// logged are the revisions in the log, the newest first.
func logged(t *testing.T, st core.Store) []int64 {
	t.Helper()
	entries, err := core.Log(t.Context(), st, 0)
	require.NoError(t, err)
	revisions := []int64{}
	for _, e := range entries {
		revisions = append(revisions, e.Revision)
	}
	return revisions
}

func TestTheLogHasRoomForAsManyAsItMustKeep(t *testing.T) {
	t.Parallel()
	require.GreaterOrEqual(t, redisstore.LogSize, core.MaxEntries)
}

// TestAStrangerUnderTheLogsKeyIsLeftAlone, and nothing is written without its entry.
func TestAStrangerUnderTheLogsKeyIsLeftAlone(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		plant func(t *testing.T, client *redis.Client) error
		says  string
	}{
		"a list": {func(t *testing.T, client *redis.Client) error {
			t.Helper()
			return client.RPush(t.Context(), logKey, "a").Err()
		}, "WRONGTYPE: key " + logKey + " is a list"},
		"a string": {func(t *testing.T, client *redis.Client) error {
			t.Helper()
			return client.Set(t.Context(), logKey, "a", 0).Err()
		}, "WRONGTYPE: key " + logKey + " is a string"},
		"somebody's hash": {func(t *testing.T, client *redis.Client) error {
			t.Helper()
			return client.HSet(t.Context(), logKey, "cart", "7").Err()
		}, "is a hash without a number n"},
		"a number that is none": {func(t *testing.T, client *redis.Client) error {
			t.Helper()
			return client.HSet(t.Context(), logKey, "n", "many").Err()
		}, "is a hash without a number n"},
		"a number without an end": {func(t *testing.T, client *redis.Client) error {
			t.Helper()
			return client.HSet(t.Context(), logKey, "n", "inf").Err()
		}, "is a hash without a number n"},
		"a number that no count reaches": {func(t *testing.T, client *redis.Client) error {
			t.Helper()
			return client.HSet(t.Context(), logKey, "n", "1152921504606846976").Err()
		}, "is a hash without a number n"},
		"a number below nothing": {func(t *testing.T, client *redis.Client) error {
			t.Helper()
			return client.HSet(t.Context(), logKey, "n", "-1").Err()
		}, "is a hash without a number n"},
		"half a number": {func(t *testing.T, client *redis.Client) error {
			t.Helper()
			return client.HSet(t.Context(), logKey, "n", "1.5").Err()
		}, "is a hash without a number n"},
		"a number that is not one": {func(t *testing.T, client *redis.Client) error {
			t.Helper()
			return client.HSet(t.Context(), logKey, "n", "nan").Err()
		}, "is a hash without a number n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, st, client := down(t)
			before, err := st.Load(t.Context(), core.Mark{})
			require.NoError(t, err)
			require.NoError(t, client.Del(t.Context(), logKey).Err())
			require.NoError(t, tc.plant(t, client))
			dump := client.Dump(t.Context(), logKey).Val()

			_, err = core.End(t.Context(), st, core.EndOptions{Holder: "ann"})
			require.ErrorContains(t, err, tc.says)
			require.NotErrorIs(t, err, core.ErrLost)
			_, err = st.Load(t.Context(), before.Mark)
			require.ErrorIs(t, err, core.ErrUnchanged, "it has not ended")
			_, err = st.Entries(t.Context(), 0)
			require.ErrorContains(t, err, tc.says)
			require.Equal(t, dump, client.Dump(t.Context(), logKey).Val(), "it was touched")
		})
	}
}

func TestALogThatWasEditedIsAnError(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		edit func(t *testing.T, client *redis.Client) error
		says string
	}{
		"an entry is gone": {func(t *testing.T, client *redis.Client) error {
			t.Helper()
			return client.HDel(t.Context(), logKey, "0").Err()
		}, "the 2. last entry is not in key"},
		"an entry is something else": {func(t *testing.T, client *redis.Client) error {
			t.Helper()
			return client.HSet(t.Context(), logKey, "1", "{}").Err()
		}, "the 1. last entry in key " + logKey + " is not as it was written"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, st, client := down(t)
			require.NoError(t, tc.edit(t, client))
			_, err := st.Entries(t.Context(), 0)
			require.ErrorContains(t, err, tc.says)
			require.ErrorContains(t, err, "delete the key to begin a new log")
			require.NoError(t, client.Del(t.Context(), logKey).Err())
			require.Empty(t, logged(t, st))
		})
	}
}

// TestTheLogIsARing: its oldest entries make room, and are never shown again.
func TestTheLogIsARing(t *testing.T) {
	t.Parallel()
	_, st, client := down(t)
	first := client.HGet(t.Context(), logKey, "0").Val()
	fields := map[string]string{"n": strconv.Itoa(2*redisstore.LogSize - 1)}
	for i := range redisstore.LogSize {
		fields[strconv.Itoa(i)] = strings.Replace(first, `"revision":1,`, `"revision":`+strconv.Itoa(i+1)+`,`, 1)
	}
	require.NoError(t, client.HSet(t.Context(), logKey, fields).Err())
	for range 2 {
		_, err := core.Start(t.Context(), st, core.StartOptions{Holder: "ann"})
		require.NoError(t, err)
	}
	got := logged(t, st)
	require.Len(t, got, core.MaxEntries)
	require.Equal(t, []int64{4, 3, redisstore.LogSize - 1, redisstore.LogSize - 2}, got[:4])
	require.Equal(t, []int64{3, 2}, got[len(got)-2:])
	require.EqualValues(t, redisstore.LogSize+1, client.HLen(t.Context(), logKey).Val())
}

func TestTheLogOfEachApplicationIsItsOwn(t *testing.T) {
	t.Parallel()
	server := servers.Redis(t)
	_, client := open(t, server.Addr)
	for app, n := range map[string]int{"shop": 2, "blog": 0} {
		st := openOn(t, client, redisstore.Options{App: app})
		if n > 0 {
			start(t, st)
		}
		require.Len(t, logged(t, st), n, app)
	}
}
