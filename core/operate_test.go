package core

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

var noonUTC = time.Date(2026, 3, 8, 12, 0, 0, 0, time.UTC)

// trialStore keeps a document in memory, and fails as it is told.
type trialStore struct {
	mu    sync.Mutex
	doc   *Document
	now   time.Time
	loads int
	log   []Entry // one for each write, the oldest first

	conflicts   int                                          // so many commits meet another writer's
	load        func(n int) error                            // asked at each Load, counted from 1
	commit      func(next *Document) (write bool, err error) // asked at each Commit
	afterCommit func(s *trialStore)
}

func storeAt(now time.Time, periods ...Period) *trialStore {
	s := &trialStore{now: now}
	if periods != nil {
		s.doc = &Document{Format: Format, StoreID: "s", Revision: 7, CloseRev: 5, Periods: periods}
		s.doc.normalise()
		s.doc.seal()
	}
	return s
}

func (s *trialStore) Load(ctx context.Context, _ Mark) (State, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loads++
	if err := ctx.Err(); err != nil {
		return State{}, err
	}
	if s.load != nil {
		if err := s.load(s.loads); err != nil {
			return State{}, err
		}
	}
	return State{Document: s.doc, Mark: s.doc.Mark(), Time: s.now}, nil
}

func (s *trialStore) Commit(_ context.Context, base Mark, next *Document, entry Entry) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conflicts > 0 {
		s.conflicts--
		other := &Document{Format: Format, StoreID: "s", Periods: []Period{}}
		if s.doc != nil {
			*other = *s.doc
		}
		other.Revision++
		other.seal()
		s.doc = other
	}
	if s.doc.Mark() != base {
		return ErrConflict
	}
	write, err := true, error(nil)
	if s.commit != nil {
		write, err = s.commit(next)
	}
	if write {
		b, encodeErr := next.Encode() // what no store could keep must not pass here
		if encodeErr != nil {
			return encodeErr
		}
		if s.doc, encodeErr = DecodeDocument(b); encodeErr != nil {
			return encodeErr
		}
		s.log = append(s.log, entry)
	}
	if s.afterCommit != nil {
		s.afterCommit(s)
	}
	return err
}

func (s *trialStore) String() string { return "trial" }

func aDeployment(id, holder string) Period {
	return Period{ID: id, Kind: Deployment, Start: noonUTC.Add(-time.Hour), Enabled: true, Holder: holder, Version: 1}
}

func aWindow(id string, start, end time.Time) Period {
	return Period{ID: id, Kind: Window, Start: start, End: end, Enabled: true, Version: 1}
}

func idsOf(ps []Period) []string {
	out := []string{}
	for _, p := range ps {
		out = append(out, p.ID)
	}
	return out
}

func TestOperateFirstWriteMakesTheDocument(t *testing.T) {
	t.Parallel()
	st := storeAt(noonUTC)
	res, err := Start(t.Context(), st, StartOptions{Holder: "alice@host"})
	require.NoError(t, err)
	require.Nil(t, res.Before)
	require.Len(t, res.After.StoreID, 26)
	require.Equal(t, int64(1), res.After.Revision)
	require.Equal(t, int64(1), res.After.CloseRev)
	require.False(t, res.After.HandEdited())
	require.Equal(t, []Period{res.Period}, res.InForce)

	again, err := End(t.Context(), st, EndOptions{Holder: "alice@host"})
	require.NoError(t, err)
	require.Equal(t, res.After.StoreID, again.After.StoreID)
	require.Equal(t, int64(2), again.After.Revision)
	require.NotEqual(t, res.After.WriteID, again.After.WriteID)
	require.NotNil(t, again.After.Periods)
}

func TestOperateDoesNotChangeWhatItLoaded(t *testing.T) {
	t.Parallel()
	st := storeAt(noonUTC, aDeployment("a", "x"), aWindow("w", noonUTC.Add(time.Hour), noonUTC.Add(2*time.Hour)))
	before, err := st.doc.Encode()
	require.NoError(t, err)
	loaded := st.doc
	_, err = Start(t.Context(), st, StartOptions{Holder: "x", Reason: new("new")})
	require.NoError(t, err)
	_, err = Edit(t.Context(), st, "w", EditOptions{Reason: new("new")})
	require.NoError(t, err)
	_, err = End(t.Context(), st, EndOptions{All: true})
	require.NoError(t, err)
	after, err := loaded.Encode()
	require.NoError(t, err)
	require.Equal(t, string(before), string(after))
}

func TestOperateRepeatsAfterConflicts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := storeAt(noonUTC, aDeployment("a", "y"))
		st.conflicts = 20
		res, err := Start(t.Context(), st, StartOptions{Holder: "x"})
		require.NoError(t, err)
		require.Equal(t, int64(7+20+1), res.After.Revision)
		require.Equal(t, []string{"a", res.Period.ID}, idsOf(res.After.Periods))
	})
}

func TestOperateGivesUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := storeAt(noonUTC, aDeployment("a", "x"))
		st.conflicts = commitAttempts
		_, err := Start(t.Context(), st, StartOptions{Holder: "x"})
		require.ErrorIs(t, err, ErrConflict)
		require.ErrorContains(t, err, "100 attempts")

		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
		defer cancel()
		st.conflicts = 1 << 30
		_, err = Start(ctx, st, StartOptions{Holder: "x"})
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

func TestOperateConcurrentStartsOfOneHolderMakeOneDeployment(t *testing.T) {
	t.Parallel()
	st := storeAt(noonUTC)
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			_, err := Start(t.Context(), st, StartOptions{Holder: "ci", Actor: fmt.Sprint("job", i)})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	require.Len(t, st.doc.Periods, 1)
	require.Equal(t, int64(16), st.doc.Periods[0].Version)
	require.Equal(t, int64(16), st.doc.Revision)
	require.Equal(t, int64(1), st.doc.CloseRev)
}

func TestOperateConfirmsByReadingBack(t *testing.T) {
	t.Parallel()
	broken := errors.New("connection reset")
	for name, test := range map[string]struct {
		prepare func(s *trialStore)
		want    []error
		text    string
	}{
		"an error after the write is no error": {
			prepare: func(s *trialStore) { s.commit = func(*Document) (bool, error) { return true, broken } },
		},
		"an error before the write is one": {
			prepare: func(s *trialStore) { s.commit = func(*Document) (bool, error) { return false, broken } },
			want:    []error{broken},
			text:    "nothing was written",
		},
		"an error and then somebody else's write": {
			prepare: func(s *trialStore) {
				s.commit = func(*Document) (bool, error) { return true, broken }
				s.afterCommit = func(s *trialStore) { s.doc = onTop(s.doc) }
			},
			want: []error{ErrUnconfirmed, broken},
		},
		"somebody else's write on top of ours is fine": {
			prepare: func(s *trialStore) { s.afterCommit = func(s *trialStore) { s.doc = onTop(s.doc) } },
		},
		"a store that swallows the write": {
			prepare: func(s *trialStore) { s.commit = func(*Document) (bool, error) { return false, nil } },
			want:    []error{ErrUnconfirmed},
			text:    "read back revision 7 of document s",
		},
		"a store that has another document now": {
			prepare: func(s *trialStore) {
				s.afterCommit = func(s *trialStore) { s.doc = onTop(s.doc); s.doc.StoreID = "other"; s.doc.seal() }
			},
			want: []error{ErrUnconfirmed},
		},
		"a store that is empty after it": {
			prepare: func(s *trialStore) { s.afterCommit = func(s *trialStore) { s.doc = nil } },
			want:    []error{ErrUnconfirmed},
			text:    "read back nothing",
		},
		"a store that cannot be read any more": {
			prepare: func(s *trialStore) {
				s.load = func(n int) error {
					if n > 1 {
						return broken
					}
					return nil
				}
			},
			want: []error{ErrUnconfirmed, broken},
		},
		"a store that has written, and says that it may not last": {
			prepare: func(s *trialStore) { s.commit = func(*Document) (bool, error) { return true, ErrUnconfirmed } },
			want:    []error{ErrUnconfirmed},
		},
		"a read-only store": {
			prepare: func(s *trialStore) { s.commit = func(*Document) (bool, error) { return false, ErrReadOnly } },
			want:    []error{ErrReadOnly},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := storeAt(noonUTC, aDeployment("a", "other"))
			test.prepare(st)
			res, err := Start(t.Context(), st, StartOptions{Holder: "x"})
			if test.want == nil {
				require.NoError(t, err)
				require.Equal(t, []string{"a", res.Period.ID}, idsOf(res.InForce))
				return
			}
			for _, want := range test.want {
				require.ErrorIs(t, err, want)
			}
			require.ErrorContains(t, err, test.text)
			require.Zero(t, res.Period)
		})
	}
}

// onTop is another writer's next write, on top of d.
func onTop(d *Document) *Document {
	next := *d
	next.Revision++
	next.seal()
	return &next
}

func TestOperateConfirmsAlsoWhenTheCallerIsInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	st := storeAt(noonUTC, aDeployment("a", "other"))
	st.commit = func(*Document) (bool, error) {
		cancel()
		return true, ctx.Err()
	}
	res, err := Start(ctx, st, StartOptions{Holder: "x"})
	require.NoError(t, err, "the site is down, and that was seen")
	require.Len(t, res.InForce, 2)
}

