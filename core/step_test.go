package core

import (
	"errors"
	"log/slog"
	"strconv"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

// moved returns t with a changed wall clock and the same monotonic clock, as after a suspend or
// after the wall clock was set. No function of package time makes such a value, so moved writes
// into the fields of t.
func moved(tb testing.TB, t time.Time, by time.Duration) time.Time {
	tb.Helper()
	inner := (*struct {
		wall uint64
		ext  int64
		loc  *time.Location
	})(unsafe.Pointer(&t)) // the layout is checked below
	inner.wall += uint64(by/time.Second) << 30 // for a negative duration the sum wraps around, which is correct
	original := t.Add(-by)
	require.Equal(tb, by, t.Round(0).Sub(original.Round(0)), "the layout of time.Time has changed")
	return t
}

// stepper calls step without timers, goroutines or a store. The test sets the clock.
type stepper struct {
	set   *settings
	state state
	now   time.Time
	quiet bool
	out   output

	warning string // of the store
}

func newStepper(t *testing.T, cfg Config) *stepper {
	t.Helper()
	cfg.Store, cfg.Logger = &nowhere{}, slog.New(slog.DiscardHandler)
	set, err := cfg.resolve()
	require.NoError(t, err)
	p := &stepper{set: set, now: time.Now(), quiet: true}
	p.state.begun, p.state.read.due, p.state.waited = p.now, p.now, true
	return p
}

// withRow makes the store keep rows.
func (p *stepper) withRow() *stepper {
	p.state.row.key, p.state.row.due = "row", p.now
	return p
}

// after moves the clock and passes an event to step. Like the follower, it calls step again after
// an install.
func (p *stepper) after(d time.Duration, event any) output {
	p.now = p.now.Add(d)
	in := input{now: p.now, pace: p.set.PollInterval, quiet: p.quiet, idle: p.quiet, key: "fresh", warning: p.warning}
	p.state, p.out = p.set.step(p.state, event, in)
	out := p.out
	if out.install {
		var again output
		p.state, again = p.set.step(p.state, tick{}, in)
		out.read, out.put, out.wake = out.read || again.read, out.put || again.put, again.wake
		out.lines = append(out.lines, again.lines...)
	}
	return out
}

// reads returns the end of a read that began a moment ago.
func (p *stepper) reads(doc *period.Document, err error) readDone {
	done := readDone{n: p.state.read.n, doc: doc, err: err, asked: p.now, answered: p.now}
	if err == nil && doc != nil {
		done.blob.Token = store.Token(doc.WriteID)
	}
	if p.state.row.key != "" && err == nil { // an old set without other rows
		done.listed, done.blob.Now, done.since = true, p.now, p.now.Add(-time.Hour)
	}
	return done
}

func (p *stepper) open() bool { return p.state.now.closure == nil }

// document returns a document with these periods.
func document(revision int64, periods ...period.Period) *period.Document {
	return &period.Document{Format: period.Format, StoreID: "s", Revision: revision, WriteID: "w" + strconv.FormatInt(revision, 10), Periods: periods}
}

// deployment returns a deployment without an end.
func deployment(id string, now time.Time) period.Period {
	return period.Period{ID: id, Kind: period.Deployment, Start: now.Add(-time.Minute), Enabled: true, Version: 1}
}

func TestAWindowFollowsAClockThatIsSetBack(t *testing.T) {
	t.Parallel()
	p := newStepper(t, Config{})
	now := p.now
	window := period.Period{ID: "w", Kind: period.Window, Start: now.Add(-time.Minute), End: now.Add(time.Hour), Enabled: true, Version: 1}
	p.after(0, p.reads(document(1, window), nil))
	require.False(t, p.open())
	p.now = moved(t, now, 2*time.Hour)
	p.after(0, tick{})
	require.True(t, p.open(), "by a clock that is ahead, the window is over")
	p.now = now
	p.after(0, tick{})
	require.False(t, p.open(), "by the correct clock, the window is in force")
}

func TestASuspendedMachineKnowsThatItsStateIsOld(t *testing.T) {
	t.Parallel()
	p := newStepper(t, Config{OnStoreLost: Refuse, MaxStale: time.Minute})
	now := p.now
	p.after(0, p.reads(document(1), nil))
	require.True(t, p.open())
	p.now = moved(t, now, 2*time.Hour) // the monotonic clock stood still for two hours
	p.after(0, p.reads(nil, store.ErrLost))
	require.False(t, p.open())
	p.now = now
	p.after(0, tick{})
	require.False(t, p.open(), "a clock that is set back does not make the state fresh")
	p.now = moved(t, now, 2*time.Hour)
	p.after(0, p.reads(nil, store.ErrUnchanged))
	require.True(t, p.open())
}

func TestASilentStoreCountsAsLost(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		policy StoreLostPolicy
		open   bool
	}{
		"and the state is kept": {Keep, true},
		"and the gate refuses":  {Refuse, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newStepper(t, Config{OnStoreLost: c.policy, MaxStale: time.Minute, PollInterval: time.Second})
			p.after(0, p.reads(document(1), nil))
			p.after(59*time.Second, tick{})
			require.True(t, p.open())
			require.False(t, p.state.known.lost)
			p.after(2*time.Minute, tick{}) // no read has ended since
			require.True(t, p.state.known.lost)
			require.Equal(t, c.open, p.open())
		})
	}
}

