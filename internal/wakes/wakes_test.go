package wakes_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/internal/wakes"
)

func TestSet(t *testing.T) {
	t.Parallel()
	var s wakes.Set
	s.Wake() // no subscriber
	var one, two int
	cancel := s.Subscribe(func() { one++ })
	s.Subscribe(func() { two++ })
	s.Wake()
	cancel()
	cancel()
	s.Wake()
	require.Equal(t, 1, one)
	require.Equal(t, 2, two)

	var cancelInWake func()
	cancelInWake = s.Subscribe(func() { cancelInWake() })
	s.Wake()
	require.Equal(t, 3, two)

	s.Clear()
	s.Wake()
	require.Equal(t, 3, two)
}
