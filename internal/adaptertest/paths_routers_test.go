package adaptertest

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	chimiddleware "github.com/go-chi/chi/v5/middleware"
	"github.com/go-downtime/downtime/internal/pathtest"
	"github.com/labstack/echo/v4"
	echomiddleware "github.com/labstack/echo/v4/middleware"
)

// guard is something that refuses requests, in the form of each framework.
type guard struct {
	gin  gin.HandlerFunc
	echo echo.MiddlewareFunc
	std  func(http.Handler) http.Handler
}

// unguarded is the guard of a router that is wrapped as a whole.
var unguarded = guard{
	gin:  func(*gin.Context) {},
	echo: func(next echo.HandlerFunc) echo.HandlerFunc { return next },
	std:  func(next http.Handler) http.Handler { return next },
}

// pathRoute is a route of the path tests: a fixed path, or one with a parameter or a rest
// at its end, which then is what its handler reads.
type pathRoute struct {
	name, prefix string
	end          byte // 0, ':' or '*'
}

var pathRoutes = []pathRoute{
	{"home", "/", 0},
	{"healthz", "/healthz", 0},
	{"admin", "/admin", 0},
	{"administrator", "/administrator", 0},
	{"page", "/", ':'},
	{"secret", "/secret/", ':'},
	{"docs", "/docs/", ':'},
	{"static", "/static/", '*'},
	{"open", "/docs/open/", '*'},
	{"café", "/café/", '*'},
}

// wideRoutes leave nearly everything to one handler, as single-page applications do.
var wideRoutes = []pathRoute{
	{"admin", "/admin", 0},
	{"wide", "/", '*'},
}

func ginRoutes(engine *gin.Engine, routes []pathRoute) {
	for _, r := range routes {
		h := func(c *gin.Context) {
			pathtest.MarkRan(c.Writer.Header(), r.name, r.prefix+strings.TrimPrefix(c.Param("x"), "/"))
		}
		switch {
		case r.name == "wide": // gin has no root wildcard beside other routes
			engine.NoRoute(func(c *gin.Context) {
				c.Status(http.StatusOK)
				pathtest.MarkRan(c.Writer.Header(), r.name, c.Request.URL.Path)
			})
		case r.end == 0:
			engine.Any(r.prefix, h)
		default:
			engine.Any(r.prefix+string(r.end)+"x", h)
		}
	}
}

func echoRoutes(e *echo.Echo, routes []pathRoute) {
	for _, r := range routes {
		path, param := r.prefix, ""
		switch r.end {
		case ':':
			path, param = path+":x", "x"
		case '*':
			path, param = path+"*", "*"
		}
		e.Any(path, func(c echo.Context) error {
			pathtest.MarkRan(c.Response().Header(), r.name, r.prefix+c.Param(param))
			return nil
		})
	}
}

func chiRoutes(c chi.Router, routes []pathRoute) {
	for _, r := range routes {
		path, param := r.prefix, ""
		switch r.end {
		case ':':
			path, param = path+"{x}", "x"
		case '*':
			path, param = path+"*", "*"
		}
		c.HandleFunc(path, func(w http.ResponseWriter, q *http.Request) {
			pathtest.MarkRan(w.Header(), r.name, r.prefix+chi.URLParam(q, param))
		})
	}
}

func muxRoutes(mux *http.ServeMux, routes []pathRoute) {
	for _, r := range routes {
		path := r.prefix
		switch {
		case r.end == ':':
			path += "{x}"
		case r.end == '*':
			path += "{x...}"
		case path == "/":
			path = "/{$}"
		}
		mux.HandleFunc(path, func(w http.ResponseWriter, q *http.Request) {
			pathtest.MarkRan(w.Header(), r.name, r.prefix+q.PathValue("x"))
		})
	}
}

// routerConfig is a router as applications set it up.
type routerConfig struct {
	build func(g guard) http.Handler
	// exact are further entries: what the middleware in front of the gate makes of "/healthz".
	exact []string
	// drops: this version of the router panics for some paths, before any middleware.
	drops bool
}

