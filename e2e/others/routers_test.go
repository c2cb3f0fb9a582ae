package others

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"connectrpc.com/connect"
	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/store/memstore"
)

// router is a server whose gate is around it.
type router struct {
	*httptest.Server

	gate     *core.Gate
	down, up func(t *testing.T)
}

// serve serves handler behind a gate, by HTTP/1 and by HTTP/2 without TLS.
func serve(t *testing.T, handler http.Handler, exempt ...string) router {
	t.Helper()
	st := memstore.New()
	gate, err := core.New(core.Config{Store: st, ExemptExact: exempt, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	t.Cleanup(func() { _ = gate.Shutdown(context.Background()) })
	server := httptest.NewUnstartedServer(gate.Handler(handler))
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetHTTP1(true)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Start()
	t.Cleanup(server.Close)
	op := operator.Operator{Store: st}
	return router{
		Server: server, gate: gate,
		down: func(t *testing.T) {
			t.Helper()
			_, err := op.Start(t.Context(), operator.StartOptions{Holder: "kim", Reason: new("schema")})
			require.NoError(t, err)
			require.NoError(t, gate.Refresh(t.Context()))
		},
		up: func(t *testing.T) {
			t.Helper()
			_, err := op.End(t.Context(), operator.EndOptions{All: true})
			require.NoError(t, err)
			require.NoError(t, gate.Refresh(t.Context()))
		},
	}
}

func (s router) get(t *testing.T, path, accept string) (res *http.Response, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+path, http.NoBody)
	require.NoError(t, err)
	r.Header.Set("Accept", accept)
	res, err = s.Client().Do(r)
	require.NoError(t, err)
	b, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	return res, string(b)
}

func TestServeMux(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /orders/{id}", func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.PathValue("id")) })
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") })
	s := serve(t, mux, "/healthz")
	_, body := s.get(t, "/orders/7", "*/*")
	require.Equal(t, "7", body)
	s.down(t)
	for _, path := range []string{"/orders/7", "/nothing", "/orders//7"} {
		res, _ := s.get(t, path, "*/*")
		require.Equal(t, http.StatusServiceUnavailable, res.StatusCode, path)
		require.Equal(t, "down;kind=planned", res.Header.Get("Downtime"), path)
	}
	res, _ := s.get(t, "/healthz", "*/*")
	require.Equal(t, http.StatusOK, res.StatusCode)
}

// A client of huma gets problem+json, the format of huma's own errors.
func TestHuma(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	api := humago.New(mux, huma.DefaultConfig("shop", "1"))
	type answer struct {
		Body struct {
			Name string `json:"name"`
		}
	}
	huma.Get(api, "/name", func(context.Context, *struct{}) (*answer, error) {
		var a answer
		a.Body.Name = "shop"
		return &a, nil
	})
	huma.Get(api, "/teapot", func(context.Context, *struct{}) (*answer, error) { return nil, huma.Error503ServiceUnavailable("tea") })
	s := serve(t, mux, "/openapi.json")

	problem := func(path string) (p huma.ErrorModel, kind string) {
		res, body := s.get(t, path, "application/json")
		require.Equal(t, http.StatusServiceUnavailable, res.StatusCode)
		require.Equal(t, "application/problem+json", res.Header.Get("Content-Type"))
		require.NoError(t, json.Unmarshal([]byte(body), &p))
		return p, res.Header.Get("Downtime")
	}
	p, kind := problem("/teapot")
	require.Equal(t, "tea", p.Detail)
	require.Empty(t, kind, "huma's own error")
	s.down(t)
	p, kind = problem("/name")
	require.Equal(t, http.StatusServiceUnavailable, p.Status)
	require.NotEmpty(t, p.Title)
	require.Contains(t, p.Detail, "schema")
	require.Equal(t, "down;kind=planned", kind)
	res, _ := s.get(t, "/openapi.json", "application/json")
	require.Equal(t, http.StatusOK, res.StatusCode)
}

func TestConnect(t *testing.T) {
	t.Parallel()
	const procedure = "/shop.v1.Shop/Ping"
	mux := http.NewServeMux()
	idempotent := connect.WithIdempotency(connect.IdempotencyNoSideEffects)
	mux.Handle(procedure, connect.NewUnaryHandler(procedure, func(context.Context, *connect.Request[emptypb.Empty]) (*connect.Response[emptypb.Empty], error) {
		return connect.NewResponse(&emptypb.Empty{}), nil
	}, idempotent))
	s := serve(t, mux)
	h2 := &http.Transport{Protocols: new(http.Protocols)}
	h2.Protocols.SetUnencryptedHTTP2(true)
	t.Cleanup(h2.CloseIdleConnections)
	clients := map[string]*connect.Client[emptypb.Empty, emptypb.Empty]{
		"Connect":             connect.NewClient[emptypb.Empty, emptypb.Empty](s.Client(), s.URL+procedure),
		"Connect as JSON":     connect.NewClient[emptypb.Empty, emptypb.Empty](s.Client(), s.URL+procedure, connect.WithProtoJSON()),
		"Connect by GET":      connect.NewClient[emptypb.Empty, emptypb.Empty](s.Client(), s.URL+procedure, connect.WithHTTPGet(), idempotent),
		"gRPC-Web":            connect.NewClient[emptypb.Empty, emptypb.Empty](s.Client(), s.URL+procedure, connect.WithGRPCWeb()),
		"gRPC by its library": connect.NewClient[emptypb.Empty, emptypb.Empty](&http.Client{Transport: h2}, s.URL+procedure, connect.WithGRPC()),
	}
	call := func(name string) error {
		_, err := clients[name].CallUnary(t.Context(), connect.NewRequest(&emptypb.Empty{}))
		return err
	}
	for name := range clients {
		require.NoError(t, call(name), name)
	}
	s.down(t)
	for name := range clients {
		err := call(name)
		require.Equal(t, connect.CodeUnavailable, connect.CodeOf(err), name)
		require.ErrorContains(t, err, "503 Service Unavailable", name)
	}
	s.up(t)
	require.NoError(t, call("Connect"))
}

// refuseRPC and refuseStream are the interceptors that docs/placement.md shows, for a server that
// has its own listener.
func refuseRPC(gate *core.Gate) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		ticket, open := gate.Enter(nil)
		if !open {
			return nil, status.Error(codes.Unavailable, "down for maintenance")
		}
		defer ticket.Leave()
		return handler(ctx, req)
	}
}

