// Command kubernetes is a shop that runs on Kubernetes: its probes, its stop and its migration. The
// manifests are in chart, and docs/kubernetes.md explains them.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
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
	"github.com/go-downtime/downtime/probe"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/filestore"
	"github.com/go-downtime/downtime/store/pgstore"
)

func main() {
	addr := flag.String("addr", ":8080", "address to listen on")
	override := flag.String("override", "", "file that overrides the store: up, down or none")
	stop := flag.Duration("stop", 20*time.Second, "how long a stop waits for requests")
	flag.Parse()
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	var err error
	switch flag.Arg(0) {
	case "":
		err = serve(ctx, *addr, *override, *stop)
	case "pending":
		err = pending(ctx)
	case "migrate":
		err = migrate(ctx)
	default:
		err = fmt.Errorf("%q: want pending or migrate, or no argument", flag.Arg(0))
	}
	if errors.Is(err, errNothingPending) {
		os.Exit(3) // downtime run --if: there is no work
	}
	if err != nil {
		log.Fatal(err)
	}
}

// serve runs until ctx ends. Then it waits for running requests, for at most the time stop.
func serve(ctx context.Context, addr, override string, stop time.Duration) (err error) {
	st, closeStore, err := openStore(os.Getenv("STORE"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeStore()) }() // after the gate
	gate, err := core.NewContext(ctx, core.Config{
		Store:        st,
		ExemptExact:  []string{"/livez", "/readyz", "/startupz"},
		OverrideFile: override,
		Logger:       slog.Default(),
	})
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "Welcome to the shop.") })
	mux.HandleFunc("GET /checkout", func(w http.ResponseWriter, r *http.Request) {
		select { // the order is packed: a request that a stop waits for
		case <-time.After(300 * time.Millisecond):
			fmt.Fprintln(w, "Thank you.")
		case <-r.Context().Done():
		}
	})
	mux.Handle("GET /livez", probe.Liveness())
	mux.Handle("GET /readyz", probe.Readiness(gate))
	mux.Handle("GET /startupz", probe.Startup(gate))
	server := &http.Server{Handler: gate.Handler(mux), ReadHeaderTimeout: 5 * time.Second}
	server.RegisterOnShutdown(gate.CloseStreams) // streams and held requests end first
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return errors.Join(err, gate.Shutdown(ctx))
	}
	slog.Info("listening", "addr", listener.Addr().String())
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err = <-failed:
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stop)
	defer cancel()
	// The server waits for the requests that run. Then the gate deletes its row.
	return errors.Join(err, server.Shutdown(ctx), gate.Shutdown(ctx))
}

// openStore opens postgres://… or file:PATH.
func openStore(url string) (store.Store, func() error, error) {
	path, isFile := strings.CutPrefix(url, "file:")
	if !isFile {
		st, err := pgstore.Open(url, pgstore.Options{App: "shop"})
		if err != nil {
			return nil, nil, fmt.Errorf("STORE: %w", err)
		}
		return st, st.Close, nil
	}
	// The store refuses a directory that every user can write, and some volumes are such directories.
	// Only this user can write in the new one.
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, nil, fmt.Errorf("STORE: %w", err)
	}
	st, err := filestore.New(path)
	return st, func() error { return nil }, err
}
