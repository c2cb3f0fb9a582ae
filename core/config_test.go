package core_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/filestore"
	"github.com/go-downtime/downtime/store/memstore"
)

func TestANilPointerIsNoStore(t *testing.T) {
	t.Parallel()
	left, err := filestore.New("")
	require.Error(t, err)
	for name, st := range map[string]store.Store{
		"*filestore.Store": left,
		"*memstore.Store":  (*memstore.Store)(nil),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gate, err := core.New(core.Config{Store: st, StatusCode: 200})
			require.Nil(t, gate)
			require.ErrorContains(t, err, "Store: \"("+name+")(nil)\": is a nil pointer; check the error of the function that made the store, or leave Store unset")
			require.ErrorContains(t, err, "StatusCode: 200", "the error has the other faults too")
			require.ErrorAs(t, err, new(*core.FieldError))
		})
	}
}
