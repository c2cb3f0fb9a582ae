package main

import (
	"os"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/go-downtime/downtime/examples/internal/shoptest"
)

func TestMain(m *testing.M) {
	gin.SetMode(gin.ReleaseMode) // as main does; it is global
	os.Exit(m.Run())
}

func TestDowntime(t *testing.T) {
	t.Parallel()
	shoptest.Run(t, build)
}
