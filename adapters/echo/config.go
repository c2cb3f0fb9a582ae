package echodowntime

import (
	"sync"

	"github.com/labstack/echo/v4"

	"github.com/go-downtime/downtime/core"
)

// MiddlewareConfig is the middleware as a value, in the form of echo's own middleware.
type MiddlewareConfig struct {
	// Config makes the gate, as for [New]. It has no effect if Gate is set.
	Config Config
	// Gate is the application's own gate. Nil means one that ToMiddleware makes of Config.
	Gate *core.Gate
	// Skipper serves the requests for which it returns true also while the site is down; see
	// [WithSkipper]. A middleware.Skipper fits. Nil means that no request is skipped.
	Skipper func(echo.Context) bool
	// Responder answers refused requests; see [WithResponder]. Nil means the gate's own answer.
	Responder func(echo.Context, core.Decision) error
}

// ToMiddleware returns the middleware. The error is that of [core.New]; nil if Gate is set.
func (c MiddlewareConfig) ToMiddleware() (echo.MiddlewareFunc, error) {
	opts := []Option{WithSkipper(c.Skipper), WithResponder(c.Responder)}
	if c.Gate != nil {
		return Middleware(c.Gate, opts...), nil
	}
	gate, err := core.New(c.Config)
	if err != nil {
		return nil, err
	}
	return Middleware(gate, append(opts, shutdownWithServer)...), nil
}

// shutdownWithServer is for a gate that the application does not have.
func shutdownWithServer(m *gateway) { m.first = new(sync.Once) }
