package admin_test

import (
	"bytes"
	"context"
	"errors"
	"html/template"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
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

func TestVisitorsPageIsShownInASandbox(t *testing.T) {
	t.Parallel()
	c := newPages(t, pageSettings{})
	for _, state := range []string{"up", "down"} {
		if state == "down" {
			c.begin("bob", "New shelves & more")
		}
		w := c.get("visitors")
		require.Equal(t, http.StatusOK, w.Code)
		require.Contains(t, w.Header().Get("Content-Security-Policy"), "frame-src 'self'")
		require.Contains(t, w.Header().Get("Content-Security-Policy"), "frame-ancestors 'none'")
		w.says("503", "Retry-After:", "Downtime: down;kind=planned", `"status":503`)

		frame := c.get("visitors.htm")
		require.Equal(t, http.StatusOK, frame.Code)
		policy := frame.Header().Get("Content-Security-Policy")
		require.Contains(t, policy, "sandbox; frame-ancestors 'self'")
		require.Equal(t, 1, strings.Count(policy, "frame-ancestors"))
		require.NotContains(t, policy, "allow-")
		require.Contains(t, policy, "style-src 'sha256-")
		require.Equal(t, "SAMEORIGIN", frame.Header().Get("X-Frame-Options"))
		require.Equal(t, "no-store", frame.Header().Get("Cache-Control"))
		require.Equal(t, "nosniff", frame.Header().Get("X-Content-Type-Options"))

		if state == "down" {
			// The same bytes as a visitor gets.
			visitor := httptest.NewRecorder()
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
			r.Header.Set("Accept", "text/html")
			c.gate.Handler(http.NotFoundHandler()).ServeHTTP(visitor, r)
			require.Equal(t, http.StatusServiceUnavailable, visitor.Code)
			require.Equal(t, visitor.Body.String(), frame.Body.String())
			w.says("New shelves & more")
		}
	}
}

func TestVisitorsPageOfTheApplicationsOwn(t *testing.T) {
	t.Parallel()
	own := template.Must(template.New("").Parse(`<!doctype html><title>x</title><p>Back soon: {{.Reason}}<script>parent.alert(1)</script>`))
	c := newPages(t, pageSettings{gate: func(c *core.Config) { c.PageTemplate = own }})
	c.begin("bob", "shelves")
	c.get("visitors")
	frame := c.get("visitors.htm")
	require.Contains(t, frame.Body.String(), "Back soon: shelves")
	require.Equal(t, "sandbox; frame-ancestors 'self'", frame.Header().Get("Content-Security-Policy"), "no script of it runs here")

	c = newPages(t, pageSettings{gate: func(c *core.Config) { c.RedirectURL = "https://status.example/" }})
	c.begin("bob", "shelves")
	c.get("visitors").says("are sent to https://status.example/, by a redirect")
}

func TestFleetIsShownAsItWasReported(t *testing.T) {
	t.Parallel()
	mem := newShifted()
	c := newPages(t, pageSettings{store: mem})
	p := c.begin("bob", "x")
	c.get("")
	now := c.document()
	for _, row := range []period.Row{
		{ID: "serves", PID: 2, State: period.Open, Override: "up", StoreID: now.StoreID, Revision: 1, WriteID: now.WriteID, InFlight: 7, Rules: "other"},
		{ID: "behind", PID: 3, State: period.Starting, Cause: "starting", Revision: 0, Rules: "other"},
		{ID: "ahead", PID: 4, State: period.Closed, Cause: "period", StoreID: now.StoreID, Revision: 9, WriteID: "x", Regressed: true, Drained: []string{p.ID}},
		{ID: "drained", PID: 5, State: period.Closed, Cause: "period", StoreID: now.StoreID, Revision: 1, WriteID: now.WriteID, Drained: []string{p.ID}, Exempt: 3, Streams: map[string]int64{"feed": 3, "chat": 12}},
		{ID: "gone", PID: 6, State: period.Open},
	} {
		row.Policy, row.Host = "keep", "web"
		report(t, mem, row, time.Minute)
	}
	require.NoError(t, mem.DeleteRow(t.Context(), "gone", []byte("shut down")))
	_, _, err := mem.PutRow(t.Context(), "broken", []byte("{"), time.Minute)
	require.NoError(t, err)
	w := c.get("fleet")
	w.says("serves visitors", "held up by an override, independent of the store", "refuses because of: starting", "has seen a later state than the store holds",
		"ahead of the store, which went back", "this one", "Instances have different rules", "5 live instances: 1 serves visitors, 2 refuse visitors and have not drained, 2 refuse visitors and have drained.",
		"refuses, drained", "and 3 exempt", "streams: chat 12, feed 3", "its row cannot be read")
	require.NotContains(t, w.Body.String(), `data-instance="gone"`, "it was shut down")
	require.Equal(t, 6, strings.Count(w.Body.String(), "data-instance="))
	c.get("").says("5 live instances")

	mem.set(func(s *shiftedStore) { s.by = 2 * time.Minute })
	w = c.get("fleet")
	w.says("silent", "dead or cut off; last: serves visitors", "their state is not known")
}

func TestHeadlineNamesOtherInstancesThatDiffer(t *testing.T) {
	t.Parallel()
	st := memstore.New()
	c := newPages(t, pageSettings{store: st})
	serves := func() {
		now := c.document()
		report(t, st, period.Row{
			ID: "serves", Host: "web2", PID: 2, State: period.Open, Override: "up", Policy: "keep", Reads: period.Reads(),
			StoreID: now.StoreID, Revision: now.Revision, WriteID: now.WriteID,
		}, time.Minute)
	}
	c.begin("bob", "x")
	serves()
	w := c.get("")
	w.says("Down, but 1 of 2 instances serves: host web2 (override up)")
	require.Equal(t, "mixed", w.attribute("data-state"))
	_, _, err := st.PutRow(t.Context(), "serves", []byte("{"), time.Minute)
	require.NoError(t, err)
	w = c.get("")
	w.says("The site is down for visitors, by the store: 1 of 2 instances silent or outdated")
	require.Equal(t, "down", w.attribute("data-state"))
	_, err = operator.Operator{Store: st}.End(t.Context(), operator.EndOptions{All: true})
	require.NoError(t, err)
	serves()
	require.Equal(t, "up", c.get("").attribute("data-state"))
}

// TestFleetShowsThisInstanceAsItIsNow although its row is written later.
func TestFleetShowsThisInstanceAsItIsNow(t *testing.T) {
	t.Parallel()
	c := newPages(t, pageSettings{})
	c.get("fleet").says("1 live instance: 1 serves visitors.")
	ticket, ok := c.gate.Enter(nil)
	require.True(t, ok)
	c.begin("bob", "x")
	c.get("fleet").says("1 live instance: 1 refuses visitors and has not drained.", "refuses, and finishes requests")
	ticket.Leave()
	require.NoError(t, c.gate.Refresh(t.Context()))
	c.get("fleet").says("1 live instance: 1 refuses visitors and has drained.", "refuses, drained")
}

func TestFleetThatCannotBeListed(t *testing.T) {
	t.Parallel()
	rows := &noRows{Store: memstore.New()}
	c := newPages(t, pageSettings{store: rows})
	rows.denied.Store(true) // the gate serves: it lists the rows of others before
	c.begin("bob", "x")
	w := c.get("fleet")
	require.Equal(t, "down", w.attribute("data-state"), "the document can be read")
	require.Equal(t, "fleet-unreadable", w.attribute("data-warning"))
	w.says("permission denied", "The instances cannot be listed now")
	require.NotContains(t, c.get("").text(), "live instance")
}

// noRows is a store that cannot list its rows while denied.
type noRows struct {
	*memstore.Store

	denied atomic.Bool
}

func (s *noRows) ListRows(ctx context.Context, have store.Token) (store.Rowset, error) {
	if s.denied.Load() {
		return store.Rowset{}, errors.New("permission denied")
	}
	return s.Store.ListRows(ctx, have)
}

func TestFleetOfAStoreWithoutRows(t *testing.T) {
	t.Parallel()
	c := newPages(t, pageSettings{store: struct{ store.Store }{memstore.New()}})
	c.get("fleet").says("This store keeps no list of instances")
	c.get("log").says("The log is empty")
	require.NotContains(t, c.get("").text(), "live instance")
}

func TestLogIsShownByAndBy(t *testing.T) {
	t.Parallel()
	c := newPages(t, pageSettings{})
	c.get("log").says("The log is empty")
	for range 60 {
		c.plan("", operator.WindowOptions{Start: time.Now().Add(time.Hour), EndAfter: time.Hour})
	}
	w := c.get("log")
	require.Equal(t, 50, strings.Count(w.Body.String(), "data-entry="))
	w.says("Show everything that is kept", "not named")
	require.Equal(t, 60, strings.Count(c.get("log?all=yes").Body.String(), "data-entry="))
}

func TestPagesAreWholeHTML(t *testing.T) {
	t.Parallel()
	c := newPages(t, pageSettings{})
	p := c.begin("alice", "x")
	for _, path := range []string{"", "schedule", "add", "edit?id=" + p.ID, "end?id=" + p.ID, "fleet", "log", "visitors", "zone", "nothing"} {
		body := strings.ReplaceAll(c.get(path).Body.String(), "https://github.com/go-downtime/downtime/blob/main/docs/problem.md", "")
		require.True(t, strings.HasPrefix(body, "<!DOCTYPE html>\n<html lang=\"en\">"), path)
		require.True(t, strings.HasSuffix(strings.TrimSpace(body), "</html>"), path)
		require.Equal(t, 1, strings.Count(body, "<h1"), path)
		require.Equal(t, 1, strings.Count(body, "<main id=\"main\""), path)
		for _, word := range []string{"style=", "<style", "javascript:", "http://", "https://", "ZgotmplZ", "<no value>", "%!"} {
			if path == "visitors" && word == "https://" {
				continue // the type of the problem details
			}
			require.NotContains(t, body, word, path)
		}
		require.Equal(t, strings.Count(body, "<script src="), strings.Count(body, "<script"), path)
		ids := map[string]bool{}
		for _, part := range strings.Split(body, ` id="`)[1:] {
			id, _, _ := strings.Cut(part, `"`)
			require.False(t, ids[id], "%s: the id %s comes twice", path, id)
			ids[id] = true
		}
	}
}

func TestHeadIsGetWithoutItsBody(t *testing.T) {
	t.Parallel()
	c := newPages(t, pageSettings{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Set("X-User", "alice")
		c.page.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	for _, path := range []string{"", "schedule", "visitors.htm"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodHead, server.URL+mount+"/"+path, http.NoBody)
		require.NoError(t, err)
		answer, err := server.Client().Do(r)
		require.NoError(t, err)
		var body bytes.Buffer
		_, err = body.ReadFrom(answer.Body)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, http.StatusOK, answer.StatusCode)
		require.Empty(t, body.String())
	}
}

func TestZoneOfTheConfigIsShownUntilOneIsPicked(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("Asia/Kathmandu")
	require.NoError(t, err)
	c := newPages(t, pageSettings{page: func(c *admin.Config) { c.Zone = zone }})
	c.plan("", operator.WindowOptions{Start: time.Date(2097, 1, 1, 20, 0, 0, 0, time.UTC), EndAfter: time.Hour})
	c.get("schedule").says("Wed 2 Jan 2097, 01:45 +0545 (Tue 1 Jan, 20:00 UTC)")
}
