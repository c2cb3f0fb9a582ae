package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"sync/atomic"
	"time"
)

// balancer sends each request to the next instance, and to another one if that fails.
type balancer struct {
	url    string
	server *http.Server
}

func listen(ctx context.Context, addr string, instances []*process) (*balancer, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	proxy := &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetXForwarded() },
		Transport: &turns{instances: instances, to: &http.Transport{MaxIdleConnsPerHost: 64, ResponseHeaderTimeout: 10 * time.Second}},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			http.Error(w, "no instance answers: "+err.Error(), http.StatusBadGateway)
		},
		ErrorLog: log.New(io.Discard, "", 0), // the visitors count failures
	}
	b := &balancer{
		url:    "http://" + listener.Addr().String() + "/",
		server: &http.Server{Handler: proxy, ReadHeaderTimeout: 5 * time.Second, ErrorLog: log.New(io.Discard, "", 0)},
	}
	go func() { _ = b.server.Serve(listener) }() // ends with stop
	return b, nil
}

func (b *balancer) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	return b.server.Shutdown(ctx)
}

// turns sends requests to the instances in turn.
type turns struct {
	instances []*process
	to        http.RoundTripper
	next      atomic.Uint64
}

func (t *turns) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Path == "" {
		r.URL.Path = "/"
	}
	var errs []error
	first := t.next.Add(1)
	for n := range uint64(len(t.instances)) {
		p := t.instances[(first+n)%uint64(len(t.instances))]
		out := r.Clone(r.Context())
		out.URL.Scheme, out.URL.Host, out.Host = p.url.Scheme, p.url.Host, ""
		res, err := t.to.RoundTrip(out)
		if err == nil {
			return res, nil
		}
		errs = append(errs, fmt.Errorf("%s: %w", p.name, err))
		if r.Body != nil && r.Body != http.NoBody { // it may have been read already
			break
		}
	}
	return nil, errors.Join(errs...)
}
