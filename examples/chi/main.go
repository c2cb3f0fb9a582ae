// Command chi is the little shop on chi: go run ./examples/chi
//
// Any other net/http router takes the same middleware.
package main

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	chidowntime "github.com/go-downtime/downtime/adapters/chi"
	"github.com/go-downtime/downtime/admin"
	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/examples/internal/shop"
)

func main() { shop.Main("chi", build) }

func build(p shop.Parts) (http.Handler, *core.Gate, error) {
	// session, below, stores the user in the request's context.
	superuser := core.ContextValue("superuser", userKey{}, func(u shop.User) bool { return u.Superuser })
	cfg := core.Config{
		Store:       p.Store,
		ExemptExact: []string{"/healthz", "/login"}, // health checks, and the login of the superuser
		ExemptPaths: []string{"/static"},            // /static and everything below it
		Bypass:      []core.Predicate{superuser, core.APIKeyHeader("X-Api-Key", p.Key)},
		Logger:      p.Log,
	}
	admin.Exempt(&cfg, shop.OpsPath) // so that the operator's page is served while down
	gate, err := core.New(cfg)
	if err != nil {
		return nil, nil, err
	}
	ops, err := admin.New(gate, admin.Config{
		Path:      shop.OpsPath,
		Authorize: superuser,
		Actor: func(ctx context.Context, _ *http.Request) string {
			user, _ := core.Value[shop.User](ctx, userKey{})
			return user.Name
		},
		Logger: p.Log,
	})
	if err != nil {
		return nil, nil, err
	}

	r := chi.NewRouter()
	// The session comes before the gate, because the predicate reads the user.
	r.Use(middleware.Recoverer, session(p.Shop), chidowntime.Middleware(gate))

	r.Get("/", func(w http.ResponseWriter, r *http.Request) {
		user, _ := core.Value[shop.User](r.Context(), userKey{})
		write(w, http.StatusOK, shop.HTML, p.Shop.HomePage(user))
	})
	r.Handle("/static/*", http.StripPrefix("/static/", http.FileServerFS(shop.Static())))
	r.Get("/healthz", func(w http.ResponseWriter, _ *http.Request) {
		write(w, http.StatusOK, "text/plain; charset=utf-8", []byte("ok\n"))
	})
	r.Get("/login", func(w http.ResponseWriter, _ *http.Request) {
		write(w, http.StatusOK, shop.HTML, shop.LoginPage())
	})
	r.Post("/login", func(w http.ResponseWriter, r *http.Request) {
		cookie, ok := p.Shop.SignIn(r.PostFormValue("password"))
		if !ok {
			http.Error(w, "wrong password", http.StatusUnauthorized)
			return
		}
		http.SetCookie(w, cookie)
		http.Redirect(w, r, "/", http.StatusSeeOther)
	})

	r.Mount(shop.OpsPath, ops)

	r.Route("/api", func(r chi.Router) {
		r.Get("/orders", func(w http.ResponseWriter, _ *http.Request) {
			writeJSON(w, http.StatusOK, p.Shop.Orders())
		})
		r.Post("/orders", func(w http.ResponseWriter, r *http.Request) {
			var order shop.Order
			err := json.NewDecoder(r.Body).Decode(&order)
			if err == nil {
				order, err = p.Shop.Place(order)
			}
			if err != nil {
				writeJSON(w, http.StatusBadRequest, map[string]string{"error": "bad order: " + shop.ErrBadOrder.Error()})
				return
			}
			writeJSON(w, http.StatusCreated, order)
		})
	})
	return r, gate, nil
}

type userKey struct{}

// session stores the user of the request in its context.
func session(s *shop.Shop) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx := context.WithValue(r.Context(), userKey{}, s.User(r))
			next.ServeHTTP(w, r.WithContext(ctx))
		})
	}
}

func write(w http.ResponseWriter, status int, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	write(w, status, "application/json", body)
}
