// Package shoptest takes an example application through a downtime, over HTTP. The operator
// has a handle of its own on the file, as the command in another process has.
package shoptest

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/filestore"
)

const (
	apiKey   = "a-key-of-the-example-tests"
	password = "the superuser's password"
	opsPath  = "/ops/downtime"
)

// Run builds the application on a file store of its own, and checks the behavior that all
// examples share.
func Run(t *testing.T, newShop func(file, key, password string) (http.Handler, *core.Gate)) {
	t.Helper()
	a := start(t, newShop)

	t.Log("up: every request is served")
	a.want(a.get("/"), http.StatusOK, "Welcome")
	a.want(a.get("/healthz"), http.StatusOK, "ok")
	a.want(a.get("/static/shop.css"), http.StatusOK, "font-family")
	a.want(a.get("/login"), http.StatusUnauthorized, "wrong password")
	a.want(a.get("/api/orders"), http.StatusOK, `["tea"]`)
	a.want(a.get("/nowhere"), http.StatusNotFound, "")
	a.want(a.get(opsPath+"/"), http.StatusForbidden, "")

	t.Log("down: refused, in the format that was asked for")
	a.takeDown("New shelves", 10*time.Minute)
	html := a.get("/", "Accept", "text/html")
	a.want(html, http.StatusServiceUnavailable, "New shelves")
	a.header(html, "Content-Type", "text/html")
	a.header(html, "Cache-Control", "no-store")
	if html.Header.Get("Retry-After") == "" {
		t.Error("the 503 has no Retry-After")
	}
	problem := a.get("/api/orders", "Accept", "application/json")
	a.want(problem, http.StatusServiceUnavailable, "New shelves")
	a.header(problem, "Content-Type", "application/problem+json")
	if !json.Valid([]byte(problem.body)) {
		t.Errorf("the problem is no JSON: %s", problem.body)
	}
	a.want(a.get("/"), http.StatusServiceUnavailable, "New shelves")
	a.want(a.send(http.MethodPost, "/api/orders", "{}"), http.StatusServiceUnavailable, "")
	a.want(a.get("/nowhere"), http.StatusServiceUnavailable, "")

	t.Log("down: exempt paths are served, similar paths are not")
	a.want(a.get("/healthz"), http.StatusOK, "ok")
	a.want(a.get("/healthz/deep"), http.StatusServiceUnavailable, "")
	a.want(a.get("/static/shop.css"), http.StatusOK, "font-family")
	a.want(a.get("/static/../api/orders"), http.StatusServiceUnavailable, "")
	a.want(a.get("/staticky"), http.StatusServiceUnavailable, "")
	a.want(a.get(opsPath+"/"), http.StatusForbidden, "") // by the page, not by the gate
	a.want(a.get(opsPath+"ily"), http.StatusServiceUnavailable, "")

	t.Log("down: the API key passes, similar keys do not")
	a.want(a.get("/api/orders", "X-Api-Key", apiKey), http.StatusOK, "tea")
	a.want(a.get("/api/orders", "X-Api-Key", ""), http.StatusServiceUnavailable, "")
	a.want(a.get("/api/orders", "X-Api-Key", apiKey+"x"), http.StatusServiceUnavailable, "")
	a.want(a.get("/api/orders?X-Api-Key="+apiKey), http.StatusServiceUnavailable, "")

	t.Log("down: the superuser signs in, and passes")
	wrong := a.get("/login", "Authorization", basic("wrong"))
	a.want(wrong, http.StatusUnauthorized, "wrong password")
	a.header(wrong, "WWW-Authenticate", "Basic")
	a.want(a.get("/", "Authorization", basic("wrong")), http.StatusServiceUnavailable, "")
	signedIn := a.get("/login", "Authorization", basic(password)) // follows the redirect to the page
	a.want(signedIn, http.StatusOK, "New shelves")
	shop := a.get("/", "Authorization", basic(password))
	a.want(shop, http.StatusOK, "Welcome")
	a.header(shop, "Cache-Control", "private, no-store")

	t.Log("down: the superuser operates it, without and with the slash, by page and by API")
	for _, path := range []string{opsPath, opsPath + "/"} {
		page := a.get(path, "Accept", "text/html", "Authorization", basic(password))
		a.want(page, http.StatusOK, "New shelves")
		a.header(page, "Content-Type", "text/html")
		a.header(page, "Content-Security-Policy", "default-src 'none'; style-src 'self'")
	}
	state := a.get(opsPath+"/api/v1/state", "Authorization", basic(password))
	a.want(state, http.StatusOK, `"state": "down"`)
	a.header(state, "Content-Type", "application/json")
	a.want(a.send(http.MethodPost, opsPath+"/end-all", "revision=1", "Authorization", basic(password), "Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "cross-site"), http.StatusForbidden, "another site")

	t.Log("up again")
	a.bringBack()
	a.want(a.get("/"), http.StatusOK, "Welcome")
}

type app struct {
	t        *testing.T
	url      string
	gate     *core.Gate
	operator operator.Operator
	client   *http.Client
}

type answer struct {
	*http.Response
	path, body string
}

func start(t *testing.T, newShop func(file, key, password string) (http.Handler, *core.Gate)) *app {
	t.Helper()
	path := filepath.Join(t.TempDir(), "downtime.json")
	handler, gate := newShop(path, apiKey, password)
	server := httptest.NewServer(handler)
	t.Cleanup(func() {
		server.Close()
		if err := gate.Shutdown(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("gate.Shutdown: %v", err)
		}
	})
	a := &app{t: t, url: server.URL, gate: gate, client: server.Client()}
	a.operator = operator.Operator{Store: open(t, path), Actor: "shoptest"}
	return a
}

func open(t *testing.T, path string) store.Store {
	t.Helper()
	st, err := filestore.New(path)
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// takeDown returns when the application has followed by its own poll.
func (a *app) takeDown(reason string, expected time.Duration) {
	a.t.Helper()
	if _, err := a.operator.Start(a.t.Context(), operator.StartOptions{Reason: &reason, ExpectedAfter: expected}); err != nil {
		a.t.Fatal(err)
	}
	select {
	case <-a.gate.Closing():
	case <-time.After(5 * time.Second):
		a.t.Fatal("the application has not noticed the downtime within 5s")
	}
}

func (a *app) bringBack() {
	a.t.Helper()
	if _, err := a.operator.End(a.t.Context(), operator.EndOptions{Holder: a.operator.Actor}); err != nil {
		a.t.Fatal(err)
	}
	if err := a.gate.Refresh(a.t.Context()); err != nil {
		a.t.Fatal(err)
	}
}

// get sends the path unchanged, with pairs of header names and values.
func (a *app) get(path string, header ...string) answer {
	a.t.Helper()
	return a.send(http.MethodGet, path, "", header...)
}

// basic is the Authorization header of the superuser (RFC 7617).
func basic(password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte("admin:"+password))
}

func (a *app) send(method, path, body string, header ...string) answer {
	a.t.Helper()
	r, err := http.NewRequestWithContext(a.t.Context(), method, a.url+path, strings.NewReader(body))
	if err != nil {
		a.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := a.client.Do(r)
	if err != nil {
		a.t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // it was only read
	content, err := io.ReadAll(res.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	return answer{res, path, string(content)}
}

func (a *app) want(got answer, status int, body string) {
	a.t.Helper()
	if got.StatusCode != status || !strings.Contains(got.body, body) {
		a.t.Errorf("%s: want %d with %q in it, got %d:\n%s", got.path, status, body, got.StatusCode, got.body)
	}
}

// header requires that the header begins with value.
func (a *app) header(got answer, name, value string) {
	a.t.Helper()
	if h := got.Header.Get(name); !strings.HasPrefix(h, value) {
		a.t.Errorf("%s: want %s: %s…, got %q", got.path, name, value, h)
	}
}
