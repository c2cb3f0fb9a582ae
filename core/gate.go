package core

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/go-downtime/downtime/internal/answer"
)

// Gate decides for each request whether the application is down. [New] makes one. It is safe for
// concurrent use. A Gate has no waiting goroutine, so a Gate that is never shut down can be
// garbage-collected.
type Gate struct {
	current  atomic.Pointer[snapshot]
	set      *settings
	follower *follower
}

// New makes a Gate from a Config. The error joins every fault of cfg, each with its field
// and value. New registers this instance and reads the store once, for at most 2 s.
// Config.FirstStart says what happens until the store answers. New fails because of the store only
// with [FirstStartFail].
func New(cfg Config) (*Gate, error) { return NewContext(context.Background(), cfg) }

// NewContext is [New] for an application that can be stopped while it starts. If ctx ends before
// the first read has ended, NewContext does not wait longer, shuts the gate down, and returns the
// cause of ctx. After NewContext has returned, ctx has no effect on the gate.
func NewContext(ctx context.Context, cfg Config) (*Gate, error) {
	set, err := cfg.resolve()
	if err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, stopped(ctx)
	}
	g := newGate(ctx, set)
	if ctx.Err() != nil {
		go func() { _ = g.Shutdown(context.WithoutCancel(ctx)) }() // it admitted no request
		return nil, stopped(ctx)
	}
	if err := g.follower.fatal(); err != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readTimeout)
		defer cancel()
		_ = g.Shutdown(ctx) // it admitted no request; the log has the error
		return nil, fmt.Errorf("%w (Config.FirstStart is FirstStartFail)", err)
	}
	g.warnOfPage()
	g.noteProbes()
	g.warnOfTwin()
	return g, nil
}

// stopped is the error of NewContext after ctx has ended.
func stopped(ctx context.Context) error {
	return fmt.Errorf("downtime: the context ended before the gate was ready: %w", context.Cause(ctx))
}

func newGate(ctx context.Context, set *settings) *Gate {
	g := &Gate{set: set}
	g.follower = newFollower(set, &g.current)
	g.current.Store(openSnapshot(g.follower)) // the caller does not have the gate yet, so it admits no request
	g.follower.begin(ctx)
	runtime.AddCleanup(g, (*departure).collected, g.follower.gone)
	return g
}

// Refresh reads the store at once instead of at the next poll. It returns when the gate has
// applied the result. If the read fails, Refresh returns its error, and the gate keeps its state.
// After Shutdown it returns [ErrShutdown]. Refresh waits until ctx ends, but at most 2 s.
func (g *Gate) Refresh(ctx context.Context) error {
	if g.set.Store == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	return g.follower.await(ctx, want{})
}

// Closing returns a channel that is closed when the gate closes or is shut down. If the gate is
// closed, the channel is closed already. Streams and long polls watch it. When the gate is open
// again, Closing returns a new channel.
func (g *Gate) Closing() <-chan struct{} { return g.current.Load().closing }

// Respond writes the refusal of d: status, headers, and a body in the format and the language
// that r asks for. It then calls [Gate.Linger]. Call it only if d does not pass.
func (g *Gate) Respond(w http.ResponseWriter, r *http.Request, d Decision) {
	if r.Method == preface {
		http.Error(w, "HTTP/2 without TLS is not served here", http.StatusHTTPVersionNotSupported)
		return
	}
	g.answersFor(d).Write(w, r)
}

// Prepare sets the headers of every refusal, for a responder that writes the body itself:
// Cache-Control, Retry-After, Vary and Downtime. It removes validators and other headers that
// would let a cache keep the answer, and returns the status of the refusal. Call it only if d
// does not pass, and call [Gate.Linger] after the body. If r is a CORS preflight of an allowed
// origin, Prepare answers it and returns true: the responder must then write nothing.
func (g *Gate) Prepare(w http.ResponseWriter, r *http.Request, d Decision) (status int, answered bool) {
	return g.answersFor(d).Announce(w, r)
}

// Linger sends a refusal that was written to w, and then reads and drops the body of r: at most 8
// MiB, for at most 3 s, on at most 256 connections of the gate. Without it, a client that sends
// its whole request before it reads would see a reset connection. Prepare and Respond announce
// the end of the connection with "Connection: close". Linger does nothing on HTTP/2, for a
// request without a body, and after "Expect: 100-continue".
func (g *Gate) Linger(w http.ResponseWriter, r *http.Request) { g.set.answer.Linger(w, r) }

// answersFor returns the answers that were prepared for d. It prepares them for a Decision
// that the caller made.
func (g *Gate) answersFor(d Decision) *answer.Answers {
	closure := d.Closure
	if closure == nil {
		closure = unknownClosure
	}
	if closure.answers != nil {
		return closure.answers
	}
	return g.set.answer.Prepare(closure.facts(), time.Now(), nil)
}
