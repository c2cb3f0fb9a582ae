package echodowntime

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/go-downtime/downtime/core"
)

// Option changes how the middleware of this package works.
type Option interface{ apply(m *gateway) }

type option func(*gateway)

func (o option) apply(m *gateway) { o(m) }

// WithResponder answers refused requests by respond instead of the gate. When respond is
// called, c.Response().Status is set, and so are the headers that every refusal has
// (Retry-After, Cache-Control, Downtime, …); what is left is the body:
//
//	echodowntime.WithResponder(func(c echo.Context, d core.Decision) error {
//		return c.Render(c.Response().Status, "down.html", d.Closure)
//	})
//
// An error goes to echo's HTTPErrorHandler, as a handler's does; in echo v4 only an
// *echo.HTTPError itself keeps its status there. Write or return an error, not both. It
// answers in place of Config.RedirectURL too. nil means the gate's own answer.
func WithResponder(respond func(echo.Context, core.Decision) error) Option {
	return option(func(m *gateway) { m.respond = respond })
}

// WithSkipper leaves out the requests for which skip says true: they are served whether
// the site is down or not, and are not counted, so that nobody waits for them before it is
// called safe. It runs on every request, also while the site is up. Config.ExemptPaths and
// Config.Bypass are what to use for requests that should pass. nil means that nothing is
// skipped.
func WithSkipper(skip func(echo.Context) bool) Option {
	return option(func(m *gateway) { m.skip = skip })
}

// DelegateErrors is a responder for applications whose HTTPErrorHandler renders every
// failure: it writes nothing, and returns an [*echo.HTTPError] with the refusal's status
// whose Internal error is a [*core.BlockedError].
func DelegateErrors(c echo.Context, d core.Decision) error {
	status := c.Response().Status
	return echo.NewHTTPError(status, http.StatusText(status)).
		SetInternal(&core.BlockedError{Decision: d, Status: status})
}
