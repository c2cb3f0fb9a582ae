package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/store"
)

// nameHeader holds the name of the instance, on refusals too.
const nameHeader = "Instance"

// instanceMain is one instance of the shop. It stops at SIGTERM, and when stdin ends because
// the parent process has ended.
func instanceMain(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	signal.Ignore(os.Interrupt) // Ctrl-C goes to all processes of a terminal: the balancer stops first
	flags := flag.NewFlagSet(instanceCommand, flag.ContinueOnError)
	flags.SetOutput(stderr)
	name := flags.String("name", "", "name of the instance")
	url := flags.String("store", "", "URL of the store")
	if flags.Parse(args) != nil {
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	go func() {
		_, _ = io.Copy(io.Discard, stdin) // until it ends
		stop()
	}()
	log := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{ReplaceAttr: withoutTime})).With("instance", *name)
	if err := serveInstance(ctx, *name, *url, log, stdout); err != nil {
		log.Error("failed", "error", err)
		return 1
	}
	return 0
}

func withoutTime(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}

func serveInstance(ctx context.Context, name, url string, log *slog.Logger, stdout io.Writer) (err error) {
	redis.SetLogger(store.NewDriverLog(log)) // go-redis would write a line to stderr for each failed connection
	st, closeStore, err := openStore(url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeStore()) }() // after the gate
	gate, err := core.New(core.Config{Store: st, ExemptExact: []string{"/healthz"}, Logger: log})
	if err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: named(name, gate.Handler(shop(name))), ReadHeaderTimeout: 5 * time.Second, WriteTimeout: 10 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	fmt.Fprintf(stdout, "http://%s\n", listener.Addr())
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	// The server stops first and waits for its requests. Then the gate deletes its row.
	return errors.Join(server.Shutdown(ctx), gate.Shutdown(ctx))
}

// shop is the application.
func shop(name string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "Welcome to the shop, says %s.\n", name)
	})
	mux.HandleFunc("GET /checkout", func(w http.ResponseWriter, r *http.Request) {
		select { // the order is packed: a request that a closing gate waits for
		case <-time.After(100 * time.Millisecond):
			fmt.Fprintf(w, "Thank you, says %s.\n", name)
		case <-r.Context().Done():
		}
	})
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	return mux
}

func named(name string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(nameHeader, name)
		next.ServeHTTP(w, r)
	})
}
