package operator_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/store/memstore"
)

func TestInitWritesTheFirstDocumentOnce(t *testing.T) {
	t.Parallel()
	op := operator.Operator{Store: memstore.New()}
	r, err := op.Init(t.Context(), operator.InitOptions{})
	require.NoError(t, err)
	require.EqualValues(t, 1, r.After.Revision)
	require.Zero(t, r.After.CloseRev)
	require.Empty(t, r.After.Periods)
	require.NotEmpty(t, r.After.StoreID)
	require.Empty(t, r.After.Replaces)
	for _, replace := range []bool{false, true} {
		again, err := op.Init(t.Context(), operator.InitOptions{Replace: replace})
		require.ErrorIs(t, err, operator.ErrInitialized)
		require.Equal(t, r.After.Mark(), again.After.Mark())
	}
}

func TestInitNamesTheDocument(t *testing.T) {
	t.Parallel()
	op := operator.Operator{Store: memstore.New(), Actor: "ann"}
	r, err := op.Init(t.Context(), operator.InitOptions{Name: "Shop", Environment: "staging"})
	require.NoError(t, err)
	require.Equal(t, []string{"Shop", "staging"}, []string{r.After.Name, r.After.Environment})
	started, err := op.Start(t.Context(), operator.StartOptions{})
	require.NoError(t, err)

	_, err = op.Init(t.Context(), operator.InitOptions{Name: "Shop"})
	require.ErrorIs(t, err, operator.ErrInitialized)
	r, err = op.Init(t.Context(), operator.InitOptions{Name: "Big Shop"})
	require.NoError(t, err)
	require.Equal(t, []string{"Big Shop", "staging"}, []string{r.After.Name, r.After.Environment})
	require.Equal(t, started.After.Periods, r.After.Periods, "what is in force stays")
	require.Equal(t, started.After.StoreID, r.After.StoreID)
	require.Equal(t, started.After.CloseRev, r.After.CloseRev)
}
