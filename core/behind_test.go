package core_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
)

type sessionKey struct{}

func TestBehind(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		session func(w http.ResponseWriter, r *http.Request, next http.Handler)
		want    core.Outcome
	}{
		"a session that lets pass": {func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), sessionKey{}, true)))
		}, core.Bypassed},
		"a session that does not": {func(w http.ResponseWriter, r *http.Request, next http.Handler) { next.ServeHTTP(w, r) }, core.Blocked},
		"a dead database": {func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
			http.Error(w, "no database", http.StatusInternalServerError)
		}, core.Blocked},
		"a panic": {func(http.ResponseWriter, *http.Request, http.Handler) { panic("no database") }, core.Blocked},
		"a database that does not answer": {func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			<-r.Context().Done()
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), sessionKey{}, true)))
		}, core.Blocked},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cfg := core.Config{Down: true, PredicateTimeout: time.Second, Bypass: []core.Predicate{core.Behind("staff",
					func(next http.Handler) http.Handler {
						return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
							w.Header().Set("Set-Cookie", "session=1")
							tc.session(w, r, next)
						})
					},
					func(r *http.Request) bool { return r.Context().Value(sessionKey{}) == true },
				)}}
				gate, _ := newGate(t, cfg)
				w := httptest.NewRecorder()
				ticket, d := gate.Admit(t.Context, w, httptest.NewRequest(http.MethodPost, "/", nil))
				ticket.Leave()
				require.Equal(t, tc.want, d.Outcome)
				require.Empty(t, w.Header().Get("Set-Cookie"), "the response of the middleware is discarded")
			})
		})
	}
	t.Run("nil is a fault of the config", func(t *testing.T) {
		t.Parallel()
		_, err := core.New(core.Config{Bypass: []core.Predicate{core.Behind("staff", nil, nil)}})
		require.ErrorContains(t, err, "Bypass[0].Behind")
	})
}
