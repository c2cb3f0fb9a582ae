package fleettest

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/store/memstore"
)

var errData = errors.New("no such table")

// shop is an application whose orders are written by a handler, or by a goroutine that the handler
// starts.
func shop(t *testing.T, work func(gate *core.Gate, ctx context.Context, write func())) Application {
	t.Helper()
	gate, err := core.New(core.Config{Store: memstore.New(), CarryTickets: true, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	t.Cleanup(func() { _ = gate.Shutdown(context.Background()) })
	var writes atomic.Int64
	s := oursOf(t, gate)
	return Application{
		Handler: gate.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			work(gate, r.Context(), func() {
				<-time.After(10 * time.Millisecond) // the database's time
				writes.Add(1)
			})
		})),
		Request: func(url string) (*http.Request, error) { return http.NewRequest(http.MethodPost, url+"/orders", nil) },
		Writes:  func() (int64, error) { return writes.Load(), nil },
		Close:   s.Close, Open: s.Open, Drained: s.Drained,
	}
}

func TestWorkThatOutlivesTheAnswerIsFound(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		work  func(gate *core.Gate, ctx context.Context, write func())
		found bool
	}{
		"the handler writes":                  {func(_ *core.Gate, _ context.Context, write func()) { write() }, false},
		"a goroutine writes after the answer": {func(_ *core.Gate, _ context.Context, write func()) { go write() }, true},
		"a goroutine that the gate counts": {func(gate *core.Gate, ctx context.Context, write func()) {
			gate.Go(ctx, func(context.Context) { write() })
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := shop(t, c.work).check(t.Context(), 2*time.Second, patience)
			if !c.found {
				require.NoError(t, err)
				return
			}
			var left leftBehindError
			require.ErrorAs(t, err, &left)
			require.Positive(t, left.writes)
		})
	}
}

func TestAnApplicationThatCannotBeTestedIsAnError(t *testing.T) {
	t.Parallel()
	writes := func(_ *core.Gate, _ context.Context, write func()) { write() }
	for name, spoil := range map[string]struct {
		change func(a *Application)
		want   string
	}{
		"the data cannot be read": {func(a *Application) { a.Writes = func() (int64, error) { return 0, errData } }, errData.Error()},
		"no request":              {func(a *Application) { a.Request = func(string) (*http.Request, error) { return nil, errData } }, errData.Error()},
		"no request writes":       {func(a *Application) { a.Writes = func() (int64, error) { return 0, nil } }, errServes.Error()},
		"never drained":           {func(a *Application) { a.Drained = func() bool { return false } }, errNever.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := shop(t, writes)
			spoil.change(&a)
			require.ErrorContains(t, a.check(t.Context(), time.Second, 300*time.Millisecond), spoil.want)
		})
	}
}
