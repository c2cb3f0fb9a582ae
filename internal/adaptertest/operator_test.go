package adaptertest

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"

	chidowntime "github.com/go-downtime/downtime/adapters/chi"
	echodowntime "github.com/go-downtime/downtime/adapters/echo"
	gindowntime "github.com/go-downtime/downtime/adapters/gin"
	"github.com/go-downtime/downtime/admin"
	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/store/memstore"
)

// account is the signed-in user of an application.
type account struct {
	Name  string
	Staff bool
}

// mounts are ways to put the operator's page and a front page behind a gate. Each stores the
// account as handlers of its framework do.
var mounts = map[string]func(gate *core.Gate, page http.Handler, at string, a account) http.Handler{
	"gin": func(gate *core.Gate, page http.Handler, at string, a account) http.Handler {
		r := gin.New()
		r.Use(func(c *gin.Context) { c.Set("account", a) }, gindowntime.Middleware(gate))
		r.GET("/", func(c *gin.Context) { c.String(http.StatusOK, "welcome") })
		r.Any(at, gindowntime.Wrap(page))
		r.Any(at+"/*page", gindowntime.Wrap(page))
		return r
	},
	"gin, stripped": func(gate *core.Gate, page http.Handler, at string, a account) http.Handler {
		r := gin.New()
		r.Use(func(c *gin.Context) { c.Set("account", a) }, gindowntime.Middleware(gate))
		r.GET("/", func(c *gin.Context) { c.String(http.StatusOK, "welcome") })
		stripped := gindowntime.Wrap(http.StripPrefix(at, page))
		r.Any(at, stripped)
		r.Any(at+"/*page", stripped)
		return r
	},
	"echo": func(gate *core.Gate, page http.Handler, at string, a account) http.Handler {
		e := echo.New()
		e.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
			return func(c echo.Context) error {
				c.Set("account", a)
				return next(c)
			}
		}, echodowntime.Middleware(gate))
		e.GET("/", func(c echo.Context) error { return c.String(http.StatusOK, "welcome") })
		e.Any(at, echodowntime.Wrap(page))
		e.Any(at+"/*", echodowntime.Wrap(page))
		return e
	},
	"echo, stripped": func(gate *core.Gate, page http.Handler, at string, a account) http.Handler {
		e := echo.New()
		e.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
			return func(c echo.Context) error {
				c.Set("account", a)
				return next(c)
			}
		}, echodowntime.Middleware(gate))
		e.GET("/", func(c echo.Context) error { return c.String(http.StatusOK, "welcome") })
		stripped := echodowntime.Wrap(http.StripPrefix(at, page))
		e.Any(at, stripped)
		e.Any(at+"/*", stripped)
		return e
	},
	"chi": func(gate *core.Gate, page http.Handler, at string, a account) http.Handler {
		r := chi.NewRouter()
		r.Use(signedIn(a), chidowntime.Middleware(gate))
		r.Get("/", welcome)
		r.Mount(at, page)
		return r
	},
	"chi, stripped": func(gate *core.Gate, page http.Handler, at string, a account) http.Handler {
		r := chi.NewRouter()
		r.Use(signedIn(a), chidowntime.Middleware(gate))
		r.Get("/", welcome)
		r.Mount(at, http.StripPrefix(at, page))
		return r
	},
	"net/http": func(gate *core.Gate, page http.Handler, at string, a account) http.Handler {
		mux := http.NewServeMux()
		mux.HandleFunc("GET /{$}", welcome)
		mux.Handle(at, page)
		mux.Handle(at+"/", page)
		return signedIn(a)(gate.Handler(mux))
	},
	"net/http, stripped": func(gate *core.Gate, page http.Handler, at string, a account) http.Handler {
		mux := http.NewServeMux()
		mux.HandleFunc("GET /{$}", welcome)
		mux.Handle(at+"/", http.StripPrefix(at, page))
		return signedIn(a)(gate.Handler(mux))
	},
	"a proxy that strips the path before": func(gate *core.Gate, page http.Handler, at string, a account) http.Handler {
		// The browser sees the page at "at", and the application sees it at "/p".
		mux := http.NewServeMux()
		mux.HandleFunc("GET /{$}", welcome)
		mux.Handle("/p/", http.StripPrefix("/p", page))
		site := signedIn(a)(gate.Handler(mux))
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if rest, ok := strings.CutPrefix(r.URL.Path, at); ok && strings.HasPrefix(rest, "/") {
				r.URL.Path, r.URL.RawPath = "/p"+rest, ""
			} else if rest == "" && ok {
				http.Redirect(w, r, at+"/", http.StatusTemporaryRedirect)
				return
			}
			site.ServeHTTP(w, r)
		})
	},
}

func welcome(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("welcome")) }

func signedIn(a account) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), "account", a))) //nolint:revive,staticcheck // a string, as under gin and echo
		})
	}
}

