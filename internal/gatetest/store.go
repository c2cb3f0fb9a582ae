// Package gatetest has the helpers of tests that need a gate, a store of periods, or an allocation
// count.
package gatetest

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/memstore"
)

// Periods is a [store.Store] with the periods that a test puts there. It has no rows and
// gives no hints, because it embeds only the interface.
type Periods struct {
	store.Store

	mu       sync.Mutex
	revision int64
	token    store.Token
}

// NewPeriods returns a store with these periods.
func NewPeriods(periods ...period.Period) *Periods {
	s := &Periods{Store: memstore.New()}
	s.Set(periods...)
	return s
}

// Set replaces the periods. It panics if they are not valid.
func (s *Periods) Set(periods ...period.Period) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revision++
	doc := &period.Document{Format: period.Format, StoreID: "gatetest", Revision: s.revision, CloseRev: s.revision, Periods: periods}
	doc.Seal()
	b, err := doc.Encode()
	if err == nil {
		err = s.Swap(context.Background(), s.token, b)
	}
	if err != nil {
		panic(err)
	}
	s.token = store.TokenOf(b)
}

// InForce returns n windows with the same reason. The first one is in force, and one more
// begins each day.
func InForce(n int) []period.Period {
	now := time.Now().UTC().Truncate(time.Second)
	periods := make([]period.Period, n)
	for i := range periods {
		periods[i] = period.Period{
			ID: fmt.Sprintf("period-%d", i), Kind: period.Window, Version: 1, Enabled: true,
			Start:  now.Add(time.Duration(i) * 24 * time.Hour).Add(-time.Hour),
			End:    now.Add(time.Duration(i) * 24 * time.Hour).Add(time.Hour),
			Reason: "Moving to a new <database>.", Holder: "secret-holder", CreatedBy: "secret-person",
		}
	}
	return periods
}

// NewGate returns a gate that logs nothing, and shuts it down when the test ends.
func NewGate(tb testing.TB, cfg core.Config) *core.Gate {
	tb.Helper()
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	gate, err := core.New(cfg)
	if err != nil {
		tb.Fatalf("core.New: %v", err)
	}
	tb.Cleanup(func() {
		// A test may leave requests running on purpose.
		ended, cancel := context.WithCancel(context.Background())
		cancel()
		_ = gate.Shutdown(ended)
	})
	return gate
}
