package adaptertest

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/go-downtime/downtime/core"
)

// Periods is a [core.Store] that holds what a test puts there.
type Periods struct {
	mu  sync.Mutex
	doc core.Document
}

// NewPeriods holds periods.
func NewPeriods(periods ...core.Period) *Periods {
	s := &Periods{}
	s.Set(periods...)
	return s
}

// Set replaces the periods.
func (s *Periods) Set(periods ...core.Period) {
	s.mu.Lock()
	defer s.mu.Unlock()
	revision := s.doc.Revision + 1
	s.doc = core.Document{
		Format: core.Format, StoreID: "adaptertest", Revision: revision,
		WriteID: fmt.Sprintf("write-%d", revision), CloseRev: revision, Periods: periods,
	}
}

// Load implements [core.Store].
func (s *Periods) Load(_ context.Context, have core.Mark) (core.State, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	doc := s.doc
	state := core.State{Document: &doc, Mark: doc.Mark(), Time: time.Now()}
	if have == state.Mark {
		return core.State{Mark: state.Mark, Time: state.Time}, core.ErrUnchanged
	}
	return state, nil
}

// Commit implements [core.Store]; nothing commits here.
func (s *Periods) Commit(context.Context, core.Mark, *core.Document, core.Entry) error {
	return core.ErrReadOnly
}

// String implements [core.Store].
func (s *Periods) String() string { return "adaptertest" }

// InForce is n periods, the first of them in force, with the same reason and promise.
func InForce(n int) []core.Period {
	now := time.Now().UTC().Truncate(time.Second)
	periods := make([]core.Period, n)
	for i := range periods {
		periods[i] = core.Period{
			ID: fmt.Sprintf("period-%d", i), Kind: core.Window, Version: 1, Enabled: true,
			Start:  now.Add(time.Duration(i) * 24 * time.Hour).Add(-time.Hour),
			End:    now.Add(time.Duration(i) * 24 * time.Hour).Add(time.Hour),
			Reason: "Moving to a new <database>.", Holder: "secret-holder", CreatedBy: "secret-person",
		}
	}
	return periods
}

// NewGate makes a gate that logs nothing and ends with the test.
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
		// A test may leave requests running on purpose; nobody waits for them here.
		ended, cancel := context.WithCancel(context.Background())
		cancel()
		_ = gate.Shutdown(ended)
	})
	return gate
}
