package memstore_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/memstore"
)

func TestAWakeMayUseTheStore(t *testing.T) {
	t.Parallel()
	st := memstore.New()
	seen := ""
	var cancel func()
	cancel = st.Subscribe(func() {
		blob, err := st.Get(t.Context(), "")
		require.NoError(t, err)
		seen = string(blob.Bytes)
		cancel()
	})
	require.NoError(t, st.Swap(t.Context(), "", []byte("first")))
	require.NoError(t, st.Swap(t.Context(), store.TokenOf([]byte("first")), []byte("second")))
	require.Equal(t, "first", seen, "the second Swap wakes no subscriber")
}

func TestASwapOfTheSameBytesWakesNoSubscriber(t *testing.T) {
	t.Parallel()
	st := memstore.New()
	wakes := 0
	defer st.Subscribe(func() { wakes++ })()
	for range 3 {
		require.NoError(t, st.Swap(t.Context(), "", []byte("a")))
	}
	require.Equal(t, 1, wakes)
}

func TestTheZeroStoreIsReady(t *testing.T) {
	t.Parallel()
	var st memstore.Store
	defer st.Subscribe(func() {})()
	require.NoError(t, st.Swap(t.Context(), "", []byte("a")))
	_, _, err := st.PutRow(t.Context(), "a", []byte("row"), time.Minute)
	require.NoError(t, err)
}

func TestTombstonesAndExpiredRowsAreKeptForADay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New()
		keys := func() (keys []string) {
			set, err := st.ListRows(t.Context(), "")
			require.ErrorIs(t, err, store.ErrNeverWritten)
			for _, row := range set.Rows {
				keys = append(keys, row.Key+" "+row.Life.String())
			}
			return keys
		}
		_, _, err := st.PutRow(t.Context(), "a", nil, time.Minute)
		require.NoError(t, err)
		require.NoError(t, st.DeleteRow(t.Context(), "b", nil))
		require.Equal(t, []string{"a live", "b deleted"}, keys())
		time.Sleep(24 * time.Hour)
		require.Equal(t, []string{"a expired", "b deleted"}, keys())
		time.Sleep(time.Second)
		require.Equal(t, []string{"a expired"}, keys())
		time.Sleep(time.Minute)
		require.Empty(t, keys())
		set, err := st.ListRows(t.Context(), "")
		require.ErrorIs(t, err, store.ErrNeverWritten)
		require.False(t, set.Since.IsZero(), "the set is still the one that began with the first row")
	})
}
