package core_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/stores/memstore"
)

func TestInitWritesTheFirstDocumentOnce(t *testing.T) {
	t.Parallel()
	store := memstore.New()
	r, err := core.Init(t.Context(), store, core.InitOptions{})
	require.NoError(t, err)
	require.EqualValues(t, 1, r.After.Revision)
	require.Zero(t, r.After.CloseRev)
	require.Empty(t, r.After.Periods)
	require.NotEmpty(t, r.After.StoreID)
	again, err := core.Init(t.Context(), store, core.InitOptions{})
	require.ErrorIs(t, err, core.ErrInitialised)
	require.Equal(t, r.After.Mark(), again.After.Mark())
}

func TestInitOpensWhatALostStoreKeptClosed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newFaulty()
		start(t, store, core.StartOptions{Holder: "kim"})
		gate, _ := newGate(t, core.Config{Store: store})
		flushed := memstore.New()
		lost := &lostUntilWritten{Store: flushed}
		store.reads(lost.Load)
		time.Sleep(time.Minute)
		require.False(t, gate.Status().Open)
		_, err := core.Start(t.Context(), lost, core.StartOptions{Holder: "kim"})
		require.ErrorIs(t, err, core.ErrLost, "no other write goes over a lost document")
		_, err = core.Init(t.Context(), lost, core.InitOptions{})
		require.NoError(t, err)
		time.Sleep(10 * time.Second)
		require.True(t, gate.Status().Open)
	})
}
