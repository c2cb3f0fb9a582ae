package adaptertest

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

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
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/memstore"
)

// attackMount is where the page is mounted.
const attackMount = "/ops/downtime"

// attackMounts are the ways to mount the page that is attacked.
var attackMounts = map[string]func(gate *core.Gate, page http.Handler) http.Handler{
	"ServeMux": func(gate *core.Gate, page http.Handler) http.Handler {
		mux := http.NewServeMux()
		mux.Handle(attackMount+"/", page)
		return gate.Handler(mux)
	},
	"ServeMux that strips": func(gate *core.Gate, page http.Handler) http.Handler {
		mux := http.NewServeMux()
		mux.Handle(attackMount+"/", http.StripPrefix(attackMount, page))
		return gate.Handler(mux)
	},
	"no router at all": func(gate *core.Gate, page http.Handler) http.Handler { return gate.Handler(page) },
	"gin": func(gate *core.Gate, page http.Handler) http.Handler {
		r := gin.New()
		r.Use(gindowntime.Middleware(gate))
		r.Any(attackMount+"/*page", gindowntime.Wrap(page))
		return r
	},
	"gin that cleans": func(gate *core.Gate, page http.Handler) http.Handler {
		r := gin.New()
		r.RemoveExtraSlash, r.RedirectFixedPath, r.UseRawPath = true, true, true
		r.Use(gindowntime.Middleware(gate))
		r.Any(attackMount+"/*page", gindowntime.Wrap(page))
		return r
	},
	"echo": func(gate *core.Gate, page http.Handler) http.Handler {
		e := echo.New()
		e.Use(echodowntime.Middleware(gate))
		e.Any(attackMount+"/*", echodowntime.Wrap(page))
		return e
	},
	"chi": func(gate *core.Gate, page http.Handler) http.Handler {
		r := chi.NewRouter()
		r.Use(chidowntime.Middleware(gate))
		r.Mount(attackMount, page)
		return r
	},
}

// attackTargets are spellings of paths, as they stand in a request line; PATH is one within
// the mount.
var attackTargets = []string{
	"/ops/downtime/PATH", "/ops/downtime//PATH", "/ops//downtime/PATH", "//ops/downtime/PATH", "/ops/downtime/./PATH",
	"/x/../ops/downtime/PATH", "/ops/downtime/../downtime/PATH", "/ops/downtime/%2e%2e/downtime/PATH", "/ops/downtime/%2e/PATH",
	"/ops/downtime%2fPATH", "/ops%2fdowntime/PATH", "/%6fps/downtime/PATH", "/OPS/downtime/PATH", "/ops/downtime/PATH/", "/ops/downtime/PATH;x=y",
	"/ops/downtime/PATH%00", "/ops/downtime/PATH%0d%0aSet-Cookie:%20x=y", "/ops/downtime\\PATH", "/ops/downtime/icon.svg/../PATH", "/ops/downtime;/PATH",
	"http://evil.example/ops/downtime/PATH", "//evil.example/ops/downtime/PATH", "/ops/downtime/ops/downtime/PATH", "/PATH", "/ops/downtimeX/PATH",
	"/ops/downtime", "/ops/downtime?//evil.example", "/ops/downtime%3f", "/ops/downtime/..", "*",
}

// attackPaths are the paths that each target is tried with, and a body that does something
// there.
var attackPaths = map[string]struct{ kind, body string }{
	"":               {"application/x-www-form-urlencoded", ""},
	"start":          {"application/x-www-form-urlencoded", "revision=1&zone=UTC&reviewed=" + string(store.TokenOf([]byte("down=true anew=false ,  , ,")))},
	"add":            {"application/x-www-form-urlencoded", "zone=UTC&start=2097-03-08T02:00&end=2097-03-08T04:00"},
	"api/v1/start":   {"application/json", `{}`},
	"api/v1/end":     {"application/json", `{"all": true, "revision": 1}`},
	"api/v1/periods": {"application/json", `{"start": "2097-03-08T02:00:00Z", "end": null}`},
}