func TestTheFollowerRegistersThenReadsThenServes(t *testing.T) {
	t.Parallel()
	p := newStepper(t, Config{PollInterval: time.Second}).withRow()
	out := p.after(0, tick{})
	require.True(t, out.put)
	require.False(t, out.read, "the row comes first")
	out = p.after(time.Millisecond, rowDone{token: "w1"})
	require.True(t, out.read)
	require.False(t, p.open(), "nothing is served before the read")
	p.after(time.Millisecond, p.reads(document(1), nil))
	require.True(t, p.open())
}

func TestAReadFromBeforeTheRowDoesNotOpenTheGate(t *testing.T) {
	t.Parallel()
	p := newStepper(t, Config{PollInterval: time.Second}).withRow()
	p.after(0, tick{})
	p.after(readTimeout, rowDone{err: errors.New("locked")})
	before := p.reads(document(1), nil)
	p.after(time.Millisecond, before)
	require.False(t, p.open(), "an operator could have listed the rows in between")
	require.Equal(t, CauseStarting, p.state.now.closure.Cause)
	out := p.after(2*time.Second, tick{})
	require.True(t, out.put, "the row is tried again within a second")
	p.after(time.Millisecond, rowDone{token: "w1"})
	require.True(t, p.open(), "its token is that of the adopted document, read after the row was written")
}

// TestAServingGateListsTheRowsOnlyAfterAPause: a listing delays its read. A gate that serves reads
// the document alone until a pause is over. One that starts refuses anyway, and lists with each
// read.
func TestAServingGateListsTheRowsOnlyAfterAPause(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ listed, again bool }{
		"while it serves": {listed: true, again: true},
		"while it serves, and the rows cannot be listed": {listed: true, again: false},
		"while it starts, and the rows cannot be listed": {listed: false, again: false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newStepper(t, Config{PollInterval: time.Hour}).withRow()
			p.after(0, tick{})
			p.after(0, rowDone{token: "w1"})
			read := p.reads(document(1), nil)
			read.listed, read.since = c.listed, p.now // a new set
			p.after(0, read)
			require.Equal(t, c.listed, p.open())
			p.after(2*listPause, hint{})
			require.True(t, p.state.read.busy && p.state.read.list)
			read = p.reads(nil, store.ErrUnchanged)
			read.listed, read.since = c.again, p.now
			p.after(0, read)
			p.after(time.Second, hint{})
			require.True(t, p.state.read.busy)
			require.Equal(t, !c.listed, p.state.read.list)
			p.after(0, p.reads(nil, store.ErrUnchanged))
			p.after(2*listPause, tick{})
			require.True(t, p.state.read.busy && p.state.read.list, "no hint is needed")
		})
	}
}

func TestAGateServesWithoutARow(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err   error
		after time.Duration
	}{
		"at once if rows cannot be written here": {store.ErrReadOnly, 0},
		"after 10 s if they fail":                {errors.New("locked"), startingLimit},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newStepper(t, Config{PollInterval: time.Second}).withRow()
			p.after(0, tick{})
			p.after(0, rowDone{err: c.err})
			p.after(0, p.reads(document(1), nil))
			if c.after > 0 {
				require.False(t, p.open())
				p.after(c.after-time.Millisecond, tick{})
				require.False(t, p.open())
				p.after(time.Millisecond, tick{})
				p.after(0, tick{})
			}
			require.True(t, p.open())
		})
	}
}

