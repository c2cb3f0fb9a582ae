package wakes_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/internal/wakes"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/memstore"
)

func TestHintsWait(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		hints []time.Duration // when hints are given
		ends  time.Duration   // the context; zero means never
		want  time.Duration
		err   error
	}{
		"no hint":                          {nil, 0, time.Minute, nil},
		"a hint from before":               {[]time.Duration{0}, 0, time.Second, nil},
		"a hint meanwhile":                 {[]time.Duration{10 * time.Second}, 0, 11 * time.Second, nil},
		"two hints":                        {[]time.Duration{10 * time.Second, 10*time.Second + time.Millisecond}, 0, 11 * time.Second, nil},
		"the context ends":                 {nil, 5 * time.Second, 5 * time.Second, context.DeadlineExceeded},
		"the context ends soon after hint": {[]time.Duration{5 * time.Second}, 5500 * time.Millisecond, 5500 * time.Millisecond, context.DeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx := t.Context()
				if tc.ends > 0 {
					limited, cancel := context.WithTimeout(ctx, tc.ends)
					defer cancel()
					ctx = limited
				}
				hints, cancel := wakes.HintsOf(nil)
				defer cancel()
				for _, at := range tc.hints {
					if at == 0 {
						hints.Give()
						hints.Give() // it does not block, and is one hint
						continue
					}
					time.AfterFunc(at, hints.Give)
				}
				begun := time.Now()
				require.ErrorIs(t, hints.Wait(ctx, time.Minute, time.Second), tc.err)
				require.Equal(t, tc.want, time.Since(begun))
			})
		})
	}
}

func TestHintsOfAStore(t *testing.T) {
	t.Parallel()
	st := memstore.New()
	hints, cancel := wakes.HintsOf(st)
	require.NoError(t, st.Swap(t.Context(), "", []byte("{}")))
	require.Len(t, hints, 1)
	<-hints
	cancel()
	require.NoError(t, st.Swap(t.Context(), store.TokenOf([]byte("{}")), []byte("[]")))
	require.Empty(t, hints)
}

func TestPause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		begun := time.Now()
		require.NoError(t, wakes.Pause(ctx, time.Second))
		require.Equal(t, time.Second, time.Since(begun))
		require.ErrorIs(t, wakes.Pause(ctx, time.Minute), context.DeadlineExceeded)
		require.Equal(t, 2*time.Second, time.Since(begun))
	})
}
