// Command chi is a little shop on chi, with a downtime: go run ./examples/chi
package main

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	chidowntime "github.com/go-downtime/downtime/adapters/chi"
	"github.com/go-downtime/downtime/admin"
	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/store/filestore"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "address to listen on")
	file := flag.String("store", "downtime.json", "file that holds the downtime")
	flag.Parse()
	if err := run(*addr, *file); err != nil {
		fmt.Fprintln(os.Stderr, "chi:", err)
		os.Exit(1)
	}
}

func run(addr, file string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// The address comes first: an application that cannot listen must not register its gate.
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	key, password := rand.Text(), rand.Text()
	shop, gate, err := newShop(file, key, password)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	server := &http.Server{Handler: shop, ReadHeaderTimeout: 5 * time.Second}
	fmt.Printf(welcome, listener.Addr(), file, key, password)

	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err = <-failed:
	case <-ctx.Done():
	}
	stop() // a second Ctrl-C ends the process at once
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	// The server first: it waits for the requests that run. Then the gate deletes its row.
	return errors.Join(err, server.Shutdown(ctx), gate.Shutdown(ctx))
}

// newShop makes the application and its gate. The application reads key from its configuration:
// core.KeyFromEnv("DOWNTIME_API_KEY").
func newShop(file, key, password string) (http.Handler, *core.Gate, error) {
	// With filestore.MustExist(), a missing file would not mean "up". Then run "downtime init" first.
	store, err := filestore.New(file)
	if err != nil {
		return nil, nil, err
	}
	superuser := core.ContextValue("superuser", superuserKey{}, func(yes bool) bool { return yes })
	cfg := core.Config{
		Store:       store,
		ExemptExact: []string{"/healthz", "/login"}, // the health check, and the superuser's login
		ExemptPaths: []string{"/static"},            // /static and everything below it
		Bypass:      []core.Predicate{superuser, core.APIKeyHeader("X-Api-Key", core.KeyLiteral(key))},
		Logger:      slog.Default(),
	}
	admin.Exempt(&cfg, "/ops/downtime") // so that the operator's page is served while down
	gate, err := core.New(cfg)
	if err != nil {
		return nil, nil, err
	}
	page, err := admin.New(gate, admin.Config{
		Path:      "/ops/downtime",
		Authorize: superuser,
		Actor:     func(context.Context, *http.Request) string { return "admin" },
	})
	if err != nil {
		return nil, nil, err
	}
	session := rand.Text() // the value of the superuser's cookie

	user := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), superuserKey{}, signedIn(r, session))))
		})
	}

	r := chi.NewRouter()
	// The session comes before the gate, because the predicate reads it.
	r.Use(middleware.Recoverer, user, chidowntime.Middleware(gate))

	r.Get("/", func(w http.ResponseWriter, r *http.Request) { write(w, "text/html", home(signedIn(r, session))) })
	r.Get("/healthz", func(w http.ResponseWriter, _ *http.Request) { write(w, "text/plain", "ok") })
	r.Get("/static/shop.css", func(w http.ResponseWriter, _ *http.Request) { write(w, "text/css", style) })
	r.Get("/api/orders", func(w http.ResponseWriter, _ *http.Request) { write(w, "application/json", `["tea"]`) })
	r.Get("/login", func(w http.ResponseWriter, _ *http.Request) { write(w, "text/html", login) })
	r.Post("/login", func(w http.ResponseWriter, r *http.Request) {
		if subtle.ConstantTimeCompare([]byte(r.PostFormValue("password")), []byte(password)) != 1 {
			http.Error(w, "wrong password", http.StatusUnauthorized)
			return
		}
		http.SetCookie(w, cookie(session))
		http.Redirect(w, r, "/", http.StatusSeeOther)
	})
	r.Mount("/ops/downtime", page)
	return r, gate, nil
}

type superuserKey struct{}

func write(w http.ResponseWriter, contentType, body string) {
	w.Header().Set("Content-Type", contentType)
	_, _ = w.Write([]byte(body))
}

// signedIn reports whether r has the superuser's cookie, once.
func signedIn(r *http.Request, session string) bool {
	cookies := r.CookiesNamed("session")
	return len(cookies) == 1 && subtle.ConstantTimeCompare([]byte(cookies[0].Value), []byte(session)) == 1
}

func cookie(session string) *http.Cookie {
	return &http.Cookie{Name: "session", Value: session, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode} //nolint:gosec // not Secure: the example speaks plain HTTP
}

func home(superuser bool) string {
	if superuser {
		return head + `<p>Signed in as admin. <a href="/ops/downtime/">Downtime</a></p></html>`
	}
	return head + `<p>Welcome. <a href="/login">Sign in</a></p></html>`
}

const head = `<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>The little shop</title>
<link rel="stylesheet" href="/static/shop.css"><h1>The little shop</h1>`

const login = head + `<form method="post"><label>Password <input type="password" name="password"></label> <button>Sign in</button></form></html>`

const style = "body { font-family: sans-serif; margin: 2rem }"

const welcome = `The little shop is at http://%[1]s/  (Ctrl-C stops it)

In a second terminal, in the same directory:

  export DOWNTIME_STORE='file:%[2]s'
  go run -tags fileonly ./cmd/downtime start --reason 'New shelves' --for 10m
  curl -i http://%[1]s/
  curl -i -H X-Api-Key:%[3]s http://%[1]s/
  curl -i -c cookies.txt -d password=%[4]s http://%[1]s/login
  go run -tags fileonly ./cmd/downtime end

The operator's page, after the login with that password: http://%[1]s/ops/downtime/
`
