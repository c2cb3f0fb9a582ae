package adaptertest

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/internal/gatetest"
)

// newSite has every kind of route that the requests need.
func newSite(gate *core.Gate) *Site {
	s := &Site{Gate: gate, entered: make(chan struct{}, 1), release: make(chan struct{})}
	add := func(method, group, pattern string, h http.HandlerFunc) {
		s.Routes = append(s.Routes, Route{Method: method, Group: group, Pattern: pattern, Handler: s.counted(h)})
	}
	add("GET", "", "/", mark("home"))
	add("GET", "", "/healthz", mark("healthz"))
	add("GET", "", "/down", mark("down"))
	add("GET", "", "/administrator", mark("administrator"))
	add("GET", "", "/static/{file...}", mark("static", "file"))
	add("GET", "", "/users/{id}", mark("user", "id"))
	add("GET", "/api", "/items", mark("items"))
	add("POST", "/api", "/items", echoBody)
	add("DELETE", "/api", "/items/{id}", mark("delete", "id"))
	add("GET", "/api", "/public/list", mark("public"))
	add("GET", "", "/panic", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	add("GET", "", "/wait", s.wait)
	add("GET", "", "/cached", mark("cached")) // it sets no Cache-Control, so that the gate's own stays
	add("GET", "", "/stream", stream)
	add("GET", "", "/writer", describeWriter)
	add("GET", "", "/flush", s.flush)
	add("GET", "", "/hijack", hijack("taken over\n"))
	add("GET", "", "/ws", hijack("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"))

	admin := http.NewServeMux()
	admin.HandleFunc("GET /admin/{$}", mark("admin"))
	admin.HandleFunc("GET /admin/whoami", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Ran", "whoami")
		user, ok := core.Value[*account](r.Context(), "user")
		tenant, _ := core.Value[string](r.Context(), tenantKey{})
		_, _ = fmt.Fprintf(w, "user=%t admin=%t tenant=%s", ok, ok && user.admin, tenant)
	})
	s.Mount = s.counted(admin.ServeHTTP)
	return s
}

// counted counts the calls of h, also those whose response the client does not see.
func (s *Site) counted(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.calls.Add(1)
		h(w, r)
	}
}

// mark is a handler that tells its name, and on request the values of its parameters. Usually it does not,
// because some routers leave escapes in values.
func mark(name string, params ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Ran", name)
		_, _ = fmt.Fprintln(w, name)
		if r.Header.Get("X-Test-Params") == "" {
			return
		}
		for _, p := range params {
			_, _ = fmt.Fprintf(w, "%s=%q\n", p, param(r, p))
		}
	}
}

// param is the value of a path parameter. Some frameworks call each rest of a path "*", and some
// begin it with a slash.
func param(r *http.Request, name string) string {
	return strings.TrimPrefix(cmp.Or(r.PathValue(name), r.PathValue("*")), "/")
}

func echoBody(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("X-Ran", "create")
	_, _ = w.Write(body)
}

func (s *Site) wait(w http.ResponseWriter, _ *http.Request) {
	s.entered <- struct{}{}
	<-s.release
	w.Header().Set("X-Ran", "wait")
}

// stream declares a stream, for which the request must carry its ticket.
func stream(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Ran", "stream")
	_, _ = fmt.Fprint(w, core.Stream(r.Context(), "events"))
}

func (s *Site) flush(w http.ResponseWriter, _ *http.Request) {
	control := http.NewResponseController(w)
	_, _ = io.WriteString(w, "first")
	_ = control.Flush() // if it fails, the client does not get the first part
	<-s.release
	_, _ = io.WriteString(w, "last")
}

// hijack returns a handler that hijacks the connection, and writes this answer to it.
func hijack(answer string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { gatetest.Hijack(w, answer) }
}

// describeWriter describes w and all layers down to the server's own writer.
func describeWriter(w http.ResponseWriter, r *http.Request) {
	layers := []string{fmt.Sprintf("%T", w)}
	inner := w
	for {
		u, ok := inner.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			break
		}
		inner = u.Unwrap()
		layers = append(layers, fmt.Sprintf("%T", inner))
	}
	_, flusher := w.(http.Flusher)
	_, hijacker := w.(http.Hijacker)
	_, readerFrom := w.(io.ReaderFrom)
	_, pusher := w.(http.Pusher)
	if p, ok := w.(interface{ Pusher() http.Pusher }); ok && p.Pusher() != nil {
		pusher = true
	}
	_, _ = fmt.Fprintf(w, "%v the server's own: %t; flusher %t, hijacker %t, reader-from %t, pusher %t",
		layers, inner == r.Context().Value(writerKey{}), flusher, hijacker, readerFrom, pusher)
}

// writerKey is the key of the server's own writer in the context of a request.
type writerKey struct{}