func TestAFailedReadIsRepeatedWithinASecond(t *testing.T) {
	t.Parallel()
	p := newStepper(t, Config{PollInterval: time.Hour})
	p.after(0, p.reads(document(1), nil))
	p.after(time.Second, want{})
	out := p.after(0, p.reads(nil, errors.New("refused")))
	for range 20 {
		require.False(t, out.read)
		require.LessOrEqual(t, out.wake.Sub(p.now), time.Second)
		require.True(t, p.after(out.wake.Sub(p.now), tick{}).read)
		out = p.after(time.Millisecond, p.reads(nil, errors.New("refused")))
	}
	p.after(time.Second, tick{})
	out = p.after(0, p.reads(nil, store.ErrUnchanged))
	require.Greater(t, p.state.read.due.Sub(p.now), 40*time.Minute, "after a good read the poll interval counts")
	require.False(t, out.read)
}

func TestHintsAskForOneReadIn50Milliseconds(t *testing.T) {
	t.Parallel()
	p := newStepper(t, Config{PollInterval: time.Hour})
	require.True(t, p.after(0, tick{}).read)
	p.after(0, p.reads(document(1), nil))
	p.after(time.Second, hint{})
	p.after(time.Millisecond, p.reads(nil, store.ErrUnchanged))
	reads := 0
	for range 1000 { // a hint each millisecond
		if p.after(time.Millisecond, hint{}).read {
			reads++
			p.after(0, p.reads(nil, store.ErrUnchanged))
		}
	}
	require.InDelta(t, 20, reads, 1)
}

func TestAHintStaysOwedUntilAReadThatBeganAfterIt(t *testing.T) {
	t.Parallel()
	p := newStepper(t, Config{PollInterval: time.Hour})
	p.after(0, p.reads(document(1), nil))
	require.True(t, p.after(time.Second, hint{}).read)
	p.after(10*time.Millisecond, hint{}) // while the read runs
	out := p.after(10*time.Millisecond, p.reads(nil, store.ErrUnchanged))
	require.Equal(t, 30*time.Millisecond, out.wake.Sub(p.now))
	require.True(t, p.after(30*time.Millisecond, tick{}).read)
}

// TestARowThatIsWrittenDuringARead: the running read may have begun before the row was there. If
// its token is that of the row, it saw all earlier writes of operators. Else it is repeated at
// once. Neither read was asked for by a hint, so the next hint is answered at once.
func TestARowThatIsWrittenDuringARead(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		row    store.Token
		repeat bool
	}{
		"and finds what the read finds":         {"w2", false},
		"and finds a later write":               {"w3", true},
		"and comes from a store without tokens": {"", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newStepper(t, Config{PollInterval: time.Hour}).withRow()
			p.after(0, tick{})
			p.after(0, rowDone{token: "w1"})
			p.after(0, p.reads(document(1), nil))
			require.True(t, p.after(time.Second, hint{}).read)
			p.after(time.Millisecond, rowDone{token: c.row})
			require.Equal(t, c.repeat, p.after(time.Millisecond, p.reads(document(2), nil)).read)
			p.after(time.Millisecond, p.reads(nil, store.ErrUnchanged))
			require.False(t, p.state.read.owed)
			require.False(t, p.after(hintPause, tick{}).read)
			require.True(t, p.after(time.Millisecond, hint{}).read)
		})
	}
}

func TestARowIsReportedOnChangeAndRenewed(t *testing.T) {
	t.Parallel()
	p := newStepper(t, Config{PollInterval: time.Hour}).withRow()
	p.after(0, tick{})
	p.after(0, rowDone{token: "w1"})
	p.after(0, p.reads(document(1), nil))
	p.after(100*time.Millisecond, tick{})
	p.after(0, rowDone{})
	renewal := p.state.row.due.Sub(p.now)
	require.InDelta(t, renewEvery.Seconds(), renewal.Seconds(), 3)

	out := p.after(time.Second, p.reads(document(2, deployment("d", p.now)), nil))
	require.False(t, out.put, "other gates may not have read the write yet")
	require.False(t, p.open())
	delay := p.state.row.news.Sub(p.now)
	require.GreaterOrEqual(t, delay, newsDelay)
	require.LessOrEqual(t, delay, newsDelay+newsSpread)
	require.True(t, p.after(delay, tick{}).put)
	p.after(0, rowDone{})
	require.False(t, p.after(time.Second, tick{}).put, "there is nothing new")
}

