package echodowntime_test

import (
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/labstack/echo/v5"
	"github.com/labstack/echo/v5/middleware"
	"github.com/stretchr/testify/require"

	echodowntime "github.com/go-downtime/downtime/adapters/echov5"
	"github.com/go-downtime/downtime/core"
)

var responders = map[string]func(*echo.Context, core.Decision) error{
	"the gate's own": nil,
	"a responder":    func(c *echo.Context, _ core.Decision) error { return c.String(http.StatusServiceUnavailable, "down") },
	"a responder that only writes": func(c *echo.Context, _ core.Decision) error {
		_, err := io.WriteString(c.Response(), "down")
		return err
	},
	"a responder that flushes": func(c *echo.Context, _ core.Decision) error {
		if _, err := io.WriteString(c.Response(), "down"); err != nil {
			return err
		}
		return http.NewResponseController(c.Response()).Flush()
	},
	"DelegateErrors": echodowntime.DelegateErrors,
}

// TestBehindGzip: in echo v5 middleware puts its own writer around echo's response.
func TestBehindGzip(t *testing.T) {
	t.Parallel()
	for name, respond := range responders {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := quiet()
			e.Use(middleware.Gzip(), echodowntime.Middleware(down(t, nil), echodowntime.WithResponder(respond)))
			server := httptest.NewServer(e)
			t.Cleanup(server.Close)
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, http.NoBody)
			require.NoError(t, err)
			r.Header.Set("Accept-Encoding", "gzip") // the client then leaves the body as it is
			res, err := server.Client().Do(r)
			require.NoError(t, err)
			t.Cleanup(func() { _ = res.Body.Close() })
			require.Equal(t, http.StatusServiceUnavailable, res.StatusCode)
			unpacked := io.Reader(res.Body)
			if name == "DelegateErrors" { // echo renders an error after Gzip has returned
				require.Empty(t, res.Header.Get("Content-Encoding"))
			} else {
				require.Equal(t, "gzip", res.Header.Get("Content-Encoding"))
				unpacked, err = gzip.NewReader(res.Body)
				require.NoError(t, err)
			}
			body, err := io.ReadAll(unpacked)
			require.NoError(t, err)
			require.Regexp(t, "(?i)down|unavailable", string(body))
		})
	}
}

// TestHeadInAGroup: with AutoHandleHEAD echo buffers the status of a group's middleware.
func TestHeadInAGroup(t *testing.T) {
	t.Parallel()
	for name, respond := range responders {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := echo.NewWithConfig(echo.Config{Router: echo.NewRouter(echo.RouterConfig{AutoHandleHEAD: true})})
			group := e.Group("/g", echodowntime.Middleware(down(t, nil), echodowntime.WithResponder(respond)))
			group.GET("/a", ok)
			w := serve(t, e, http.MethodHead, "/g/a")
			require.Equal(t, http.StatusServiceUnavailable, w.Code)
			require.Empty(t, w.Body.String())
			require.NotEmpty(t, w.Header().Get("Retry-After"))
		})
	}
}

// hiding is a writer that does not tell which writer it writes to.
type hiding struct{ w http.ResponseWriter }

func (h hiding) Header() http.Header         { return h.w.Header() }
func (h hiding) Write(b []byte) (int, error) { return h.w.Write(b) }
func (h hiding) WriteHeader(status int)      { h.w.WriteHeader(status) }

func TestBehindAWriterThatHidesEchosResponse(t *testing.T) {
	t.Parallel()
	for name, respond := range responders {
		if name == "a responder that flushes" {
			continue // the writer cannot
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := quiet()
			e.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
				return func(c *echo.Context) error {
					c.SetResponse(hiding{c.Response()})
					return next(c)
				}
			}, echodowntime.Middleware(down(t, nil), echodowntime.WithResponder(respond)))
			require.Equal(t, http.StatusServiceUnavailable, serve(t, e, http.MethodGet, "/").Code)
		})
	}
}

// TestAResponderThatTookTheConnectionOverAndFails: echo's error handler must not write to it.
func TestAResponderThatTookTheConnectionOverAndFails(t *testing.T) {
	t.Parallel()
	e := quiet()
	handled := make(chan bool, 1)
	e.HTTPErrorHandler = func(c *echo.Context, _ error) {
		res, err := echo.UnwrapResponse(c.Response())
		handled <- err == nil && res.Committed
	}
	e.Use(echodowntime.Middleware(down(t, nil), echodowntime.WithResponder(func(c *echo.Context, _ core.Decision) error {
		conn, _, err := http.NewResponseController(c.Response()).Hijack()
		if err != nil {
			return err
		}
		return errors.Join(errors.New("failed"), conn.Close())
	})))
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, http.NoBody)
	require.NoError(t, err)
	_, err = server.Client().Do(r)
	require.ErrorIs(t, err, io.EOF)
	require.True(t, <-handled, "the response counts as sent")
}

// TestWrapPassesTheRoute: as echo.WrapHandler does.
func TestWrapPassesTheRoute(t *testing.T) {
	t.Parallel()
	e := echo.New()
	e.GET("/users/:id", echodowntime.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Pattern+" "+r.PathValue("id"))
	})))
	require.Equal(t, "/users/:id 7", serve(t, e, http.MethodGet, "/users/7").Body.String())
}
