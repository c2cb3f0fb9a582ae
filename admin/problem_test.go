package admin_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/stores/memstore"
)

// TestAPIDeniesBeforeItLooks: whoever is not let in learns nothing, not even which paths
// there are, and the store is not asked.
func TestAPIDeniesBeforeItLooks(t *testing.T) {
	t.Parallel()
	asked := errors.New("the store was asked")
	var loads, commits int
	st := &brokenStore{Store: memstore.New()}
	c := newAPI(t, st)
	st.load = func() error { loads++; return asked }
	st.commit = func(func() error) error { commits++; return asked }
	var first string
	for path := range apiRoutes {
		for _, method := range append(apiMethods, "CONNECT") {
			for _, p := range []string{path, path + "/nothing"} {
				r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, apiMount+"/api/v1/"+p, strings.NewReader(`{"reason": "x"}`))
				r.Method = method
				r.Header.Set("Content-Type", "application/json")
				r.Header.Set("If-Match", `"1"`)
				got := c.send(r)
				require.Equal(t, http.StatusForbidden, got.Code)
				if method != http.MethodHead {
					require.Equal(t, "forbidden", got.at("code"))
					if first == "" {
						first = got.Body.String()
					}
					require.Equal(t, first, got.Body.String(), "the same for everything")
				}
				require.Empty(t, got.Header().Get("Allow"))
			}
		}
	}
	require.Zero(t, loads)
	require.Zero(t, commits)
}

// secret is what a store's errors hold, and nobody is told.
const secret = "postgres://ops:hunter2@db.internal/shop"

func TestAPIBrokenStores(t *testing.T) {
	t.Parallel()
	corrupt := fmt.Errorf("%s: %w", secret, &core.FieldError{Field: "periods[3].end", Value: secret, Problem: "want an instant"})
	reads := map[string]struct{ method, path, body string }{
		"state":   {"GET", "state", ""},
		"periods": {"GET", "periods", ""},
		"period":  {"GET", "periods/ID", ""},
	}
	writes := map[string]struct{ method, path, body string }{
		"start":    {"POST", "start", `{"reason": "x"}`},
		"end":      {"POST", "end", `{"id": "DEPLOYMENT"}`},
		"end all":  {"POST", "end", `{"all": true, "revision": 2}`},
		"schedule": {"POST", "periods", tomorrow},
		"edit":     {"PATCH", "periods/ID", `{"reason": "x"}`},
		"delete":   {"DELETE", "periods/ID", ""},
	}
	type breakage struct {
		load   error
		commit func(do func() error) error
		status int
		code   string
	}
	fails := func(err error) func(func() error) error { return func(func() error) error { return err } }
	unreadable := map[string]breakage{
		"cannot be read":           {load: errors.New(secret), status: 503, code: "store-unavailable"},
		"holds something corrupt":  {load: corrupt, status: 503, code: "store-unavailable"},
		"has lost its document":    {load: fmt.Errorf("%s: %w", secret, core.ErrLost), status: 503, code: "store-lost"},
		"does not answer in time":  {load: fmt.Errorf("%s: %w", secret, context.DeadlineExceeded), status: 503, code: "store-unavailable"},
		"has not found something":  {load: fmt.Errorf("%s: %w", secret, core.ErrNotFound), status: 503, code: "store-unavailable"},
		"speaks of the operator's": {load: errors.Join(errors.New(secret), core.ErrNothingToEnd), status: 503, code: "store-unavailable"},
	}
	unwritable := map[string]breakage{
		"is read-only":            {commit: fails(fmt.Errorf("%s: %w", secret, core.ErrReadOnly)), status: 409, code: "read-only"},
		"cannot be written":       {commit: fails(errors.New(secret)), status: 503, code: "store-unavailable"},
		"refuses the document":    {commit: fails(corrupt), status: 503, code: "store-unavailable"},
		"loses it while writing":  {commit: fails(fmt.Errorf("%s: %w", secret, core.ErrLost)), status: 503, code: "store-lost"},
		"always finds a conflict": {commit: fails(fmt.Errorf("%s: %w", secret, core.ErrConflict)), status: 409, code: "stale"},
		"does not confirm": {commit: func(do func() error) error {
			return errors.Join(do(), fmt.Errorf("%s: %w", secret, core.ErrUnconfirmed))
		}, status: 500, code: "unconfirmed"},
	}
	check := func(t *testing.T, w struct{ method, path, body string }, b breakage) {
		t.Helper()
		st := &brokenStore{Store: memstore.New()}
		c := newAPI(t, st)
		ids := strings.NewReplacer("DEPLOYMENT", c.do("POST", "start", `{}`).text("period", "id"), "ID", c.plan())
		mark := c.mark()
		st.load, st.commit = func() error { return b.load }, b.commit
		got := c.do(w.method, ids.Replace(w.path), ids.Replace(w.body), about(w.method, w.body)...)
		require.Equal(t, b.status, got.Code, got.Body)
		require.Equal(t, b.code, got.at("code"))
		require.NotContains(t, got.Body.String(), "hunter2")
		require.NotContains(t, got.Body.String(), "db.internal")
		require.Empty(t, got.at("errors"))
		if b.status >= 500 {
			require.Contains(t, c.log.String(), "hunter2", "the log says what the client is not told")
		}
		if b.code != "unconfirmed" {
			st.load = nil
			require.Equal(t, mark, c.mark())
		}
	}
	for is, b := range unreadable {
		for what, w := range reads {
			t.Run(what+"/"+is, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { check(t, w, b) })
			})
		}
	}
	for what, w := range writes {
		for is, b := range unreadable {
			if what == "end all" && b.code == "store-lost" {
				continue // begins anew: see below
			}
			t.Run(what+"/"+is, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { check(t, w, b) })
			})
		}
		for is, b := range unwritable {
			t.Run(what+"/"+is, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { check(t, w, b) })
			})
		}
	}
}

// frozenStore answers nothing, until the caller gives up.
type frozenStore struct {
	core.Store

	frozen atomic.Bool
}

func (s *frozenStore) Load(ctx context.Context, have core.Mark) (core.State, error) {
	if s.frozen.Load() {
		<-ctx.Done()
		return core.State{}, ctx.Err()
	}
	return s.Store.Load(ctx, have)
}

func TestFrozenStoreHoldsNobodyUpForLong(t *testing.T) {
	t.Parallel()
	for what, target := range map[string]struct{ method, path, kind, body string }{
		"API, state": {"GET", "api/v1/state", "", ""},
		"API, start": {"POST", "api/v1/start", "application/json", `{}`},
		"API, end":   {"POST", "api/v1/end", "application/json", `{"all": true, "revision": 0}`},
		"page":       {"GET", "", "", ""},
		"start":      {"POST", "start", "application/x-www-form-urlencoded", "revision=0&zone=UTC"},
		"end all":    {"POST", "end-all", "application/x-www-form-urlencoded", "revision=0"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				st := &frozenStore{Store: memstore.New()}
				c := newAPI(t, st)
				st.frozen.Store(true)
				r := httptest.NewRequestWithContext(t.Context(), target.method, apiMount+"/"+target.path, strings.NewReader(target.body))
				r.Header.Set("X-User", "alice")
				r.Header.Set("Content-Type", target.kind)
				w := httptest.NewRecorder()
				begun := time.Now()
				c.page.ServeHTTP(w, r)
				require.Less(t, time.Since(begun), 30*time.Second)
				if target.path != "" {
					require.Equal(t, http.StatusServiceUnavailable, w.Code)
				}
				st.frozen.Store(false)
				time.Sleep(10 * time.Second) // the reads that wait give up
			})
		})
	}
}
