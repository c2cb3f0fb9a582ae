package fleettest

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"

	chidowntime "github.com/go-downtime/downtime/adapters/chi"
	echodowntime "github.com/go-downtime/downtime/adapters/echo"
	gindowntime "github.com/go-downtime/downtime/adapters/gin"
	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/store/memstore"
)

// flag is a gate by hand.
type flag struct {
	closed  atomic.Bool
	running atomic.Int64
}

func (f *flag) subject(wrap func(next http.Handler) http.Handler) Subject {
	return Subject{
		Wrap: wrap, Close: func() { f.closed.Store(true) }, Open: func() { f.closed.Store(false) },
		Drained: func() bool { return f.closed.Load() && f.running.Load() == 0 },
	}
}

func refuse(w http.ResponseWriter) { w.WriteHeader(http.StatusServiceUnavailable) }

// correct counts, and then looks.
func correct() Subject {
	f := &flag{}
	return f.subject(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			f.running.Add(1)
			defer f.running.Add(-1)
			if f.closed.Load() {
				refuse(w)
				return
			}
			next.ServeHTTP(w, r)
		})
	})
}

func looksThenCounts() Subject {
	f := &flag{}
	return f.subject(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if f.closed.Load() {
				refuse(w)
				return
			}
			f.running.Add(1)
			defer f.running.Add(-1)
			next.ServeHTTP(w, r)
		})
	})
}

// leaver counts the request out when its answer is sent.
type leaver struct {
	http.ResponseWriter

	leave func()
}

func (l leaver) WriteHeader(status int) {
	l.ResponseWriter.WriteHeader(status)
	l.leave()
}

func leavesWithTheAnswer() Subject {
	f := &flag{}
	return f.subject(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			f.running.Add(1)
			if f.closed.Load() {
				f.running.Add(-1)
				refuse(w)
				return
			}
			next.ServeHTTP(leaver{w, func() { f.running.Add(-1) }}, r)
		})
	})
}

func leavesAtATimeOut() Subject {
	s := correct()
	wrap := s.Wrap
	s.Wrap = func(next http.Handler) http.Handler { return wrap(http.TimeoutHandler(next, time.Millisecond, "")) }
	return s
}

// answersFirst answers, and lets the handler go on in the background.
func answersFirst() Subject {
	s := correct()
	wrap := s.Wrap
	s.Wrap = func(next http.Handler) http.Handler {
		return wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			go next.ServeHTTP(httptest.NewRecorder(), r.WithContext(context.WithoutCancel(r.Context())))
			w.WriteHeader(http.StatusAccepted)
		}))
	}
	return s
}

func TestFaultsAreFound(t *testing.T) { //nolint:paralleltest // check sets GOMAXPROCS
	for name, c := range map[string]struct {
		subject func() Subject
		want    error
	}{
		"a gate that counts after it has looked":       {looksThenCounts, errEarly},
		"a request is counted out with its answer":     {leavesWithTheAnswer, errAfter},
		"a handler goes on behind a time-out":          {leavesAtATimeOut, errAfter},
		"a middleware runs the handler in a goroutine": {answersFirst, errAfter},
		"a gate that is never drained":                 {neverDrained, errNever},
		"a gate that counts, and then looks: correct":  {correct, nil},
	} {
		t.Run(name, func(t *testing.T) {
			duration := time.Minute // a fault ends it early
			if c.want == nil {
				duration = 2 * time.Second
			}
			require.ErrorIs(t, check(t.Context(), c.subject(), duration, 2*time.Second), c.want)
		})
	}
}

func neverDrained() Subject {
	s := correct()
	s.Drained = func() bool { return false }
	return s
}

// ours is a real gate on a store.
func ours(t *testing.T, wrap func(gate *core.Gate, inner http.Handler) http.Handler) Subject {
	t.Helper()
	gate, err := core.New(core.Config{Store: memstore.New(), Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	t.Cleanup(func() { _ = gate.Shutdown(context.Background()) })
	s := oursOf(t, gate)
	s.Wrap = func(inner http.Handler) http.Handler { return wrap(gate, inner) }
	return s
}

// oursOf is a real gate, without its Wrap.
func oursOf(t *testing.T, gate *core.Gate) Subject {
	t.Helper()
	op := operator.Operator{Store: gate.Store(), Actor: "test"}
	return Subject{
		Close: func() {
			_, err := op.Start(t.Context(), operator.StartOptions{})
			require.NoError(t, err)
		},
		Open: func() {
			_, err := op.End(t.Context(), operator.EndOptions{All: true})
			require.NoError(t, err)
		},
		Drained: func() bool { return len(gate.Status().Drained) > 0 },
	}
}

func TestTheGateIsSound(t *testing.T) { //nolint:paralleltest // check sets GOMAXPROCS
	gin.SetMode(gin.ReleaseMode)
	for name, wrap := range map[string]func(gate *core.Gate, inner http.Handler) http.Handler{ //nolint:paralleltest // as above
		"net/http": func(gate *core.Gate, inner http.Handler) http.Handler { return gate.Handler(inner) },
		"chi": func(gate *core.Gate, inner http.Handler) http.Handler {
			r := chi.NewRouter()
			r.Use(chidowntime.Middleware(gate))
			r.Handle("/", inner)
			return r
		},
		"gin": func(gate *core.Gate, inner http.Handler) http.Handler {
			r := gin.New()
			r.Use(gindowntime.Middleware(gate))
			r.GET("/", gin.WrapH(inner))
			return r
		},
		"echo": func(gate *core.Gate, inner http.Handler) http.Handler {
			e := echo.New()
			e.Use(echodowntime.Middleware(gate))
			e.GET("/", echo.WrapHandler(inner))
			return e
		},
	} {
		t.Run(name, func(t *testing.T) {
			Run(t, ours(t, wrap), time.Second)
		})
	}
}