func TestADeletedRowGetsANewKeyAndARead(t *testing.T) {
	t.Parallel()
	p := newStepper(t, Config{PollInterval: time.Hour}).withRow()
	p.after(0, tick{})
	p.after(0, rowDone{token: "w1"})
	p.after(0, p.reads(document(1), nil))
	p.after(20*time.Second, tick{})
	out := p.after(0, rowDone{err: store.ErrRowDeleted})
	require.True(t, out.put)
	require.Equal(t, "fresh", p.state.row.key)
	require.True(t, p.open(), "the gate keeps its state meanwhile")
	p.after(time.Second, rowDone{token: "w2"})
	require.True(t, p.state.read.busy, "the token shows that there was a write")
}

func TestDrainedNeedsQuietAndNamesThePeriods(t *testing.T) {
	t.Parallel()
	p := newStepper(t, Config{PollInterval: time.Second})
	p.after(0, p.reads(document(1), nil))
	p.quiet = false // a request that the open snapshot admitted still runs
	p.after(0, p.reads(document(2, deployment("a", p.now)), nil))
	require.False(t, p.state.now.quiet)
	require.Empty(t, p.state.now.drained)
	p.quiet = true
	p.after(time.Millisecond, tick{})
	require.Equal(t, []string{"a"}, p.state.now.drained)
	p.after(0, p.reads(document(3, deployment("a", p.now), deployment("b", p.now)), nil))
	require.Equal(t, []string{"a", "b"}, p.state.now.drained)

	p.after(0, p.reads(document(2, deployment("a", p.now)), nil)) // the store went back
	require.NotNil(t, p.state.known.regress)
	require.True(t, p.state.now.quiet)
	require.Empty(t, p.state.now.drained, "a regressed gate has drained nothing")
}

func TestAnotherStoreIDIsRegressed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		replaces string
		open     bool
	}{
		"and a closed gate stays closed":                            {"", false},
		"unless it replaces the lost one":                           {"s", true},
		"unless it replaces every document":                         {period.AnyDocument, true},
		"and a document that replaces a third one does not open it": {"t", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newStepper(t, Config{PollInterval: time.Second})
			p.after(0, p.reads(document(7, deployment("d", p.now)), nil))
			other := document(9)
			other.StoreID, other.Replaces = "u", c.replaces
			p.after(time.Second, p.reads(other, nil))
			require.Equal(t, c.open, p.open())
			require.Equal(t, !c.open, p.state.known.regress != nil)
		})
	}
}

func TestStoppedDecidesNothingMore(t *testing.T) {
	t.Parallel()
	p := newStepper(t, Config{PollInterval: time.Second})
	p.after(0, p.reads(document(1), nil))
	out := p.after(0, stop{})
	require.False(t, p.open())
	require.Equal(t, CauseShutdown, p.state.now.closure.Cause)
	require.True(t, out.wake.IsZero())
	out = p.after(time.Hour, p.reads(document(2), nil))
	require.False(t, out.read)
	require.False(t, p.open())
}

func TestARowOfVeryManyPeriodsStaysWithinItsLimit(t *testing.T) {
	t.Parallel()
	p := newStepper(t, Config{PollInterval: time.Second}).withRow()
	var periods []period.Period
	for i := range 5000 {
		d := deployment("period-"+strconv.Itoa(i), p.now)
		d.End = p.now.Add(time.Duration(i+1) * time.Hour)
		periods = append(periods, d)
	}
	p.after(0, tick{})
	p.after(0, rowDone{token: "w1"})
	p.after(0, p.reads(document(1, periods...), nil))
	require.Len(t, p.state.now.drained, 5000)
	row := p.set.fillRow(period.Row{}, &p.state, counters{}, time.Second)
	require.Equal(t, period.Canonical(p.state.begun.Add(time.Hour)), row.DrainedUntil)
	b, err := encodeRow(row)
	require.NoError(t, err)
	require.LessOrEqual(t, len(b), store.MaxRow)
	back, err := period.DecodeRow("row", b)
	require.NoError(t, err)
	require.Empty(t, back.Drained, "the row reports fewer drained periods than the gate knows")
	require.NotEmpty(t, back.Problem)
}