func routerConfigs() map[string]routerConfig {
	configs := map[string]routerConfig{}
	addGin(configs)
	addEcho(configs)
	addChi(configs)
	addMux(configs)
	return configs
}

func addGin(configs map[string]routerConfig) {
	for name, set := range map[string]func(*gin.Engine){
		"default":               func(*gin.Engine) {},
		"RemoveExtraSlash":      func(e *gin.Engine) { e.RemoveExtraSlash = true },
		"RedirectFixedPath":     func(e *gin.Engine) { e.RedirectFixedPath = true },
		"UseRawPath":            func(e *gin.Engine) { e.UseRawPath = true },
		"UseRawPath, no values": func(e *gin.Engine) { e.UseRawPath, e.UnescapePathValues = true, false },
		"UseEscapedPath":        func(e *gin.Engine) { e.UseEscapedPath = true },
		"RemoveExtraSlash and UseRawPath": func(e *gin.Engine) {
			e.RemoveExtraSlash, e.UseRawPath = true, true
		},
		"no RedirectTrailingSlash": func(e *gin.Engine) { e.RedirectTrailingSlash = false },
		"HandleMethodNotAllowed":   func(e *gin.Engine) { e.HandleMethodNotAllowed = true },
	} {
		configs["gin, "+name] = routerConfig{drops: name == "HandleMethodNotAllowed", build: func(g guard) http.Handler {
			engine := gin.New()
			set(engine)
			engine.Use(g.gin)
			ginRoutes(engine, pathRoutes)
			return engine
		}}
	}
	configs["gin, wide"] = routerConfig{build: func(g guard) http.Handler {
		engine := gin.New()
		engine.Use(g.gin)
		ginRoutes(engine, wideRoutes)
		return engine
	}}
	configs["gin, wide, RemoveExtraSlash"] = routerConfig{build: func(g guard) http.Handler {
		engine := gin.New()
		engine.RemoveExtraSlash = true
		engine.Use(g.gin)
		ginRoutes(engine, wideRoutes)
		return engine
	}}
}

func addEcho(configs map[string]routerConfig) {
	rewrite := echomiddleware.Rewrite(map[string]string{"/old/*": "/static/$1", "/public/*": "/docs/open/$1"})
	for name, c := range map[string]struct {
		before []echo.MiddlewareFunc // under Pre
		pre    bool                  // the gate is under Pre too
		routes []pathRoute
		exact  []string
	}{
		"Use":                             {routes: pathRoutes},
		"Pre":                             {pre: true, routes: pathRoutes},
		"wide":                            {routes: wideRoutes},
		"RemoveTrailingSlash":             {before: []echo.MiddlewareFunc{echomiddleware.RemoveTrailingSlash()}, routes: pathRoutes},
		"RemoveTrailingSlash, Pre":        {before: []echo.MiddlewareFunc{echomiddleware.RemoveTrailingSlash()}, pre: true, routes: pathRoutes},
		"RemoveTrailingSlash, wide":       {before: []echo.MiddlewareFunc{echomiddleware.RemoveTrailingSlash()}, pre: true, routes: wideRoutes},
		"AddTrailingSlash":                {before: []echo.MiddlewareFunc{echomiddleware.AddTrailingSlash()}, routes: pathRoutes, exact: []string{"/healthz/"}},
		"AddTrailingSlash, Pre":           {before: []echo.MiddlewareFunc{echomiddleware.AddTrailingSlash()}, pre: true, routes: pathRoutes, exact: []string{"/healthz/"}},
		"Rewrite":                         {before: []echo.MiddlewareFunc{rewrite}, routes: pathRoutes},
		"Rewrite, Pre":                    {before: []echo.MiddlewareFunc{rewrite}, pre: true, routes: pathRoutes},
		"RemoveTrailingSlash and Rewrite": {before: []echo.MiddlewareFunc{echomiddleware.RemoveTrailingSlash(), rewrite}, pre: true, routes: pathRoutes},
	} {
		configs["echo, "+name] = routerConfig{exact: c.exact, build: func(g guard) http.Handler {
			e := echo.New()
			e.Pre(c.before...)
			if c.pre {
				e.Pre(g.echo)
			} else {
				e.Use(g.echo)
			}
			echoRoutes(e, c.routes)
			return e
		}}
	}
}