func TestOperateNeedsAStore(t *testing.T) {
	t.Parallel()
	_, err := Start(t.Context(), nil, StartOptions{Holder: "x"})
	require.EqualError(t, err, "store: is nil")
}

func TestOperatePrunesWhatWasOverForAWeek(t *testing.T) {
	t.Parallel()
	week := 7 * 24 * time.Hour
	old := aWindow("old", noonUTC.Add(-week-time.Hour), noonUTC.Add(-week))
	fresh := aWindow("fresh", noonUTC.Add(-week-time.Hour), noonUTC.Add(-week+time.Microsecond))
	st := storeAt(noonUTC, old, fresh, aDeployment("a", "x"))
	res, err := End(t.Context(), st, EndOptions{All: true})
	require.NoError(t, err)
	require.Equal(t, []string{"fresh"}, idsOf(res.After.Periods))
	require.Equal(t, int64(5), res.After.CloseRev, "nothing more is refused")
}

func TestOperateBoundsTheDocument(t *testing.T) {
	t.Parallel()
	full := make([]Period, MaxPeriods)
	for i := range full {
		full[i] = aWindow(fmt.Sprint("w", i), noonUTC.Add(time.Hour), noonUTC.Add(2*time.Hour))
	}
	st := storeAt(noonUTC, full...)
	_, err := Start(t.Context(), st, StartOptions{Holder: "x"})
	require.ErrorContains(t, err, "periods: 10001: want at most 10000")
	_, err = Cancel(t.Context(), st, "w17", CancelOptions{})
	require.NoError(t, err)
	_, err = Start(t.Context(), st, StartOptions{Holder: "x"})
	require.NoError(t, err)

	st = storeAt(noonUTC, aDeployment("a", "x"))
	st.doc.Revision = MaxRevision
	_, err = End(t.Context(), st, EndOptions{All: true})
	require.ErrorContains(t, err, "revision: 9007199254740991: is the highest")
}

func TestOperateCloseRevision(t *testing.T) {
	t.Parallel()
	later := func(h int) *time.Time { return new(noonUTC.Add(time.Duration(h) * time.Hour)) }
	for name, test := range map[string]struct {
		edit EditOptions
		grew bool
	}{
		"an earlier start closes more":             {EditOptions{Start: later(1)}, true},
		"a later start does not":                   {EditOptions{Start: later(3)}, false},
		"a later end closes more":                  {EditOptions{End: later(7)}, true},
		"an earlier end does not":                  {EditOptions{End: later(5)}, false},
		"no end closes more":                       {EditOptions{End: &time.Time{}}, true},
		"shifted later: the tail is new":           {EditOptions{Start: later(3), End: later(7)}, true},
		"a reason changes nothing that is closed":  {EditOptions{Reason: new("x"), Emergency: new(true)}, false},
		"an expected end opens and closes nothing": {EditOptions{ExpectedEnd: later(9)}, false},
		"disabling does not":                       {EditOptions{Enabled: new(false)}, false},
		"disabled, whatever else":                  {EditOptions{Enabled: new(false), End: later(9)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := storeAt(noonUTC, aWindow("w", *later(2), *later(6)))
			res, err := Edit(t.Context(), st, "w", test.edit)
			require.NoError(t, err)
			require.Equal(t, int64(8), res.After.Revision)
			if test.grew {
				require.Equal(t, int64(8), res.After.CloseRev)
			} else {
				require.Equal(t, int64(5), res.After.CloseRev)
			}
		})
	}
	t.Run("enabling again closes more", func(t *testing.T) {
		t.Parallel()
		w := aWindow("w", *later(2), *later(6))
		w.Enabled = false
		res, err := Edit(t.Context(), storeAt(noonUTC, w), "w", EditOptions{Enabled: new(true)})
		require.NoError(t, err)
		require.Equal(t, int64(8), res.After.CloseRev)
	})
	t.Run("an end given to an endless window does not", func(t *testing.T) {
		t.Parallel()
		res, err := Edit(t.Context(), storeAt(noonUTC, aWindow("w", *later(2), time.Time{})), "w", EditOptions{End: later(9)})
		require.NoError(t, err)
		require.Equal(t, int64(5), res.After.CloseRev)
	})
}

func TestOperateIdsAreReadableAndUnique(t *testing.T) {
	t.Parallel()
	d := &Document{}
	for range 2000 {
		id := newID(d)
		require.Regexp(t, `^[bcdfghjkmnpqrstvwxz][bcdfghjkmnpqrstvwxz2-9]{5}$`, id)
		_, taken := d.Find(id)
		require.False(t, taken)
		d.Periods = append(d.Periods, Period{ID: id})
	}
}
