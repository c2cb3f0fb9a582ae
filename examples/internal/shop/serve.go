package shop

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/filestore"
)

// KeyVariable can hold the API key. Without it each run makes a key and prints it.
const KeyVariable = "DOWNTIME_API_KEY"

const (
	maxBody     = 64 << 10
	stopTimeout = 10 * time.Second
)

// Parts are the parts of an example's application.
type Parts struct {
	Shop  *Shop
	Store store.Store
	Key   core.Key // the API key, with which requests pass
	Log   *slog.Logger
}

// Build makes the application and its gate.
type Build func(p Parts) (http.Handler, *core.Gate, error)

// Main is the main function of an example: it serves until it is interrupted, then exits.
func Main(framework string, build Build) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends it at once
	os.Exit(run(ctx, framework, build, os.Args[1:], os.Stdout, os.Stderr))
}

// run returns the exit code: 0 for a clean stop, 1 for a failure, 2 for wrong usage.
func run(ctx context.Context, framework string, build Build, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet(framework, flag.ContinueOnError)
	flags.SetOutput(stderr)
	addr := flags.String("addr", "127.0.0.1:8080", "address to listen on")
	path := flags.String("store", "downtime.json", "file that holds the downtime")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	case flags.NArg() > 0:
		fmt.Fprintf(stderr, "%s: unexpected argument %q\n", framework, flags.Arg(0))
		return 2
	}
	if err := serve(ctx, framework, build, *addr, *path, stdout, stderr); err != nil {
		fmt.Fprintf(stderr, "%s: %v\n", framework, err)
		return 1
	}
	return 0
}

func serve(ctx context.Context, framework string, build Build, addr, path string, stdout, stderr io.Writer) error {
	path, err := filepath.Abs(path) // the second terminal may be in another directory
	if err != nil {
		return err
	}
	st, err := filestore.New(path)
	if err != nil {
		return err
	}
	password := rand.Text()
	key, shownKey := core.KeyFromEnv(KeyVariable), `"$`+KeyVariable+`"`
	if _, ok := os.LookupEnv(KeyVariable); !ok {
		shownKey = rand.Text()
		key = core.KeyLiteral(shownKey)
	}
	log := slog.New(slog.NewTextHandler(stderr, nil))
	// The address comes first: an application that cannot listen must not register its gate.
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	handler, gate, err := build(Parts{Shop: New(password), Store: st, Key: key, Log: log})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	server := &http.Server{
		Handler:           http.MaxBytesHandler(handler, maxBody),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      10 * time.Second,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	welcome(stdout, framework, "http://"+listener.Addr().String(), path, password, shownKey)

	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return errors.Join(err, gate.Shutdown(ctx))
	case <-ctx.Done():
	}

	log.Info("stopping")
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	// The server first: it waits for the requests that run. Then the gate deletes its row and
	// stops reading the file.
	return errors.Join(server.Shutdown(ctx), gate.Shutdown(ctx))
}

// welcome prints commands to copy into a second terminal.
func welcome(w io.Writer, framework, url, path, password, key string) {
	fmt.Fprintf(w, `The little shop on %[1]s is at %[2]s/  (Ctrl-C stops it)

In a second terminal, in the same directory:

  curl -i %[2]s/api/orders
  curl -i -H 'Content-Type: application/json' -d '{"item":"tea","quantity":2}' %[2]s/api/orders

Take it down, and send requests as a visitor, an API client and a health check:

  export DOWNTIME_STORE=%[3]s
  go run ./cmd/downtime start --reason 'New shelves' --for 10m
  curl -i %[2]s/
  curl -i -H 'Accept: text/html' %[2]s/
  curl -i -H 'Accept: application/json' %[2]s/api/orders
  curl -i %[2]s/healthz

Requests with the API key, or signed in, pass:

  curl -i -H X-Api-Key:%[4]s %[2]s/api/orders
  curl -i -c cookies.txt -d password=%[5]s %[2]s/login
  curl -i -b cookies.txt %[2]s/

Or operate it in the browser, signed in as the superuser with %[5]s:

  %[2]s/login
  %[2]s%[6]s/

End the downtime:

  go run ./cmd/downtime status
  go run ./cmd/downtime end

`, framework, url, quote("file:"+path), key, password, OpsPath)
}

// quote makes s one word for a POSIX shell.
func quote(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/:._-", r)
	}
	if strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
