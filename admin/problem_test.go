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

	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/memstore"
)

// TestAPIDeniesBeforeItLooks: a client that is not authorized learns nothing, not even which
// paths exist, and the store is not asked.
func TestAPIDeniesBeforeItLooks(t *testing.T) {
	t.Parallel()
	asked := errors.New("the store was asked")
	var gets, swaps int
	st := &brokenStore{Store: memstore.New()}
	c := newAPI(t, st)
	st.get = func() error { gets++; return asked }
	st.swap = func(func() error) error { swaps++; return asked }
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
	require.Zero(t, gets)
	require.Zero(t, swaps)
}

// secret is a text in errors of the store that no client may get.
const secret = "postgres://ops:hunter2@db.internal/shop"

func TestAPIBrokenStores(t *testing.T) {
	t.Parallel()
	corrupt := fmt.Errorf("%s: %w", secret, &period.FieldError{Field: "periods[3].end", Value: secret, Problem: "want an instant"})
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
		get    error
		bytes  string
		swap   func(do func() error) error
		status int
		code   string
	}
	fails := func(err error) func(func() error) error { return func(func() error) error { return err } }
	unreadable := map[string]breakage{
		"cannot be read":           {get: errors.New(secret), status: 503, code: "store-unavailable"},
		"holds something corrupt":  {get: corrupt, status: 503, code: "store-unavailable"},
		"has lost its document":    {get: fmt.Errorf("%s: %w", secret, store.ErrLost), status: 503, code: "store-lost"},
		"does not answer in time":  {get: fmt.Errorf("%s: %w", secret, context.DeadlineExceeded), status: 503, code: "store-unavailable"},
		"has not found something":  {get: fmt.Errorf("%s: %w", secret, operator.ErrNotFound), status: 503, code: "store-unavailable"},
		"holds no document":        {bytes: "not a document", status: 503, code: "unreadable"},
		"holds a newer document":   {bytes: `{"format": 99}`, status: 503, code: "unreadable"},
		"speaks of the operator's": {get: errors.Join(errors.New(secret), operator.ErrNothingToEnd), status: 503, code: "store-unavailable"},
	}
	unwritable := map[string]breakage{
		"is read-only":            {swap: fails(fmt.Errorf("%s: %w", secret, store.ErrReadOnly)), status: 409, code: "read-only"},
		"is full":                 {swap: fails(&store.TooLargeError{Size: 3, Limit: 2}), status: 409, code: "document-full"},
		"cannot be written":       {swap: fails(store.NotWritten(errors.New(secret))), status: 503, code: "store-unavailable"},
		"may have written":        {swap: fails(errors.New(secret)), status: 500, code: "unconfirmed"},
		"refuses the document":    {swap: fails(store.NotWritten(corrupt)), status: 503, code: "store-unavailable"},
		"loses it while writing":  {swap: fails(store.NotWritten(fmt.Errorf("%s: %w", secret, store.ErrLost))), status: 503, code: "store-lost"},
		"always finds a conflict": {swap: fails(fmt.Errorf("%s: %w", secret, store.ErrConflict)), status: 409, code: "stale"},
		"does not confirm": {swap: func(do func() error) error {
			return errors.Join(do(), fmt.Errorf("%s: %w", secret, store.ErrUnconfirmed))
		}, status: 500, code: "unconfirmed"},
	}
	check := func(t *testing.T, w struct{ method, path, body string }, b breakage) {
		t.Helper()
		st := &brokenStore{Store: memstore.New()}
		c := newAPI(t, st)
		ids := strings.NewReplacer("DEPLOYMENT", c.do("POST", "start", `{}`).text("period", "id"), "ID", c.plan())
		mark := c.mark()
		st.get, st.bytes, st.swap = func() error { return b.get }, b.bytes, b.swap
		got := c.do(w.method, ids.Replace(w.path), ids.Replace(w.body), about(w.method, w.body)...)
		require.Equal(t, b.status, got.Code, got.Body)
		require.Equal(t, b.code, got.at("code"))
		require.NotContains(t, got.Body.String(), "hunter2")
		require.NotContains(t, got.Body.String(), "db.internal")
		require.Empty(t, got.at("errors"))
		switch {
		case b.code == "unreadable":
			require.Contains(t, c.log.String(), "the document cannot be read")
		case b.status >= 500:
			require.Contains(t, c.log.String(), "hunter2", "the log says what the client is not told")
		}
		if b.code != "unconfirmed" {
			st.get, st.bytes = nil, ""
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

// frozenStore does not answer until the caller gives up.
type frozenStore struct {
	store.Store

	frozen atomic.Bool
}

func (s *frozenStore) Get(ctx context.Context, have store.Token) (store.Blob, error) {
	if s.frozen.Load() {
		<-ctx.Done()
		return store.Blob{}, ctx.Err()
	}
	return s.Store.Get(ctx, have)
}

func TestFrozenStoreDelaysNoRequestForLong(t *testing.T) {
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
