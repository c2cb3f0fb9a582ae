package core_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/memstore"
)

// pushing is a store with a fixed state of its hints.
type pushing struct {
	*memstore.Store

	healthy bool
	note    string
}

func (p *pushing) Hints() (healthy bool, note string) { return p.healthy, p.note }

func TestStatusSaysWhetherHintsArrive(t *testing.T) {
	t.Parallel()
	none, _ := newGate(t, core.Config{Store: &hintless{memstore.New()}})
	require.Empty(t, none.Status().Hints)
	for want, st := range map[string]store.Store{
		"on":                     &pushing{Store: memstore.New(), healthy: true},
		"on: all is well":        &pushing{Store: memstore.New(), healthy: true, note: "all is well"},
		"off: the line was cut.": &pushing{Store: memstore.New(), note: "the line was cut."},
	} {
		gate, _ := newGate(t, core.Config{Store: st})
		require.Equal(t, want, gate.Status().Hints)
	}
}

// hintless hides the hints of a store.
type hintless struct{ store.Store }
