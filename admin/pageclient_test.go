package admin_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/admin"
	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/memstore"
)

// mount is where the tests of the pages mount them.
const mount = "/ops/downtime"

// pageClient is a browser without JavaScript, of an authorized operator.
type pageClient struct {
	t       testing.TB
	page    http.Handler
	gate    *core.Gate
	store   store.Store
	log     *lines
	user    string
	cookies map[string]string
}

// pageSettings are the settings that a test changes.
type pageSettings struct {
	store store.Store // nil: a new memstore
	gate  func(c *core.Config)
	page  func(c *admin.Config)
}

// newPages makes the pages over a store. A request with X-User is authorized.
func newPages(t testing.TB, set pageSettings) *pageClient {
	t.Helper()
	c := &pageClient{t: t, store: set.store, log: &lines{}, user: "alice", cookies: map[string]string{}}
	if c.store == nil {
		c.store = memstore.New()
	}
	logger := slog.New(slog.NewTextHandler(c.log, nil))
	gateConfig := core.Config{Store: c.store, Logger: logger}
	admin.Exempt(&gateConfig, mount)
	if set.gate != nil {
		set.gate(&gateConfig)
	}
	gate, err := core.New(gateConfig)
	require.NoError(t, err)
	t.Cleanup(func() { _ = gate.Shutdown(context.WithoutCancel(t.Context())) })
	user := func(_ context.Context, r *http.Request) string { return r.Header.Get("X-User") }
	pageConfig := admin.Config{
		Path: mount, Logger: logger, Actor: user,
		Authorize: core.Func("named", func(ctx context.Context, r *http.Request) bool { return user(ctx, r) != "" }),
	}
	if set.page != nil {
		set.page(&pageConfig)
	}
	c.page, err = admin.New(gate, pageConfig)
	require.NoError(t, err)
	c.gate = gate
	return c
}

// as is another browser, of another user, on the same pages.
func (c *pageClient) as(user string) *pageClient {
	other := *c
	other.user, other.cookies = user, map[string]string{}
	return &other
}

// reply is an answer, and the path of the request.
type reply struct {
	*httptest.ResponseRecorder

	t    testing.TB
	path string
}

func (c *pageClient) send(r *http.Request) reply {
	c.t.Helper()
	r.Header.Set("X-User", c.user)
	for name, value := range c.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := httptest.NewRecorder()
	c.page.ServeHTTP(w, r)
	for _, cookie := range w.Result().Cookies() {
		if c.cookies[cookie.Name] = cookie.Value; cookie.MaxAge < 0 {
			delete(c.cookies, cookie.Name)
		}
	}
	return reply{w, c.t, r.URL.Path}
}

// get fetches a page by its path within the mount.
func (c *pageClient) get(path string) reply {
	c.t.Helper()
	return c.send(httptest.NewRequestWithContext(c.t.Context(), http.MethodGet, mount+"/"+strings.TrimPrefix(path, mount+"/"), http.NoBody))
}

// post sends a form, given as pairs of name and value. If the answer is a review, post sends the
// form of the review.
func (c *pageClient) post(path string, fields ...string) reply {
	c.t.Helper()
	w := c.ask(path, fields...)
	if mark := w.hidden("reviewed"); mark != "" {
		return c.ask(path, append(fields, "reviewed", mark)...)
	}
	return w
}

// reviewOfStart is the field by which a start says that it was reviewed, if the site is up.
func (c *pageClient) reviewOfStart() string {
	c.t.Helper()
	return c.ask("start", "revision", strconv.FormatInt(c.document().Mark().Revision, 10), "zone", "UTC").hidden("reviewed")
}

// ask sends a form. The answer may be a review.
func (c *pageClient) ask(path string, fields ...string) reply {
	c.t.Helper()
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	r := httptest.NewRequestWithContext(c.t.Context(), http.MethodPost, mount+"/"+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return c.send(r)
}

// follow follows a redirect, as a browser would.
func (c *pageClient) follow(r reply) reply {
	c.t.Helper()
	require.Equal(c.t, http.StatusSeeOther, r.Code, r.Body.String())
	to, err := url.Parse(r.Header().Get("Location"))
	require.NoError(c.t, err)
	at := (&url.URL{Path: r.path}).ResolveReference(to)
	return c.send(httptest.NewRequestWithContext(c.t.Context(), http.MethodGet, at.String(), http.NoBody))
}

// document is the document in the store; nil if nothing was written.
func (c *pageClient) document() *period.Document {
	c.t.Helper()
	return documentOf(c.t, c.store)
}

// only is the only period in the store.
func (c *pageClient) only() period.Period {
	c.t.Helper()
	require.Len(c.t, c.document().Periods, 1)
	return c.document().Periods[0]
}

// plan schedules a window as this actor, and returns it. A window whose start has passed begins now.
func (c *pageClient) plan(actor string, o operator.WindowOptions) period.Period {
	c.t.Helper()
	if !o.Disabled && !o.Start.After(time.Now()) {
		o.Start, o.StartNow = time.Time{}, true
	}
	res, err := operator.Operator{Store: c.store, Actor: actor}.Schedule(c.t.Context(), o)
	require.NoError(c.t, err)
	return res.Period
}

// begin takes the site down for this holder, and returns the deployment.
func (c *pageClient) begin(holder, reason string) period.Period {
	c.t.Helper()
	res, err := operator.Operator{Store: c.store}.Start(c.t.Context(), operator.StartOptions{Holder: holder, Reason: &reason})
	require.NoError(c.t, err)
	return res.Period
}

// says requires that the page contains these texts.
func (r reply) says(texts ...string) {
	r.t.Helper()
	for _, text := range texts {
		require.Contains(r.t, r.text(), text)
	}
}

var (
	tags   = regexp.MustCompile(`<[^>]*>`)
	blanks = regexp.MustCompile(`\s+`)
)

// text is the page without its markup, in one line.
func (r reply) text() string {
	plain := tags.ReplaceAllString(r.Body.String(), "")
	plain = strings.NewReplacer("&#39;", "'", "&#34;", `"`, "&lt;", "<", "&gt;", ">", "&#43;", "+", "&amp;", "&").Replace(plain)
	return blanks.ReplaceAllString(plain, " ")
}

// attribute is the first value of an attribute in the page; "" if it has none.
func (r reply) attribute(name string) string {
	found := regexp.MustCompile(` ` + regexp.QuoteMeta(name) + `="([^"]*)"`).FindStringSubmatch(r.Body.String())
	if found == nil {
		return ""
	}
	return found[1]
}

// fault is the fault of a field on the page; "" if there is none.
func (r reply) fault(field string) string {
	found := regexp.MustCompile(`id="` + regexp.QuoteMeta(field) + `-fault">([^<]*)<`).FindStringSubmatch(r.Body.String())
	if found == nil {
		return ""
	}
	return found[1]
}

// hidden is the value of a hidden input; "" if there is none.
func (r reply) hidden(name string) string {
	found := regexp.MustCompile(`<input type="hidden" name="` + regexp.QuoteMeta(name) + `" value="([^"]*)">`).FindStringSubmatch(r.Body.String())
	if found == nil {
		return ""
	}
	return found[1]
}

// match is the first match of the group of a pattern in the page.
func match(w reply, pattern string) string {
	w.t.Helper()
	found := regexp.MustCompile(pattern).FindStringSubmatch(w.Body.String())
	require.NotNil(w.t, found, "%s in %s", pattern, w.Body.String())
	return found[1]
}
