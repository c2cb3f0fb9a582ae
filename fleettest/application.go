package fleettest

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

// Application is an application with its gate, for [RunApplication]. All fields are required. Close,
// Open and Drained are those of [Subject].
type Application struct {
	// Handler is the application behind its gate.
	Handler http.Handler
	// Request returns a request that writes, for a server with this URL. Several goroutines call it.
	Request func(url string) (*http.Request, error)
	// Writes returns how many writes of requests the data have, for example the number of rows of a
	// table. It must not count writes that no request makes.
	Writes func() (int64, error)

	Close, Open func()
	Drained     func() bool
}

// settled is how long no write may come after the gate has said that it is drained.
const settled = 250 * time.Millisecond

// RunApplication sends requests to the application over HTTP for about this time; zero or less means
// 5 seconds. It closes and opens the gate meanwhile, and fails t if a write comes within 250 ms after the
// gate has said that it is drained. The handler of such a write has left work behind: a goroutine that
// the gate does not count, for example. [github.com/go-downtime/downtime/core.Gate.Go] counts it.
//
// A write that comes later than that, or that Writes does not see, is not found.
func RunApplication(t testing.TB, a Application, duration time.Duration) {
	t.Helper()
	if duration <= 0 {
		duration = 5 * time.Second
	}
	if err := a.check(t.Context(), duration, patience); err != nil {
		t.Fatalf("fleettest: %v", err)
	}
}

// leftBehindError means that writes came after the gate had said that it is drained.
type leftBehindError struct{ writes int64 }

func (e leftBehindError) Error() string {
	return fmt.Sprintf("the gate said that it is drained, and %d writes came within %v: a handler has left work that the gate does not count", e.writes, settled)
}

func (a Application) check(ctx context.Context, duration, patient time.Duration) error {
	server := httptest.NewServer(a.Handler)
	defer server.Close()
	wait := &site{patient: patient}
	stop := make(chan struct{})
	fault := make(chan error, most)
	var sent sync.WaitGroup
	defer sent.Wait()
	defer close(stop)
	for range most {
		sent.Go(func() {
			for {
				select {
				case <-stop:
					return
				case <-time.After(time.Millisecond): // a refused client does not come back at once
				}
				if err := a.send(ctx, server); err != nil {
					fault <- err
					return
				}
			}
		})
	}
	for end := time.Now().Add(duration); time.Now().Before(end); {
		before, err := a.Writes()
		if err != nil {
			return err
		}
		serves := func() bool {
			var now int64
			now, err = a.Writes()
			return err != nil || now > before || len(fault) > 0
		}
		fails := wait.until(ctx, serves, errServes)
		if err := cmp.Or(fails, err); err != nil {
			return err
		}
		a.Close()
		if err := wait.until(ctx, a.Drained, errNever); err != nil {
			return err
		}
		drained, err := a.Writes()
		if err != nil {
			return err
		}
		select {
		case err := <-fault:
			return err
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(settled):
		}
		now, err := a.Writes()
		if err != nil {
			return err
		}
		if now != drained {
			return leftBehindError{now - drained}
		}
		a.Open()
	}
	return nil
}

func (a Application) send(ctx context.Context, server *httptest.Server) error {
	r, err := a.Request(server.URL)
	if err != nil {
		return fmt.Errorf("make a request: %w", err)
	}
	answer, err := server.Client().Do(r.WithContext(ctx))
	if err != nil {
		return fmt.Errorf("send a request: %w", err)
	}
	_, _ = io.Copy(io.Discard, answer.Body)
	return answer.Body.Close()
}
