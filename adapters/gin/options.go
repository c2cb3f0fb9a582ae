package gindowntime

import (
	"github.com/gin-gonic/gin"

	"github.com/go-downtime/downtime/core"
)

// Option changes how the middleware of this package works.
type Option func(m *middleware)

// WithResponder answers refused requests by respond instead of the gate. When respond is
// called, the chain is aborted, and the status and the headers of every refusal are set
// (Retry-After, Cache-Control, Downtime, …). The responder writes the body, as the
// application renders its own pages:
//
//	gindowntime.WithResponder(func(c *gin.Context, d core.Decision) {
//		c.HTML(c.Writer.Status(), "down.html", d.Closure)
//	})
//
// It also replaces the redirect of Config.RedirectURL. Nil means the gate's own answer.
func WithResponder(respond func(*gin.Context, core.Decision)) Option {
	return func(m *middleware) { m.respond = respond }
}

// DelegateErrors is a responder for applications whose own error middleware renders every
// failure: it adds a [*core.BlockedError] to c.Errors and writes nothing. Without such a
// middleware in front of the gate, the answer is the status and an empty body.
func DelegateErrors(c *gin.Context, d core.Decision) {
	_ = c.Error(&core.BlockedError{Decision: d, Status: c.Writer.Status()})
}