// TestAttacks sends every target with every method to every mount: from a client without an
// account, from an operator's browser that another site has sent, and, with safe methods, from
// an operator. None of them writes. Every redirect of the page stays inside the page.
func TestAttacks(t *testing.T) {
	t.Parallel()
	methods := []string{"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "get", "QUERY"}
	for name, mount := range attackMounts {
		for state, down := range map[string]bool{"up": false, "down": true} {
			t.Run(name+"/"+state, func(t *testing.T) {
				t.Parallel()
				st, h, _ := attacked(t, mount)
				var err error
				if down {
					_, err = ann(st).Start(t.Context(), operator.StartOptions{})
				} else {
					_, err = ann(st).Init(t.Context(), operator.InitOptions{})
				}
				require.NoError(t, err)
				before, err := st.Get(t.Context(), "")
				require.NoError(t, err)
				reached := 0
				for _, target := range attackTargets {
					for path, sent := range attackPaths {
						for _, method := range methods {
							line := method + " " + strings.ReplaceAll(target, "PATH", path)
							headers := "Content-Type: " + sent.kind + "\r\n"
							guest := attack(t, h, line, headers, sent.body)
							stray := attack(t, h, line, headers+"X-User: alice\r\nSec-Fetch-Site: cross-site\r\n", sent.body)
							if guest != nil && ofThePage(guest) {
								reached++
								require.Equal(t, http.StatusForbidden, guest.Code, line)
							}
							if stray != nil && ofThePage(stray) {
								insideThePage(t, line, stray)
								if method != "GET" && method != "HEAD" && method != "OPTIONS" {
									require.Equal(t, http.StatusForbidden, stray.Code, line)
								}
							}
							if method == "GET" || method == "HEAD" || method == "OPTIONS" || method == "get" || method == "TRACE" {
								if alice := attack(t, h, line, headers+"X-User: alice\r\n", sent.body); alice != nil && ofThePage(alice) {
									insideThePage(t, line, alice)
									require.Less(t, alice.Code, 500, line)
								}
							}
						}
					}
				}
				require.Greater(t, reached, 100, "the page was there to be attacked")
				after, err := st.Get(t.Context(), "")
				require.NoError(t, err)
				require.Equal(t, before.Token, after.Token, "nothing was written")
			})
		}
	}
}

// TestAttacksWouldWork: the same requests from an operator do write, on every mount.
func TestAttacksWouldWork(t *testing.T) {
	t.Parallel()
	for name, mount := range attackMounts {
		for path, sent := range attackPaths {
			if path == "" {
				continue
			}
			t.Run(name+"/"+path, func(t *testing.T) {
				t.Parallel()
				st, h, _ := attacked(t, mount)
				_, err := ann(st).Start(t.Context(), operator.StartOptions{})
				require.NoError(t, err)
				done := attack(t, h, "POST /ops/downtime/"+path, "X-User: alice\r\nContent-Type: "+sent.kind+"\r\n", sent.body)
				require.Less(t, done.Code, 400, done.Body)
				after, err := ann(st).Read(t.Context())
				require.NoError(t, err)
				require.Equal(t, int64(2), after.Document.Revision)
			})
		}
	}
}

// TestAPIOnEveryMount: every method, status and header passes through every router.
func TestAPIOnEveryMount(t *testing.T) {
	t.Parallel()
	for name, mount := range attackMounts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st, h, gate := attacked(t, mount)
			res, err := ann(st).Schedule(t.Context(), operator.WindowOptions{Start: time.Date(2097, 3, 8, 2, 0, 0, 0, time.UTC), EndAfter: time.Hour})
			require.NoError(t, err)
			require.NoError(t, gate.Refresh(t.Context()), "otherwise the state changes once more, when the gate has read the window")
			ask := func(line, headers, body string) *httptest.ResponseRecorder {
				t.Helper()
				w := attack(t, h, line, "X-User: alice\r\nContent-Type: application/json\r\n"+headers, body)
				require.True(t, ofThePage(w), line)
				return w
			}
			state := ask("GET /ops/downtime/api/v1/state", "", "")
			require.Equal(t, http.StatusOK, state.Code)
			same := ask("GET /ops/downtime/api/v1/state", "If-None-Match: "+state.Header().Get("ETag")+"\r\n", "")
			require.Equal(t, http.StatusNotModified, same.Code)
			require.Empty(t, same.Body.String())
			require.Equal(t, http.StatusOK, ask("HEAD /ops/downtime/api/v1/state", "", "").Code)

			path := " /ops/downtime/api/v1/periods/" + res.Period.ID
			options := ask("OPTIONS"+path, "", "")
			require.Equal(t, http.StatusNoContent, options.Code)
			require.Equal(t, "DELETE, GET, HEAD, OPTIONS, PATCH", options.Header().Get("Allow"))
			edited := ask("PATCH"+path, "If-Match: \"1\"\r\n", `{"reason": "Move"}`)
			require.Equal(t, http.StatusOK, edited.Code, edited.Body)
			require.Regexp(t, `^"2-`, edited.Header().Get("ETag"))
			stale := ask("DELETE"+path, "If-Match: \"1\"\r\n", "")
			require.Equal(t, http.StatusPreconditionFailed, stale.Code)
			require.Equal(t, "application/problem+json", stale.Header().Get("Content-Type"))
			require.Equal(t, http.StatusOK, ask("DELETE"+path, "If-Match: \"2\"\r\n", "").Code)
			require.Equal(t, http.StatusNotFound, ask("GET"+path, "", "").Code)
			made := ask("POST /ops/downtime/api/v1/start", "", `{}`)
			require.Equal(t, http.StatusCreated, made.Code)
			require.Regexp(t, `^/ops/downtime/api/v1/periods/\w+$`, made.Header().Get("Location"))
		})
	}
}