func TestAStoreThatRefusesEveryKeyIsNotAskedWithoutAPause(t *testing.T) {
	t.Parallel()
	p := newStepper(t, Config{PollInterval: time.Hour}).withRow()
	puts := 0
	for range 1000 { // in a second
		if p.after(time.Millisecond, tick{}).put {
			puts++
			p.after(0, rowDone{err: store.ErrRowDeleted})
		}
	}
	require.Less(t, puts, 12)
}

// A failover answers READONLY for a moment. A missing grant gives the same answer each time.
func TestARowThatWasReadOnlyIsTriedAgainSoon(t *testing.T) {
	t.Parallel()
	p := newStepper(t, Config{PollInterval: time.Hour}).withRow()
	p.after(0, tick{})
	p.after(0, rowDone{token: "w1"})
	p.after(0, p.reads(document(1), nil))
	p.after(20*time.Second, tick{})
	require.True(t, p.state.row.busy)
	p.after(0, rowDone{err: store.ErrReadOnly})
	require.True(t, p.open())
	require.LessOrEqual(t, p.state.row.due.Sub(p.now), time.Second)
	for range 20 {
		require.True(t, p.after(p.state.row.due.Sub(p.now), tick{}).put)
		p.after(0, rowDone{err: store.ErrReadOnly})
		require.LessOrEqual(t, p.state.row.due.Sub(p.now), renewEvery)
	}
	require.GreaterOrEqual(t, p.state.row.due.Sub(p.now), renewEvery/2)
}

func TestAReadThatIgnoresItsDeadlineHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		late     *period.Document // that the stuck read returns at last
		revision int64
	}{
		"and its older document is dropped": {document(1), 2},
		"and its newer document counts":     {document(3), 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newStepper(t, Config{PollInterval: time.Second})
			p.after(0, p.reads(document(1), nil))
			require.True(t, p.after(time.Second, tick{}).read)
			stuck := p.state.read.n
			out := p.after(readTimeout+overdueRead, tick{})
			require.True(t, p.state.known.lost)
			require.LessOrEqual(t, out.wake.Sub(p.now), lastRetry)
			require.True(t, p.after(lastRetry, tick{}).read)
			if c.revision == 2 {
				p.after(0, p.reads(document(2), nil))
				require.False(t, p.state.known.lost)
			}
			late := p.reads(c.late, nil)
			late.n = stuck
			p.after(time.Minute, late)
			require.Equal(t, c.revision, p.state.known.doc.Revision)
			require.Nil(t, p.state.known.regress)
		})
	}
}

func TestReadsThatIgnoreTheirDeadlineAreFew(t *testing.T) {
	t.Parallel()
	p := newStepper(t, Config{PollInterval: time.Second})
	p.after(0, p.reads(document(1), nil))
	for range 1000 {
		p.after(100*time.Millisecond, tick{})
	}
	require.Equal(t, maxLateReads, p.state.read.n)
	failed := p.reads(nil, errors.New("cut"))
	failed.n = 1
	p.after(0, failed)
	require.True(t, p.after(lastRetry, tick{}).read || p.state.read.busy)
}

func TestAClockThatIsSetForwardCausesOneReadAndNoBusyLoop(t *testing.T) {
	t.Parallel()
	p := newStepper(t, Config{OnStoreLost: Refuse, MaxStale: time.Minute, PollInterval: 10 * time.Second})
	p.after(0, p.reads(document(1), nil))
	p.now = moved(t, p.now.Add(time.Second), 2*time.Hour)
	out := p.after(0, tick{})
	require.True(t, out.read, "the state may be old")
	require.True(t, p.open(), "and is not taken for lost before the store was asked")
	require.Greater(t, out.wake.Sub(p.now), 100*time.Millisecond, "by the clock that the timer follows")
	out = p.after(time.Millisecond, p.reads(nil, store.ErrUnchanged))
	require.Greater(t, out.wake.Sub(p.now), 100*time.Millisecond)
	require.True(t, p.open())
}