func addChi(configs map[string]routerConfig) {
	type middleware = func(http.Handler) http.Handler
	hosts := func(next http.Handler) http.Handler {
		return chimiddleware.RouteHeaders().Route("Host", "other.test", func(http.Handler) http.Handler { return http.NotFoundHandler() }).Handler(next)
	}
	for name, c := range map[string]struct {
		before, after []middleware
		routes        []pathRoute
	}{
		"plain":               {routes: pathRoutes},
		"wide":                {routes: wideRoutes},
		"CleanPath":           {before: []middleware{chimiddleware.CleanPath}, routes: pathRoutes},
		"CleanPath behind":    {after: []middleware{chimiddleware.CleanPath}, routes: pathRoutes},
		"CleanPath, wide":     {after: []middleware{chimiddleware.CleanPath}, routes: wideRoutes},
		"StripSlashes":        {before: []middleware{chimiddleware.StripSlashes}, routes: pathRoutes},
		"StripSlashes behind": {after: []middleware{chimiddleware.StripSlashes}, routes: pathRoutes},
		"RedirectSlashes":     {after: []middleware{chimiddleware.RedirectSlashes}, routes: pathRoutes},
		"URLFormat":           {before: []middleware{chimiddleware.URLFormat}, routes: pathRoutes},
		"URLFormat behind":    {after: []middleware{chimiddleware.URLFormat}, routes: pathRoutes},
		"GetHead":             {after: []middleware{chimiddleware.GetHead}, routes: pathRoutes},
		"RouteHeaders":        {before: []middleware{hosts}, routes: pathRoutes},
	} {
		configs["chi, "+name] = routerConfig{build: func(g guard) http.Handler {
			r := chi.NewRouter()
			r.Use(c.before...)
			r.Use(g.std)
			r.Use(c.after...)
			chiRoutes(r, c.routes)
			return r
		}}
	}
	configs["chi, Mount"] = routerConfig{build: func(g guard) http.Handler {
		inner := chi.NewRouter()
		inner.HandleFunc("/*", func(w http.ResponseWriter, q *http.Request) {
			pathtest.MarkRan(w.Header(), "mounted", "/static/"+chi.URLParam(q, "*"))
		})
		r := chi.NewRouter()
		r.Use(g.std)
		r.Mount("/static", inner)
		chiRoutes(r, []pathRoute{{"home", "/", 0}, {"admin", "/admin", 0}, {"page", "/", ':'}})
		return r
	}}
}

func addMux(configs map[string]routerConfig) {
	for name, routes := range map[string][]pathRoute{"plain": pathRoutes, "wide": wideRoutes} {
		configs["ServeMux, "+name] = routerConfig{build: func(g guard) http.Handler {
			mux := http.NewServeMux()
			muxRoutes(mux, routes)
			return g.std(mux)
		}}
	}
	configs["ServeMux, StripPrefix"] = routerConfig{build: func(g guard) http.Handler {
		inner := http.NewServeMux()
		inner.HandleFunc("/", func(w http.ResponseWriter, q *http.Request) {
			pathtest.MarkRan(w.Header(), "stripped", "/static"+q.URL.Path)
		})
		mux := http.NewServeMux()
		mux.Handle("/static/", http.StripPrefix("/static", inner))
		muxRoutes(mux, []pathRoute{{"admin", "/admin", 0}, {"page", "/", ':'}})
		return g.std(mux)
	}}
}