func refuseStream(gate *core.Gate) grpc.StreamServerInterceptor {
	return func(srv any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
		ticket, open := gate.Enter(nil)
		if !open {
			return status.Error(codes.Unavailable, "down for maintenance")
		}
		defer ticket.Leave()
		return handler(srv, stream)
	}
}

// dial returns a client of the health service, which is a real service with a call and a stream.
func dial(t *testing.T, address string) grpc_health_v1.HealthClient {
	t.Helper()
	conn, err := grpc.NewClient("passthrough:///"+address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return grpc_health_v1.NewHealthClient(conn)
}

// wantCode makes a call, and opens a stream.
func wantCode(t *testing.T, want codes.Code, client grpc_health_v1.HealthClient) error {
	t.Helper()
	_, callErr := client.Check(t.Context(), &grpc_health_v1.HealthCheckRequest{})
	require.Equal(t, want, status.Code(callErr), "%v", callErr)
	stream, err := client.Watch(t.Context(), &grpc_health_v1.HealthCheckRequest{})
	require.NoError(t, err)
	_, err = stream.Recv()
	require.Equal(t, want, status.Code(err), "%v", err)
	return callErr
}

func TestGRPC(t *testing.T) {
	t.Parallel()
	t.Run("by its ServeHTTP, behind Gate.Handler", func(t *testing.T) {
		t.Parallel()
		server := grpc.NewServer()
		grpc_health_v1.RegisterHealthServer(server, health.NewServer())
		s := serve(t, server)
		client := dial(t, s.Listener.Addr().String())
		require.NoError(t, wantCode(t, codes.OK, client))
		s.down(t)
		require.ErrorContains(t, wantCode(t, codes.Unavailable, client), "schema", "grpc-go quotes the text of the refusal")
		require.EqualValues(t, 1, s.gate.Status().InFlight, "a drain waits for the stream")
		s.up(t)
		require.NoError(t, wantCode(t, codes.OK, client))
	})
	t.Run("by its own listener, with interceptors", func(t *testing.T) {
		t.Parallel()
		s := serve(t, http.NotFoundHandler())
		server := grpc.NewServer(grpc.UnaryInterceptor(refuseRPC(s.gate)), grpc.StreamInterceptor(refuseStream(s.gate)))
		grpc_health_v1.RegisterHealthServer(server, health.NewServer())
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
		require.NoError(t, err)
		go func() { _ = server.Serve(l) }()
		t.Cleanup(server.Stop)
		client := dial(t, l.Addr().String())
		require.NoError(t, wantCode(t, codes.OK, client))
		s.down(t)
		require.Error(t, wantCode(t, codes.Unavailable, client))
		require.EqualValues(t, 1, s.gate.Status().InFlight, "a drain waits for the stream")
		s.up(t)
		require.NoError(t, wantCode(t, codes.OK, client))
	})
}
