package main

import (
	"testing"

	"github.com/go-downtime/downtime/examples/internal/shoptest"
)

func TestDowntime(t *testing.T) {
	t.Parallel()
	shoptest.Run(t, newShop)
}
