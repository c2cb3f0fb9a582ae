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
