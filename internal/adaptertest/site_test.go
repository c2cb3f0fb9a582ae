package adaptertest

import (
	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/internal/gatetest"
)

const (
	keyNew    = "0123456789abcdef-new"
	asBrowser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
)

// base is a site as applications configure it; it is open.
func base() core.Config {
	return core.Config{
		ExemptExact: []string{"/healthz", "/down"},
		ExemptPaths: []string{"/static", "/api/public"},
		Bypass:      []core.Predicate{core.APIKeyHeader("X-Api-Key", core.KeyLiteral(keyNew))},
	}
}

// closed is base, down.
func closed() core.Config {
	cfg := base()
	cfg.Store = gatetest.NewPeriods(gatetest.InForce(1)...)
	return cfg
}
