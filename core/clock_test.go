package core

import (
	"log/slog"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// moved is t as a machine reads it whose wall clock was set by this much meanwhile, or
// that was suspended: the wall reading has moved, the monotonic one has not. No function
// of package time makes such a value, so this reaches into one.
func moved(tb testing.TB, t time.Time, by time.Duration) time.Time {
	tb.Helper()
	inner := (*struct {
		wall uint64
		ext  int64
		loc  *time.Location
	})(unsafe.Pointer(&t)) // the layout is checked below
	inner.wall += uint64(by/time.Second) << 30 // wraps around for a negative one, as it should
	original := t.Add(-by)
	require.Equal(tb, by, t.Round(0).Sub(original.Round(0)), "the layout of time.Time is another one")
	return t
}

// still is a gate without timers, whose clock a test can set.
func still(t *testing.T, cfg Config, doc *Document) *Gate {
	t.Helper()
	cfg.Store, cfg.Logger = &nowhere{}, slog.New(slog.DiscardHandler)
	set, err := cfg.resolve()
	require.NoError(t, err)
	g := &Gate{set: set, passing: newCells(), logs: logQueue{log: set.log}}
	g.current.Store(openSnapshot())
	g.state.stopped, g.state.begun = true, time.Now()
	require.NoError(t, g.adopt(State{Document: doc, Mark: doc.Mark()}, nil, g.state.begun, g.state.begun))
	return g
}

func (g *Gate) openAt(now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.settle(now)
	return g.current.Load().open()
}

func TestAWindowFollowsAClockThatIsSetBack(t *testing.T) {
	t.Parallel()
	now := time.Now()
	doc := &Document{Format: Format, StoreID: "s", Revision: 1, WriteID: "w", Periods: []Period{{
		ID: "w", Kind: Window, Start: now.Add(-time.Minute), End: now.Add(time.Hour), Enabled: true, Version: 1,
	}}}
	g := still(t, Config{}, doc)
	require.True(t, g.openAt(moved(t, now, 2*time.Hour)), "by a clock that is ahead, it is over")
	require.False(t, g.openAt(now), "by the right one, it is in force")
	require.True(t, g.openAt(moved(t, now, 2*time.Hour)))
}

func TestASuspendedMachineKnowsThatItsStateIsOld(t *testing.T) {
	t.Parallel()
	g := still(t, Config{OnStoreLost: Refuse, MaxStale: time.Minute}, &Document{Format: Format, StoreID: "s", Revision: 1, WriteID: "w"})
	now := time.Now()
	require.True(t, g.openAt(now))
	awake := moved(t, now, 2*time.Hour) // two hours have passed, of which the monotonic clock knows nothing
	require.ErrorIs(t, g.adopt(State{}, ErrLost, awake, awake), ErrLost)
	require.False(t, g.openAt(awake))
	require.False(t, g.openAt(now), "a clock that is set back makes nothing fresh")
	require.NoError(t, g.adopt(State{Mark: g.state.seen}, ErrUnchanged, awake, awake))
	require.True(t, g.openAt(awake))
}

func TestReadsOfWhichNothingIsHeardCountAsLost(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		policy StoreLostPolicy
		open   bool
	}{
		"and are kept":    {Keep, true},
		"and are refused": {Refuse, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := still(t, Config{OnStoreLost: c.policy, MaxStale: time.Minute, PollInterval: time.Second}, &Document{Format: Format, StoreID: "s", Revision: 1, WriteID: "w"})
			require.True(t, g.openAt(time.Now().Add(59*time.Second)))
			require.False(t, g.state.lost)
			require.Equal(t, c.open, g.openAt(time.Now().Add(2*time.Minute)))
			require.True(t, g.state.lost)
			require.ErrorIs(t, g.state.readErr, errNoAnswer)
		})
	}
}
