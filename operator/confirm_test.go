package operator

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

func TestAWriteIsConfirmedByReadingItBack(t *testing.T) {
	t.Parallel()
	broken := errors.New("connection reset")
	onTop := func(s *trialStore) { s.change(func(*period.Document) {}) }
	swap := func(write bool, err error) func() (bool, error) { return func() (bool, error) { return write, err } }
	// since replaces the reads after the write for a while. Later reads return the real document.
	since := func(s *trialStore, wait time.Duration, text []byte, err error) {
		var written time.Time
		s.afterSwap = func(*trialStore) { written = time.Now() }
		s.get = func(int) ([]byte, error) {
			if written.IsZero() || time.Since(written) >= wait {
				return nil, nil
			}
			return text, err
		}
	}
	const never = time.Hour
	for name, test := range map[string]struct {
		prepare func(s *trialStore)
		want    []error
		text    string
		code    Code
		waits   bool // for the time of a confirmation
	}{
		"an answer that was lost": {
			prepare: func(s *trialStore) { s.swap = swap(true, broken) },
		},
		"an error after which the store knows that nothing was written": {
			prepare: func(s *trialStore) { s.swap = swap(false, store.NotWritten(broken)) },
			want:    []error{broken}, text: "nothing was written: connection reset", code: CodeUnavailable,
		},
		"an error that leaves it open, again and again": {
			prepare: func(s *trialStore) { s.swap = swap(false, broken) },
			want:    []error{ErrUnconfirmed, broken}, text: "read back revision 7 of document s; the write returned: connection reset", code: CodeUnconfirmed, waits: true,
		},
		"an error that leaves it open, once": {
			prepare: func(s *trialStore) {
				n := 0
				s.swap = func() (bool, error) {
					if n++; n == 1 {
						return false, broken
					}
					return true, nil
				}
			},
		},
		"an error that leaves it open, and a write that arrives late": {
			prepare: func(s *trialStore) {
				n := 0
				s.swap = func() (bool, error) {
					if n++; n == 1 {
						return false, broken
					}
					return true, store.ErrConflict // the late one was first, and another followed
				}
			},
		},
		"another write right after it": {
			prepare: func(s *trialStore) { s.afterSwap = onTop },
		},
		"a lost answer and another write right after it": {
			prepare: func(s *trialStore) { s.swap, s.afterSwap = swap(true, broken), onTop },
		},
		"another write after it, which dropped the entry": {
			prepare: func(s *trialStore) {
				s.afterSwap = func(s *trialStore) { s.change(func(d *period.Document) { d.Log = period.Log{} }) }
			},
			want: []error{ErrUnconfirmed}, text: "wrote revision 8 of document s, and read back revision 9 of document s", code: CodeUnconfirmed,
		},
		"an error, and another write instead": {
			prepare: func(s *trialStore) { s.swap, s.afterSwap = swap(false, broken), onTop },
			want:    []error{ErrUnconfirmed, broken}, text: "read back revision 8 of document s; the write returned: connection reset", code: CodeUnconfirmed,
		},
		"a store that swallows the write": {
			prepare: func(s *trialStore) { s.swap = swap(false, nil) },
			want:    []error{ErrUnconfirmed}, text: "read back revision 7 of document s", code: CodeUnconfirmed, waits: true,
		},
		"a store that has another document now": {
			prepare: func(s *trialStore) {
				s.afterSwap = func(s *trialStore) { s.change(func(d *period.Document) { d.StoreID = "other" }) }
			},
			want: []error{ErrUnconfirmed}, text: "read back revision 9 of document other", code: CodeUnconfirmed,
		},
		"a store that is empty after it": {
			prepare: func(s *trialStore) { s.afterSwap = func(s *trialStore) { s.text = nil } },
			want:    []error{ErrUnconfirmed}, text: "read back no document", code: CodeUnconfirmed,
		},
		"a store that has lost it": {
			prepare: func(s *trialStore) { s.gone, s.afterSwap = store.ErrLost, func(s *trialStore) { s.text = nil } },
			want:    []error{ErrUnconfirmed, store.ErrLost}, code: CodeUnconfirmed,
		},
		"a document that cannot be read any more": {
			prepare: func(s *trialStore) { s.afterSwap = func(s *trialStore) { s.text = []byte("{") } },
			want:    []error{ErrUnconfirmed, ErrUnreadable}, code: CodeUnconfirmed,
		},
		"a store that cannot be read any more": {
			prepare: func(s *trialStore) { since(s, never, nil, broken) },
			want:    []error{ErrUnconfirmed, broken}, code: CodeUnconfirmed, waits: true,
		},
		"a store that cannot be read after an error": {
			prepare: func(s *trialStore) {
				since(s, never, nil, broken)
				s.swap = swap(false, context.DeadlineExceeded)
			},
			want: []error{ErrUnconfirmed, broken, context.DeadlineExceeded}, code: CodeUnconfirmed, waits: true,
		},
		"a store that can be read again": {
			prepare: func(s *trialStore) { since(s, time.Second, nil, broken) },
		},
		"a lost answer of a store that can be read again": {
			prepare: func(s *trialStore) { since(s, time.Second, nil, broken); s.swap = swap(true, broken) },
		},
		"an old primary for a while": {
			prepare: func(s *trialStore) { since(s, time.Second, s.text, nil) },
		},
		"a primary that is several writes behind": {
			prepare: func(s *trialStore) {
				behind := s.text
				onTop(s)
				onTop(s)
				since(s, time.Second, behind, nil)
			},
		},
		"an old primary for too long": {
			prepare: func(s *trialStore) { since(s, never, s.text, nil) },
			want:    []error{ErrUnconfirmed}, text: "read back revision 7", code: CodeUnconfirmed, waits: true,
		},
		"a store that has written, and does not promise that it lasts": {
			prepare: func(s *trialStore) { s.swap = swap(true, store.ErrUnconfirmed) },
			want:    []error{ErrUnconfirmed}, code: CodeUnconfirmed,
		},
		"a read-only store": {
			prepare: func(s *trialStore) { s.swap = swap(false, store.ErrReadOnly) },
			want:    []error{store.ErrReadOnly}, code: CodeReadOnly,
		},
		"a store with a smaller limit than it says": {
			prepare: func(s *trialStore) { s.swap = swap(false, &store.TooLargeError{Size: 2, Limit: 1}) },
			want:    []error{store.ErrTooLarge}, code: CodeFull,
		},
		"a document whose token does not match": {
			prepare: func(s *trialStore) { s.swap = swap(false, store.ErrTampered) },
			want:    []error{store.ErrTampered}, code: CodeUnavailable,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				st := storeAt(noonUTC, aDeployment("a", "other"))
				test.prepare(st)
				began := time.Now()
				res, err := on(st).Start(t.Context(), StartOptions{Holder: "x"})
				took := time.Since(began)
				if test.want == nil {
					require.NoError(t, err)
					require.Equal(t, []string{"a", res.Period.ID}, idsOf(res.InForce()))
					return
				}
				for _, want := range test.want {
					require.ErrorIs(t, err, want)
				}
				require.ErrorContains(t, err, test.text)
				require.NotContains(t, err.Error(), "\n")
				require.Zero(t, res.Period)
				require.Equal(t, []string{"a"}, idsOf(res.After.Periods), "the state that was read")
				f := Explain(err)
				require.Equal(t, test.code, f.Code)
				require.Equal(t, test.code == CodeUnconfirmed, f.Unknown)
				if test.waits {
					require.Equal(t, confirmTimeout, took)
				} else {
					require.Zero(t, took)
				}
			})
		})
	}
}

func TestAWriteIsConfirmedAlsoIfTheCallerIsInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	st := storeAt(noonUTC, aDeployment("a", "other"))
	st.swap = func() (bool, error) {
		cancel()
		return true, ctx.Err()
	}
	res, err := on(st).Start(ctx, StartOptions{Holder: "x"})
	require.NoError(t, err, "the site is down, and the read confirmed it")
	require.Len(t, res.InForce(), 2)
}

func TestAFirstWriteThatFailedHasWrittenNothing(t *testing.T) {
	t.Parallel()
	broken := errors.New("connection reset")
	for name, gone := range map[string]error{"never written": store.ErrNeverWritten, "lost": store.ErrLost} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := storeAt(noonUTC)
			st.gone, st.swap = gone, func() (bool, error) { return false, store.NotWritten(broken) }
			_, err := on(st).Init(t.Context(), InitOptions{})
			require.ErrorIs(t, err, broken)
			require.ErrorContains(t, err, "nothing was written")
			require.NotErrorIs(t, err, ErrUnconfirmed)
		})
	}
}
