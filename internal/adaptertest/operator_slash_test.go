package adaptertest

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	chimiddleware "github.com/go-chi/chi/v5/middleware"
	"github.com/labstack/echo/v4"
	echomiddleware "github.com/labstack/echo/v4/middleware"
	"github.com/stretchr/testify/require"

	echodowntime "github.com/go-downtime/downtime/adapters/echo"
	gindowntime "github.com/go-downtime/downtime/adapters/gin"
	"github.com/go-downtime/downtime/admin"
	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/store/memstore"
)

// slashMounts mount the page behind the frameworks' own middleware for a slash at the end of the
// path.
var slashMounts = map[string]func(page http.Handler, at string) http.Handler{
	"gin, RedirectTrailingSlash":    ginSlash(true),
	"gin, no RedirectTrailingSlash": ginSlash(false),

	"echo, RemoveTrailingSlash":            echoSlash(true, echomiddleware.RemoveTrailingSlash()),
	"echo, RemoveTrailingSlash, Use":       echoSlash(false, echomiddleware.RemoveTrailingSlash()),
	"echo, RemoveTrailingSlash, redirects": echoSlash(true, echomiddleware.RemoveTrailingSlashWithConfig(echomiddleware.TrailingSlashConfig{RedirectCode: http.StatusPermanentRedirect})),
	"echo, AddTrailingSlash":               echoSlash(true, echomiddleware.AddTrailingSlash()),
	"echo, AddTrailingSlash, Use":          echoSlash(false, echomiddleware.AddTrailingSlash()),
	"echo, AddTrailingSlash, redirects":    echoSlash(true, echomiddleware.AddTrailingSlashWithConfig(echomiddleware.TrailingSlashConfig{RedirectCode: http.StatusPermanentRedirect})),

	"chi, RedirectSlashes": chiSlash(chimiddleware.RedirectSlashes),
	"chi, StripSlashes":    chiSlash(chimiddleware.StripSlashes),

	"net/http, without the subtree's slash": func(page http.Handler, at string) http.Handler {
		mux := http.NewServeMux()
		mux.Handle(at, page)
		mux.Handle(at+"/", page)
		return mux
	},
}

func ginSlash(redirect bool) func(page http.Handler, at string) http.Handler {
	return func(page http.Handler, at string) http.Handler {
		r := gin.New()
		r.RedirectTrailingSlash = redirect
		r.Any(at, gindowntime.Wrap(page))
		r.Any(at+"/*page", gindowntime.Wrap(page))
		return r
	}
}

func echoSlash(pre bool, slash echo.MiddlewareFunc) func(page http.Handler, at string) http.Handler {
	return func(page http.Handler, at string) http.Handler {
		e := echo.New()
		if pre {
			e.Pre(slash)
		} else {
			e.Use(slash)
		}
		e.Any(at, echodowntime.Wrap(page))
		e.Any(at+"/*", echodowntime.Wrap(page))
		return e
	}
}

func chiSlash(slash func(http.Handler) http.Handler) func(page http.Handler, at string) http.Handler {
	return func(page http.Handler, at string) http.Handler {
		r := chi.NewRouter()
		r.Use(slash)
		r.Mount(at, page)
		return r
	}
}

func TestPageIsServedWithAndWithoutASlash(t *testing.T) {
	t.Parallel()
	const at = "/ops/downtime"
	for name, serve := range slashMounts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gate, err := core.New(core.Config{Store: memstore.New(), Logger: slog.New(slog.DiscardHandler)})
			require.NoError(t, err)
			page, err := admin.New(gate, admin.Config{
				Path: at, Logger: slog.New(slog.DiscardHandler),
				Authorize: core.Func("all", func(context.Context, *http.Request) bool { return true }),
				Actor:     func(context.Context, *http.Request) string { return "ann" },
			})
			require.NoError(t, err)
			site := serve(page, at)
			// send follows redirects, as a browser does.
			send := func(method, target, body string) *httptest.ResponseRecorder {
				for range 5 {
					r := httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
					if body != "" {
						r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
					}
					w := httptest.NewRecorder()
					site.ServeHTTP(w, r)
					switch w.Code {
					case http.StatusSeeOther:
						method, body = http.MethodGet, ""
					case http.StatusMovedPermanently, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
					default:
						return w
					}
					target = resolve(t, target, strings.TrimPrefix(w.Header().Get("Location"), "//example.com")) // chi's has a host
				}
				require.FailNow(t, "redirects without an end", target)
				return nil
			}
			for _, from := range []string{at, at + "/", at + "/schedule", at + "/schedule/", at + "/nothing", at + "/nothing/"} {
				w := send(http.MethodGet, from, "")
				if !strings.Contains(from, "nothing") {
					require.Equal(t, http.StatusOK, w.Code, from)
				}
				found := links.FindAllStringSubmatch(w.Body.String(), -1)
				require.NotEmpty(t, found, from)
				for _, link := range found {
					to := resolve(t, from, link[1])
					require.Contains(t, []int{http.StatusOK, http.StatusMethodNotAllowed}, send(http.MethodGet, to, "").Code, "%s on %s", to, from)
				}
			}
			for _, path := range []string{at + "/api/v1/state", at + "/api/v1/state/"} {
				require.Equal(t, http.StatusOK, send(http.MethodGet, path, "").Code, path)
			}
			w := send(http.MethodPost, at+"/zone", "zone=Europe/Berlin&back=now")
			require.Equal(t, http.StatusOK, w.Code)
			require.Contains(t, w.Body.String(), `data-page="now"`)
		})
	}
}
