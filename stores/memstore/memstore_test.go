package memstore_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/stores/memstore"
	"github.com/go-downtime/downtime/stores/storetest"
)

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(*testing.T) core.Store { return memstore.New() }, storetest.Options{
		Second: func(_ *testing.T, first core.Store) core.Store { return first },
	})
}

func TestADocumentThatNobodyMadeIsRefused(t *testing.T) {
	t.Parallel()
	st := memstore.New()
	err := st.Commit(t.Context(), core.Mark{}, &core.Document{Format: core.Format}, core.Entry{})
	require.ErrorContains(t, err, "no store_id, revision or write_id")
	state, err := st.Load(t.Context(), core.Mark{})
	require.NoError(t, err)
	require.Nil(t, state.Document)
}

func TestAWakeMayUseTheStore(t *testing.T) {
	t.Parallel()
	st := memstore.New()
	var seen int64
	var cancel func()
	cancel = st.Subscribe(func() {
		state, err := st.Load(t.Context(), core.Mark{})
		require.NoError(t, err)
		seen = state.Document.Revision
		cancel()
	})
	for range 2 { // the second one wakes nobody
		_, err := core.Start(t.Context(), st, core.StartOptions{Holder: "ann"})
		require.NoError(t, err)
	}
	require.EqualValues(t, 1, seen)
}

func ExampleNew() {
	ctx := context.Background()
	st := memstore.New()
	gate, err := core.New(core.Config{Store: st, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		panic(err)
	}
	if _, err := core.Start(ctx, st, core.StartOptions{Holder: "ann"}); err != nil {
		panic(err)
	}
	if err := gate.Refresh(ctx); err != nil { // or a moment later by itself
		panic(err)
	}
	_, open := gate.Enter(nil)
	fmt.Println("open:", open)
	// Output: open: false
}