func ann(st store.Store) operator.Operator { return operator.Operator{Store: st, Actor: "ann"} }

func attacked(t *testing.T, mount func(gate *core.Gate, page http.Handler) http.Handler) (store.Store, http.Handler, *core.Gate) {
	t.Helper()
	st := memstore.New()
	cfg := core.Config{Store: st, Logger: slog.New(slog.DiscardHandler)}
	admin.Exempt(&cfg, attackMount)
	gate, err := core.New(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { _ = gate.Shutdown(context.WithoutCancel(t.Context())) })
	page, err := admin.New(gate, admin.Config{
		Path: attackMount, Logger: slog.New(slog.DiscardHandler),
		Actor:     func(_ context.Context, r *http.Request) string { return r.Header.Get("X-User") },
		Authorize: core.Func("alice", func(_ context.Context, r *http.Request) bool { return r.Header.Get("X-User") == "alice" }),
	})
	require.NoError(t, err)
	return st, mount(gate, page), gate
}

// attack parses and serves a request as it comes over the wire. It returns nil if net/http
// refuses the request.
func attack(t *testing.T, h http.Handler, line, headers, body string) *httptest.ResponseRecorder {
	t.Helper()
	raw := fmt.Sprintf("%s HTTP/1.1\r\nHost: shop.example\r\n%sContent-Length: %d\r\n\r\n%s", line, headers, len(body), body)
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(raw)))
	if err != nil {
		return nil
	}
	r.RemoteAddr = "192.0.2.1:1234"
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r.WithContext(t.Context()))
	return w
}

// ofThePage reports whether the answer comes from the page, and not from the gate or the router.
func ofThePage(w *httptest.ResponseRecorder) bool {
	return strings.Contains(w.Header().Get("Content-Security-Policy"), "frame-ancestors 'none'") && w.Header().Get("Cross-Origin-Opener-Policy") != ""
}

// insideThePage requires that a redirect of the page leads into the page, at any mount.
func insideThePage(t *testing.T, line string, w *httptest.ResponseRecorder) {
	t.Helper()
	to := w.Header().Get("Location")
	if to == "" {
		require.NotContains(t, []int{301, 302, 303, 307, 308}, w.Code, line)
		return
	}
	u, err := url.Parse(to)
	require.NoError(t, err, line)
	require.False(t, u.IsAbs() || u.Host != "" || strings.HasPrefix(u.Path, "/") || strings.Contains(u.Path, "..") || strings.Contains(to, `\`), "%s leads to %q", line, to)
}