var links = regexp.MustCompile(` (?:href|src|action)="([^"#]*)"`)

// reviewed is the field by which the form of a review says that it was reviewed.
var reviewed = regexp.MustCompile(`name="reviewed" value="([^"]*)"`)

func TestPageMountsAnywhere(t *testing.T) {
	t.Parallel()
	for framework, serve := range mounts {
		for _, at := range []string{"/ops/downtime", "/x", "/a/b/c.d"} {
			t.Run(framework+" at "+at, func(t *testing.T) {
				t.Parallel()
				st := memstore.New()
				cfg := core.Config{Store: st, Logger: slog.New(slog.DiscardHandler), ExemptPaths: []string{"/p"}}
				admin.Exempt(&cfg, at)
				staff := core.ContextValue("staff", "account", func(a account) bool { return a.Staff })
				actor := func(ctx context.Context, _ *http.Request) string {
					a, _ := core.Value[account](ctx, "account")
					return a.Name
				}
				gate, err := core.New(cfg)
				require.NoError(t, err)
				page, err := admin.New(gate, admin.Config{Path: at, Authorize: staff, Actor: actor, Logger: slog.New(slog.DiscardHandler)})
				require.NoError(t, err)
				send := func(site http.Handler, method, target, body string) *httptest.ResponseRecorder {
					r := httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
					if body != "" {
						r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
					}
					w := httptest.NewRecorder()
					site.ServeHTTP(w, r)
					return w
				}
				stranger := serve(gate, page, at, account{Name: "eve"})
				site := serve(gate, page, at, account{"ann", true})

				for _, path := range []string{at + "/", at + "/schedule", at + "/api/v1/state"} {
					require.Equal(t, http.StatusForbidden, send(stranger, http.MethodGet, path, "").Code, path)
				}
				w := send(site, http.MethodGet, at, "")
				if w.Code != http.StatusOK { // ServeMux without the path, or the proxy
					require.Equal(t, at+"/", resolve(t, at, w.Header().Get("Location")))
				}
				require.Equal(t, http.StatusOK, send(site, http.MethodGet, at+"/api/v1/state", "").Code)

				// Every link of every page works, resolved as a browser does.
				for _, from := range []string{"/", "/schedule", "/add", "/fleet", "/log", "/visitors", "/zone", "/nothing", "/not/there"} {
					w := send(site, http.MethodGet, at+from, "")
					for _, link := range links.FindAllStringSubmatch(w.Body.String(), -1) {
						to := resolve(t, at+from, link[1])
						require.True(t, strings.HasPrefix(to, at+"/"), "%s on %s leads to %s", link[1], from, to)
						status := send(site, http.MethodGet, to, "").Code
						require.Contains(t, []int{http.StatusOK, http.StatusMethodNotAllowed}, status, "%s on %s", link[1], from)
					}
				}

				require.Equal(t, "welcome", send(site, http.MethodGet, "/", "").Body.String())
				press := func(path, form string) *httptest.ResponseRecorder {
					review := send(site, http.MethodPost, at+path, form)
					require.Equal(t, http.StatusOK, review.Code, review.Body.String())
					mark := reviewed.FindStringSubmatch(review.Body.String())
					require.NotNil(t, mark, review.Body.String())
					return send(site, http.MethodPost, at+path, form+"&reviewed="+url.QueryEscape(mark[1]))
				}
				w = press("/start", "reason=New+shelves&revision=0&zone=UTC")
				require.Equal(t, http.StatusSeeOther, w.Code, w.Body.String())
				require.Equal(t, at+"/", resolve(t, at+"/start", w.Header().Get("Location")))
				require.Equal(t, http.StatusServiceUnavailable, send(site, http.MethodGet, "/", "").Code, "this instance refuses before the page answers the start")
				state, err := operator.Operator{Store: st}.Read(t.Context())
				require.NoError(t, err)
				require.Equal(t, "ann", state.Document.Periods[0].CreatedBy)

				w = send(site, http.MethodGet, at+"/", "")
				require.Equal(t, http.StatusOK, w.Code, "the page is exempt")
				require.Contains(t, w.Body.String(), "New shelves")
				w = press("/end", "id="+state.Document.Periods[0].ID+"&version=1")
				require.Equal(t, http.StatusSeeOther, w.Code)
				require.Equal(t, "welcome", send(site, http.MethodGet, "/", "").Body.String())
			})
		}
	}
}

// resolve returns the URL that a browser opens for the link to on the page at.
func resolve(t *testing.T, at, to string) string {
	t.Helper()
	base, err := url.Parse(at)
	require.NoError(t, err)
	ref, err := url.Parse(strings.ReplaceAll(to, "&amp;", "&"))
	require.NoError(t, err)
	require.False(t, ref.IsAbs())
	return base.ResolveReference(ref).String()
}
