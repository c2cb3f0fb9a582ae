package echodowntime

import (
	"net/http"

	"github.com/labstack/echo/v5"

	"github.com/go-downtime/downtime/core"
)

// Option changes how the middleware of this package works.
type Option func(m *gateway)

// WithResponder answers refused requests by respond instead of the gate. When respond is
// called, the headers of every refusal are set (Retry-After, Cache-Control, Downtime, …), and
// echo.ResolveResponseStatus returns the status of the refusal. The responder writes the body:
//
//	echodowntime.WithResponder(func(c *echo.Context, d core.Decision) error {
//		_, status := echo.ResolveResponseStatus(c.Response(), nil)
//		return c.Render(status, "down.html", d.Closure)
//	})
//
// An error goes to echo's HTTPErrorHandler, as a handler's does. Write or return an error, not
// both. The responder also replaces the redirect of Config.RedirectURL. Nil means the gate's own
// answer.
func WithResponder(respond func(*echo.Context, core.Decision) error) Option {
	return func(m *gateway) { m.respond = respond }
}

// WithSkipper serves the requests for which skip returns true also while the site is down.
// The gate does not count them, so that no operator waits for them. skip runs on every
// request, also while the site is up. Prefer Config.ExemptPaths and Config.Bypass. Nil means
// that no request is skipped.
func WithSkipper(skip func(*echo.Context) bool) Option {
	return func(m *gateway) { m.skip = skip }
}

// DelegateErrors is a responder for applications whose HTTPErrorHandler renders every
// failure. It writes nothing. It returns an [*echo.HTTPError] with the refusal's status, which
// wraps a [*core.BlockedError].
func DelegateErrors(c *echo.Context, d core.Decision) error {
	_, status := echo.ResolveResponseStatus(c.Response(), nil)
	return echo.NewHTTPError(status, http.StatusText(status)).Wrap(&core.BlockedError{Decision: d, Status: status})
}
