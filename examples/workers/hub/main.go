// Command hub is a chat over WebSockets, with a downtime: go run ./examples/workers/hub
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
	"sync"
	"syscall"
	"time"

	"github.com/coder/websocket"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/store/filestore"
)

const page = `<!doctype html><title>Chat</title>
<form><input autofocus placeholder="Write a message"></form><ul></ul>
<script>
let socket
const show = (text) => { const li = document.createElement("li"); li.textContent = text; document.querySelector("ul").prepend(li) }
const join = () => {
	socket = new WebSocket("chat")
	socket.onmessage = (e) => show(e.data)
	socket.onclose = (e) => { show(e.reason || "no connection"); setTimeout(join, 2000) }
}
document.forms[0].onsubmit = (e) => { e.preventDefault(); socket.send(e.target[0].value); e.target.reset() }
join()
</script>`

const welcome = `A chat: open http://%[1]s in two windows.

    go run ./cmd/downtime run --store file:%[2]s -- sleep 10

tells the clients, waits for the message that is being sent, and not for the connections.

`

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "address to listen on")
	file := flag.String("store", "downtime.json", "file that holds the downtime")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *addr, *file); err != nil {
		log.Fatal(err)
	}
}

// run serves until ctx ends.
func run(ctx context.Context, addr, file string) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	st, err := filestore.New(file)
	if err != nil {
		return err
	}
	gate, err := core.New(core.Config{Store: st})
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /chat", &hub{gate: gate, clients: map[*websocket.Conn]bool{}})
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(page)) })
	server := &http.Server{Handler: gate.Handler(mux), ReadHeaderTimeout: 5 * time.Second}
	server.RegisterOnShutdown(gate.CloseStreams) // the server does not know of WebSockets
	fmt.Printf(welcome, listener.Addr(), file)
	go func() { log.Print(server.Serve(listener)) }()
	<-ctx.Done()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return errors.Join(server.Shutdown(ctx), gate.Shutdown(ctx))
}

// hub sends each message to every client.
type hub struct {
	gate *core.Gate

	mu      sync.Mutex
	clients map[*websocket.Conn]bool
}

func (h *hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer func() { _ = conn.CloseNow() }()
	if err := core.Stream(r.Context(), "chat"); err != nil {
		slog.Error("the WebSocket counts as a request", "error", err)
	}
	ctx, cancel := h.gate.UntilClosing(r.Context())
	defer cancel()
	context.AfterFunc(ctx, func() { _ = conn.Close(websocket.StatusServiceRestart, "down for maintenance") })
	h.join(conn)
	defer h.leave(conn)
	for {
		_, message, err := conn.Read(context.WithoutCancel(ctx)) // a cancelled Read would drop the connection
		if err != nil || !h.send(message) {
			return
		}
	}
}

// send counts itself, because a drain must wait for it. It returns false while the site is down.
func (h *hub) send(message []byte) bool {
	ticket, open := h.gate.Enter(nil)
	if !open {
		return false
	}
	defer ticket.Leave()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second) // a client that reads nothing holds up no drain
	defer cancel()
	h.mu.Lock()
	defer h.mu.Unlock()
	for conn := range h.clients {
		_ = conn.Write(ctx, websocket.MessageText, message)
	}
	return true
}

func (h *hub) join(conn *websocket.Conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.clients[conn] = true
}

func (h *hub) leave(conn *websocket.Conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.clients, conn)
}
