package echodowntime_test

import (
	"net/http"
	"testing"

	"github.com/labstack/echo/v5"
	"github.com/labstack/echo/v5/middleware"

	echodowntime "github.com/go-downtime/downtime/adapters/echov5"
	"github.com/go-downtime/downtime/adaptertest"
)

// TestPaths sends unusual paths to the configurations of the router that applications use.
func TestPaths(t *testing.T) {
	t.Parallel()
	rewrite := middleware.Rewrite(map[string]string{"/old/*": "/static/$1", "/public/*": "/docs/open/$1"})
	for name, c := range map[string]struct {
		router echo.RouterConfig
		before []echo.MiddlewareFunc // under Pre
		pre    bool                  // the gate is under Pre too
	}{
		"RemoveTrailingSlash":                {before: []echo.MiddlewareFunc{middleware.RemoveTrailingSlash()}},
		"RemoveTrailingSlash, Pre":           {before: []echo.MiddlewareFunc{middleware.RemoveTrailingSlash()}, pre: true},
		"Rewrite":                            {before: []echo.MiddlewareFunc{rewrite}},
		"Rewrite, Pre":                       {before: []echo.MiddlewareFunc{rewrite}, pre: true},
		"RemoveTrailingSlash and Rewrite":    {before: []echo.MiddlewareFunc{middleware.RemoveTrailingSlash(), rewrite}, pre: true},
		"UseEscapedPathForMatching":          {router: echo.RouterConfig{UseEscapedPathForMatching: true}},
		"UseEscapedPathForMatching, Pre":     {router: echo.RouterConfig{UseEscapedPathForMatching: true}, pre: true},
		"UnescapePathParamValues":            {router: echo.RouterConfig{UnescapePathParamValues: true}},
		"UnescapePathParamValues, Pre":       {router: echo.RouterConfig{UnescapePathParamValues: true}, pre: true},
		"AutoHandleHEAD":                     {router: echo.RouterConfig{AutoHandleHEAD: true}},
		"both, and RemoveTrailingSlash, Pre": {router: echo.RouterConfig{UseEscapedPathForMatching: true, UnescapePathParamValues: true}, before: []echo.MiddlewareFunc{middleware.RemoveTrailingSlash()}, pre: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			adaptertest.RunPaths(t, func(site *adaptertest.Site) http.Handler {
				e := echo.NewWithConfig(echo.Config{Router: echo.NewRouter(c.router)})
				e.Pre(c.before...)
				if c.pre {
					e.Pre(echodowntime.Middleware(site.Gate))
				} else {
					e.Use(echodowntime.Middleware(site.Gate))
				}
				addRoutes(e, site)
				return e
			})
		})
	}
}
