// Package fleettest tests a gate through HTTP. A gate is here any middleware that can be closed and
// opened, and that can say whether it is drained. A drained gate refuses new requests, and every request
// that it admitted has ended. The gate can be of this module or of another one. The package finds two
// faults:
//
//   - The gate first reads its state, and then counts the request. If a request is suspended between
//     these two steps, its handler begins after the gate has said that it is drained.
//   - The gate stops counting a request when the answer is sent, or when a time-out ends. The handler
//     continues after the gate has said that it is drained.
//
// The first fault is a race, so Run may miss it. Run never reports a fault for a correct gate.
//
// If a handler starts a goroutine and returns, the gate does not know that the goroutine still works.
// [RunApplication] finds such a handler. It watches the application's data after the gate has said that
// it is drained.
package fleettest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Subject is a gate under test. All fields are required. Run calls Close, Open and Drained on one
// goroutine, while other goroutines send requests.
type Subject struct {
	// Wrap returns inner behind the gate. The result passes GET / to inner while the gate is open. Run
	// calls Wrap once.
	Wrap func(inner http.Handler) http.Handler
	// Close makes the gate refuse requests, and Open makes it serve again. Both may return before the
	// gate has changed.
	Close, Open func()
	// Drained reports whether the gate refuses requests and every admitted request has ended.
	Drained func() bool
}

const (
	most     = 8                // clients
	patience = 10 * time.Second // for an event that must come
	looks    = 50               // at Drained while a handler is known to run
)

// Run tests the subject for about this time; zero or less means 2 seconds. It fails t at the first
// fault. An event that must come, such as the end of a drain, may take 10 seconds. Run raises GOMAXPROCS
// while it runs, so call it in a test that is not parallel.
func Run(t testing.TB, s Subject, duration time.Duration) {
	t.Helper()
	if duration <= 0 {
		duration = 2 * time.Second
	}
	if err := check(t.Context(), s, duration, patience); err != nil {
		t.Fatalf("fleettest: %v", err)
	}
}

// The faults.
var (
	errEarly  = errors.New("the gate said that it is drained, and a request runs: it counts a request after it has looked at its state")
	errAfter  = errors.New("the gate said that it is drained, and a handler still runs after its answer was sent")
	errNever  = errors.New("the gate is closed, no request runs, and it does not say that it is drained")
	errServes = errors.New("the gate was opened, and does not serve")
)

// site is the handler behind the gate.
type site struct {
	subject Subject
	patient time.Duration // how long it waits for an event that must come
	handler http.Handler
	running atomic.Int64
	begun   atomic.Int64
	answer  atomic.Pointer[parked] // the next request stops after its answer
}

// parked is a request whose handler runs on after its answer.
type parked struct{ answered, release chan struct{} }

func check(ctx context.Context, s Subject, duration, patient time.Duration) error {
	h := &site{subject: s, patient: patient}
	h.handler = s.Wrap(http.HandlerFunc(h.serve))
	if err := h.afterAnswer(ctx); err != nil {
		return err
	}
	// With few clients the gate drains soon, so a client is often between two steps of the gate then. With
	// many clients, the system often suspends one of them between two steps.
	const turns = 8
	for n := range turns {
		if err := h.race(ctx, duration/turns, 1<<(n%4)); err != nil {
			return err
		}
	}
	return nil
}

func (h *site) serve(w http.ResponseWriter, _ *http.Request) {
	h.running.Add(1)
	defer h.running.Add(-1)
	h.begun.Add(1)
	w.WriteHeader(http.StatusNoContent)
	if p := h.answer.Swap(nil); p != nil {
		_ = http.NewResponseController(w).Flush() // a gate that hides Flush delays the answer only
		close(p.answered)
		<-p.release
	}
}

// until waits until ok returns true.
func (h *site) until(ctx context.Context, ok func() bool, fault error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, h.patient, fault)
	defer cancel()
	for !ok() {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(time.Millisecond):
		}
	}
	return nil
}

// client sends requests without a server, so that most of its time is spent in the gate.
type client struct {
	request http.Request
	writer  writer
}

func newClient(ctx context.Context) *client {
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/", http.NoBody)
	return &client{request: *r, writer: writer{header: http.Header{}}}
}

func (c *client) get(h http.Handler) {
	r := c.request
	clear(c.writer.header)
	h.ServeHTTP(&c.writer, &r)
}

func (h *site) serves(ctx context.Context) func() bool {
	c := newClient(ctx)
	return func() bool {
		was := h.begun.Load()
		c.get(h.handler)
		return h.begun.Load() > was
	}
}

// afterAnswer closes the gate while a handler runs that has sent its answer.
func (h *site) afterAnswer(ctx context.Context) error {
	server := httptest.NewServer(h.handler)
	defer server.Close()
	if err := h.until(ctx, h.serves(ctx), errServes); err != nil {
		return err
	}
	p := &parked{make(chan struct{}), make(chan struct{})}
	release := sync.OnceFunc(func() { close(p.release) })
	defer release()
	h.answer.Store(p)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL, http.NoBody)
	if err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() {
		answer, err := server.Client().Do(request)
		if err == nil {
			err = answer.Body.Close()
		}
		done <- err
	}()
	select {
	case <-p.answered:
	case <-time.After(h.patient):
		return errServes
	}
	h.subject.Close()
	// A gate that closes late still serves, so it may not say that it is drained yet.
	for range looks {
		if h.subject.Drained() {
			return errAfter
		}
		<-time.After(2 * time.Millisecond)
	}
	release()
	if err := <-done; err != nil {
		return fmt.Errorf("the answer of an admitted request: %w", err)
	}
	if err := h.until(ctx, h.subject.Drained, errNever); err != nil {
		return err
	}
	h.subject.Open()
	return h.until(ctx, h.serves(ctx), errServes)
}

// race closes and opens the gate again and again while so many clients send requests.
func (h *site) race(ctx context.Context, duration time.Duration, clients int) error {
	// More threads than processors: the system suspends a thread between any two instructions.
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(max(runtime.GOMAXPROCS(0), 2*most)))
	stop := make(chan struct{})
	var sent sync.WaitGroup
	answered := make([]atomic.Int64, clients)
	defer sent.Wait()
	defer close(stop)
	for n := range clients {
		sent.Go(func() {
			c := newClient(ctx)
			for {
				select {
				case <-stop:
					return
				default:
					c.get(h.handler)
					answered[n].Add(1)
				}
			}
		})
	}
	for end := time.Now().Add(duration); time.Now().Before(end); {
		h.subject.Close()
		limit := time.Now().Add(h.patient)
		for !h.subject.Drained() {
			if time.Now().After(limit) {
				return errNever
			}
			runtime.Gosched()
		}
		// A client may be suspended between two steps of the gate. It has gone on when it has sent
		// another request.
		begun := h.begun.Load()
		for n := range answered {
			for was := answered[n].Load(); ; runtime.Gosched() {
				if h.running.Load() > 0 || h.begun.Load() != begun {
					return errEarly
				}
				if answered[n].Load() != was || time.Now().After(limit) {
					break
				}
			}
		}
		h.subject.Open()
		for limit = time.Now().Add(h.patient); h.begun.Load() == begun; runtime.Gosched() {
			if time.Now().After(limit) {
				return errServes
			}
		}
	}
	return nil
}

// writer drops the answer.
type writer struct{ header http.Header }

func (w *writer) Header() http.Header         { return w.header }
func (w *writer) WriteHeader(int)             {}
func (w *writer) Write(b []byte) (int, error) { return len(b), nil }
