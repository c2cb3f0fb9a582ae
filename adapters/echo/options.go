package echodowntime

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/go-downtime/downtime/core"
)

// Option changes how the middleware of this package works.
type Option func(m *gateway)

// WithResponder answers refused requests by respond instead of the gate. When respond is
// called, c.Response().Status and the headers of every refusal are set (Retry-After,
// Cache-Control, Downtime, …). The responder writes the body:
//
//	echodowntime.WithResponder(func(c echo.Context, d core.Decision) error {
//		return c.Render(c.Response().Status, "down.html", d.Closure)
//	})
//
// An error goes to echo's HTTPErrorHandler, as a handler's does. In echo v4 only an
// unwrapped *echo.HTTPError keeps its status there. Write or return an error, not both. The
// responder also replaces the redirect of Config.RedirectURL. Nil means the gate's own answer.
func WithResponder(respond func(echo.Context, core.Decision) error) Option {
	return func(m *gateway) { m.respond = respond }
}

// WithSkipper serves the requests for which skip returns true also while the site is down.
// The gate does not count them, so that no operator waits for them. skip runs on every
// request, also while the site is up. Prefer Config.ExemptPaths and Config.Bypass. Nil means
// that no request is skipped.
func WithSkipper(skip func(echo.Context) bool) Option {
	return func(m *gateway) { m.skip = skip }
}

// DelegateErrors is a responder for applications whose HTTPErrorHandler renders every
// failure. It writes nothing. It returns an [*echo.HTTPError] with the refusal's status, whose
// Internal error is a [*core.BlockedError].
func DelegateErrors(c echo.Context, d core.Decision) error {
	status := c.Response().Status
	return echo.NewHTTPError(status, http.StatusText(status)).
		SetInternal(&core.BlockedError{Decision: d, Status: status})
}
