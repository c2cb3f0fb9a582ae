// Command echov5 is a small shop on echo v5, with a downtime: go run ./examples/echov5
package main

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"flag"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/labstack/echo/v5"
	"github.com/labstack/echo/v5/middleware"

	echodowntime "github.com/go-downtime/downtime/adapters/echov5"
	"github.com/go-downtime/downtime/admin"
	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/store/filestore"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "address to listen on")
	file := flag.String("store", "downtime.json", "file that holds the downtime")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The address comes first: an application that cannot listen must not register its gate.
	listener := must(new(net.ListenConfig).Listen(ctx, "tcp", *addr))
	key, password := rand.Text(), rand.Text()
	shop, gate := newShop(*file, key, password)
	server := &http.Server{Handler: shop, ReadHeaderTimeout: 5 * time.Second}
	server.RegisterOnShutdown(gate.CloseStreams) // streams and held requests end first
	fmt.Printf(welcome, listener.Addr(), *file, key, password)
	go func() {
		log.Print(server.Serve(listener))
		stop()
	}()
	<-ctx.Done()
	stop() // a second Ctrl-C ends the process at once
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	// The server waits for the requests that run. Then the gate deletes its row.
	if err := errors.Join(server.Shutdown(ctx), gate.Shutdown(ctx)); err != nil {
		log.Print(err)
	}
}

// newShop makes the application and its gate. Your application reads key from its
// configuration: core.KeyFromEnv("DOWNTIME_API_KEY").
func newShop(file, key, password string) (http.Handler, *core.Gate) {
	superuser := core.ContextValue("superuser", "superuser", func(yes bool) bool { return yes })
	cfg := core.Config{
		Store:       must(filestore.New(file)),      // with filestore.MustExist(), a missing file does not mean "up"
		ExemptExact: []string{"/healthz", "/login"}, // the health check, and the superuser's login
		ExemptPaths: []string{"/static"},            // /static and everything below it
		Bypass:      []core.Predicate{superuser, core.APIKeyHeader("X-Api-Key", core.KeyLiteral(key))},
		Logger:      slog.Default(),
	}
	admin.Exempt(&cfg, "/ops/downtime") // so that the operator's page is served while down
	gate := must(core.New(cfg))
	actor := func(context.Context, *http.Request) string { return "admin" }
	page := must(admin.New(gate, admin.Config{Path: "/ops/downtime", Authorize: superuser, Actor: actor}))

	e := echo.New()
	// The user comes before the gate, because the predicate reads it.
	e.Use(middleware.Recover(), func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c *echo.Context) error {
			c.Set("superuser", signedIn(c.Request(), password))
			return next(c)
		}
	})
	e.Use(echodowntime.Middleware(gate))
	e.GET("/", func(c *echo.Context) error { return c.HTML(http.StatusOK, home) })
	e.GET("/healthz", func(c *echo.Context) error { return c.String(http.StatusOK, "ok") })
	e.GET("/static/shop.css", func(c *echo.Context) error {
		return c.Blob(http.StatusOK, "text/css", []byte("body { font-family: sans-serif }"))
	})
	e.GET("/api/orders", func(c *echo.Context) error { return c.JSON(http.StatusOK, []string{"tea"}) })
	e.GET("/login", func(c *echo.Context) error {
		if !signedIn(c.Request(), password) {
			c.Response().Header().Set("WWW-Authenticate", `Basic realm="shop"`)
			return c.String(http.StatusUnauthorized, "wrong password")
		}
		return c.Redirect(http.StatusSeeOther, "/ops/downtime/")
	})
	// With Wrap, the page's Authorize sees the values that echo handlers stored.
	e.Any("/ops/downtime", echodowntime.Wrap(page))
	e.Any("/ops/downtime/*", echodowntime.Wrap(page))
	return e, gate
}

func must[T any](v T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return v
}

// signedIn reports whether the request has the superuser's password.
func signedIn(r *http.Request, password string) bool {
	user, got, _ := r.BasicAuth()
	return user == "admin" && subtle.ConstantTimeCompare([]byte(got), []byte(password)) == 1
}

const home = `<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>Small shop</title>
<link rel="stylesheet" href="/static/shop.css"><h1>Welcome</h1><a href="/login">Sign in</a> as admin to take the shop down.</html>`

const welcome = `The shop is at http://%[1]s/  (Ctrl-C stops it)

In a second terminal, in the same directory:

  export DOWNTIME_STORE='file:%[2]s'
  go run -tags fileonly ./cmd/downtime start --reason 'New shelves' --for 10m
  curl -i http://%[1]s/
  curl -i -H X-Api-Key:%[3]s http://%[1]s/
  curl -i -u admin:%[4]s http://%[1]s/
  go run -tags fileonly ./cmd/downtime end

The operator's page, as admin with that password: http://%[1]s/login
`
