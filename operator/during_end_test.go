package operator_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/memstore"
)

// TestAnEndThatWasNotConfirmedIsNoEndOfAnotherRun interrupts the write that ends the period of a run.
func TestAnEndThatWasNotConfirmedIsNoEndOfAnotherRun(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		written   bool // the interrupted write took place
		takenOver bool // afterwards another run takes the period over
		err       error
		ended     bool
		inForce   int
	}{
		"written":                           {written: true, ended: true},
		"not written":                       {ended: true},
		"not written, then taken over":      {takenOver: true, err: operator.ErrTakenOver, inForce: 1},
		"written, and nothing to take over": {written: true, takenOver: true, ended: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inFleet(t, 1, func(t *testing.T, f *fleet) {
				st := &cutSwap{Store: f.st, written: tc.written}
				if tc.takenOver {
					st.after = func(ctx context.Context) { takeOver(ctx, t, f.st) }
				}
				run, err := operator.Operator{Store: st, Actor: "ann"}.During(t.Context(), operator.RunOptions{Wait: time.Hour}, func(context.Context) error {
					st.armed.Store(true)
					return nil
				})
				require.ErrorIs(t, err, tc.err)
				require.True(t, run.Ran)
				require.Equal(t, tc.ended, run.Ended)
				require.Len(t, f.inForce(t), tc.inForce)
			})
		})
	}
}

// cutSwap is a store whose next Swap, once armed, returns no answer.
type cutSwap struct {
	*memstore.Store

	armed   atomic.Bool
	written bool
	after   func(ctx context.Context)
	cut     bool
}

var errCut = errors.New("connection reset")

func (s *cutSwap) Swap(ctx context.Context, old store.Token, next []byte) error {
	if !s.armed.CompareAndSwap(true, false) {
		return s.Store.Swap(ctx, old, next)
	}
	if s.written {
		if err := s.Store.Swap(ctx, old, next); err != nil {
			return err
		}
	}
	s.cut = true
	return errCut
}

// Get fails after the cut until the write was given up, and then lets the other run act.
func (s *cutSwap) Get(ctx context.Context, have store.Token) (store.Blob, error) {
	if s.cut {
		s.cut = false
		if s.after != nil {
			s.after(ctx)
		}
		return store.Blob{}, errCut
	}
	return s.Store.Get(ctx, have)
}

// takeOver makes another run the owner of the period in force, if there is one.
func takeOver(ctx context.Context, t *testing.T, st store.Store) {
	t.Helper()
	blob, err := st.Get(ctx, "")
	require.NoError(t, err)
	d, err := period.Decode(blob.Bytes)
	require.NoError(t, err)
	if len(d.Periods) == 0 {
		return
	}
	d.Periods[0].RunID = "another"
	d.Periods[0].Version++
	d.Revision++
	d.WriteID = "another-write"
	b, err := d.Encode()
	require.NoError(t, err)
	require.NoError(t, st.Swap(ctx, blob.Token, b))
}