func TestALateReadSaysNothingAboutTheClock(t *testing.T) {
	t.Parallel()
	p := newStepper(t, Config{PollInterval: time.Second})
	p.after(0, tick{})
	first := p.reads(document(1), nil)
	first.blob.Now = p.now.Add(-20 * time.Second)
	p.after(0, first)
	require.Equal(t, -20*time.Second, p.state.known.offset)
	require.True(t, p.after(time.Second, tick{}).read)
	late := p.reads(document(2), nil)
	late.blob.Now = p.now.Add(-20 * time.Second)
	p.after(time.Minute, tick{})
	late.answered = p.now
	p.after(0, late)
	require.Equal(t, -20*time.Second, p.state.known.offset)
	require.EqualValues(t, 2, p.state.known.doc.Revision)
}

// TestTheWarningOfTheStoreIsLoggedOnceAndReported: the file of the store is mounted alone, say.
func TestTheWarningOfTheStoreIsLoggedOnceAndReported(t *testing.T) {
	t.Parallel()
	p := newStepper(t, Config{PollInterval: time.Hour}).withRow()
	warnings := func(out output) (n int) {
		for _, line := range out.lines {
			if line.msg == "store warning" {
				n++
			}
		}
		return n
	}
	require.Zero(t, warnings(p.after(0, tick{})))
	p.after(0, rowDone{token: "w1"})
	p.after(0, p.reads(document(1), nil))
	require.True(t, p.after(time.Second, tick{}).put)
	p.after(0, rowDone{})
	p.warning = "mounted alone"
	require.Equal(t, 1, warnings(p.after(time.Second, tick{})))
	require.Zero(t, warnings(p.after(time.Millisecond, tick{})))
	require.True(t, p.after(time.Second, tick{}).put, "the row tells it before its next renewal")
	require.Equal(t, "mounted alone", p.set.fillRow(period.Row{}, &p.state, counters{}, time.Second).Warning)
	p.warning = ""
	require.Equal(t, 1, warnings(p.after(0, tick{})), "it is over")

	p.after(0, rowDone{})
	p.after(0, fileRead{err: errors.New("permission denied")})
	require.True(t, p.after(time.Second, tick{}).put)
	require.Equal(t, "the override file cannot be read: permission denied", p.set.fillRow(period.Row{}, &p.state, counters{}, time.Second).Warning)
}

// TestASlowReadKeepsWhatTheGateHasReported: a slow read estimates the store's clock with a larger error.
// A gate that has reported a window as drained must not reopen because of that.
func TestASlowReadKeepsWhatTheGateHasReported(t *testing.T) {
	t.Parallel()
	const ahead, slow, edge = time.Second, 2 * time.Second, 5 * time.Second // ahead is this machine's clock
	for name, c := range map[string]struct {
		start, end time.Duration // of the window, after the first read
		look       time.Duration // when the slow read ends
		sampled    time.Duration // by the store, before the slow read ends
	}{
		"at the start of a window": {edge, time.Hour, edge + 100*time.Millisecond, slow},
		"at the end of a window":   {-time.Hour, edge, edge - 100*time.Millisecond, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newStepper(t, Config{PollInterval: time.Second}).withRow()
			storeTime := func() time.Time { return p.now.Add(-ahead).Round(0) }
			p.after(0, tick{})
			p.after(0, rowDone{token: "w1"})
			window := period.Period{ID: "w", Kind: period.Window, Start: storeTime().Add(c.start), End: storeTime().Add(c.end), Enabled: true, Version: 1}
			read := p.reads(document(1, window), nil)
			read.blob.Now = storeTime()
			p.after(0, read)
			p.after(c.look, tick{})
			require.Equal(t, []string{"w"}, p.state.now.drained)
			read = p.reads(nil, store.ErrUnchanged)
			read.asked, read.blob.Now = p.now.Add(-slow), storeTime().Add(-c.sampled)
			p.after(0, read)
			p.after(0, tick{})
			require.False(t, p.open(), "the window may still be in force")
			out := p.after(slow, tick{})
			require.Equal(t, c.start < 0, p.open(), "its end has certainly passed")
			require.False(t, out.wake.IsZero())
		})
	}
}
