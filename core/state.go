package core

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"
)

// state is what a gate knows. The gate's mu guards it.
type state struct {
	begun   time.Time
	stopped bool

	// What the store said.
	read       bool      // at least one read succeeded
	doc        *Document // adopted; nil: the store has never been written
	handEdited bool      // doc is not what its write has written
	seen       Mark      // of the last read, adopted or not: what Load is asked to compare with
	regress    *Document // what the store holds instead, if it went back behind doc
	lastRead   time.Time // last answered contact
	lost       bool
	staleSince time.Time // when lastRead became older than MaxStale; zero: it is not
	readErr    error
	offset     time.Duration // store's clock minus this machine's

	// What overrides say.
	fileOverride override
	fileSince    time.Time
	fileRead     bool // at least one read succeeded
	fileErr      error

	// What was concluded.
	judged        Verdict
	judgedAt      time.Time
	rejudge       bool
	overdue       bool
	retired       []*quiet  // snapshots that let requests in, not yet seen quiet
	closedAt      time.Time // of the current closed stretch
	drained       bool
	drainedMark   Mark
	quietWait     time.Duration
	unsubscribe   func()
	timers        timers
	overrideShown override

	reports reports
}

// adopt takes in what a read brought. What cannot be read or parsed changes nothing but
// the health of the store; what went back in history only ever adds refusals.
// It returns the error that the read amounts to.
func (g *Gate) adopt(st State, err error, asked, answered time.Time) error {
	s := &g.state
	if err == nil && st.Document == nil && s.doc != nil {
		err = ErrLost
	}
	if err != nil && !errors.Is(err, ErrUnchanged) {
		g.lose(err)
		return err
	}
	if s.lost {
		g.logs.add(slog.LevelInfo, "store back", slog.String("store", g.set.description),
			slog.Duration("after", age(answered, s.lastRead, s.begun)))
	}
	s.lost, s.readErr, s.lastRead, s.staleSince = false, nil, answered, time.Time{}
	if !st.Time.IsZero() {
		s.offset = storeOffset(st.Time, asked, answered)
	}
	if err != nil {
		return nil //nolint:nilerr // it is ErrUnchanged: a good read
	}
	s.read, s.seen, s.rejudge = true, st.Mark, true
	if st.Document == nil {
		return nil
	}
	doc, have := st.Document, s.doc
	switch {
	case have == nil, doc.StoreID != have.StoreID, doc.Mark() == have.Mark(),
		doc.Revision > have.Revision && (s.regress == nil || doc.Reconciled >= have.Revision):
		s.doc, s.regress, s.handEdited = doc, nil, doc.HandEdited()
	default:
		if s.regress == nil || s.regress.Mark() != doc.Mark() {
			g.logs.add(slog.LevelWarn, "regressed", slog.String("store", g.set.description),
				slog.Int64("store_revision", doc.Revision), slog.Int64("kept_revision", have.Revision),
				slog.String("mend", fmt.Sprintf("downtime reconcile --above %d", have.Revision)))
		}
		s.regress = doc
	}
	return nil
}

// lose notes that the store does not answer, and why.
func (g *Gate) lose(err error) {
	s := &g.state
	s.readErr = err
	if !s.lost {
		s.lost = true
		g.logs.add(slog.LevelWarn, "store lost", slog.String("store", g.set.description), slog.Any("error", err),
			slog.Bool("ever_read", s.read), slog.String("policy", g.policy()))
	}
}

// storeOffset is the store's clock minus this machine's, taken in the middle of the read.
// Differences within the read's own duration are noise, and are dropped.
func storeOffset(storeTime, asked, answered time.Time) time.Duration {
	half := answered.Sub(asked) / 2
	offset := storeTime.Sub(asked.Add(half))
	if offset.Abs() <= half+time.Millisecond {
		return 0
	}
	return offset
}

// age is how long ago last was, by whichever clock says more: the monotonic one stands
// still while the machine is suspended, the wall clock may be set back.
func age(now, last, begun time.Time) time.Duration {
	if last.IsZero() {
		last = begun
	}
	return max(now.Sub(last), now.Round(0).Sub(last.Round(0)))
}

// errNoAnswer is what is wrong with a store of whose reads nothing is heard.
var errNoAnswer = errors.New("no read has come back for a long time")

// policy is what the gate does now that the store is lost, for its log line.
func (g *Gate) policy() string {
	switch {
	case !g.state.read && g.set.firstStart == FirstStartOpen:
		return "open"
	case !g.state.read:
		return "refuse"
	}
	return g.set.lossPolicy()
}

// noteFile logs when the override file becomes unreadable, and when it is readable again.
func (g *Gate) noteFile(err error) {
	s := &g.state
	switch {
	case err != nil && s.fileErr == nil:
		g.logs.add(slog.LevelWarn, "override", slog.String("from", "file"), slog.String("kept", orNone(s.fileOverride.String())), slog.Any("error", err))
	case err == nil && s.fileErr != nil:
		g.logs.add(slog.LevelInfo, "override", slog.String("from", "file"), slog.Bool("readable", true))
	}
	s.fileErr = err
}

// verdict judges the periods, or repeats what was judged while no edge lies in between.
// Beside a regressed document the kept one counts as well: the more restrictive stays.
func (g *Gate) verdict(storeTime time.Time) Verdict {
	s := &g.state
	storeTime = storeTime.Round(0) // edges are by the wall clock, which may be set back
	fresh := !s.rejudge && !storeTime.Before(s.judgedAt) && (s.judged.Next.IsZero() || storeTime.Before(s.judged.Next))
	if !fresh {
		var periods []Period
		if s.doc != nil {
			periods = s.doc.Periods
		}
		if s.regress != nil {
			periods = slices.Concat(periods, s.regress.Periods)
		}
		s.judged, s.judgedAt, s.rejudge = Judge(periods, storeTime), storeTime, false
	}
	return s.judged
}

// override is the word that counts, where it comes from, and since when.
func (g *Gate) override() (o override, from string, since time.Time) {
	switch s := &g.state; {
	case s.fileOverride != overrideNone:
		return s.fileOverride, "file", s.fileSince
	case g.set.env != overrideNone:
		return g.set.env, "env", s.begun
	case g.set.down:
		return overrideDown, "config", s.begun
	}
	return overrideNone, "", time.Time{}
}

// settle brings the snapshot in line with what is known now. The caller holds mu.
func (g *Gate) settle(now time.Time) {
	s := &g.state
	k := known{
		hasStore: g.set.store != nil, read: s.read, firstStart: g.set.firstStart, begun: s.begun,
		onLost: g.set.onLost, offset: s.offset, verdict: g.verdict,
	}
	k.override, k.overrideFrom, k.overrideSince = g.override()
	k.fileUnread = g.set.file != "" && !s.fileRead
	unheard := age(now, s.lastRead, s.begun)
	if s.read && !s.lost && unheard >= g.patience() {
		g.lose(errNoAnswer)
	}
	if s.lost {
		if s.staleSince.IsZero() && unheard >= g.set.maxStale {
			s.staleSince = now.Round(0)
		}
		k.staleSince, k.staleIn = s.staleSince, g.set.maxStale-unheard
	}
	c := conclude(k, now)
	if s.read && !s.lost {
		c.next = earliestAfter(now, c.next, now.Add(g.patience()-unheard))
	}
	if k.override != s.overrideShown {
		g.logs.add(slog.LevelWarn, "override", slog.String("value", orNone(k.override.String())), slog.String("from", orNone(k.overrideFrom)))
		s.overrideShown = k.override
	}
	if c.overdue && !s.overdue && c.closure != nil {
		g.logs.add(slog.LevelWarn, "overdue", slog.String("period", c.closure.Period), instantAttr("expected_end", c.closure.Until))
	}
	s.overdue = c.overdue && c.closure != nil
	g.install(c.closure, now)
	g.armEdge(c.next, now)
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// install swaps the snapshot if what it says has changed, and logs the transition.
func (g *Gate) install(closure *Closure, now time.Time) {
	s := &g.state
	old := g.current.Load()
	if old.closure.same(closure) {
		g.retire(nil, now)
		return
	}
	var next *snapshot
	if closure == nil {
		next = openSnapshot()
	} else {
		next = &snapshot{closure: closure, closing: old.closing}
		next.answers = newAnswers(&g.set.answer, closure, now.Add(s.offset))
		closure.answers = next.answers // nobody else has this closure yet
		next.answers.onFault = func(err error) {
			g.warnOnce(next, "own page failed, the built-in one is shown", slog.Any("error", err))
		}
	}
	g.current.Store(next)
	switch {
	case closure == nil:
		g.logs.add(slog.LevelInfo, "downtime opened", append(g.documentAttrs(), slog.Duration("after", now.Sub(s.closedAt)))...)
		s.drained = false
	case old.open():
		s.closedAt, s.drained = now, false
		close(old.closing)
		g.logs.add(slog.LevelInfo, "downtime closed", append(g.documentAttrs(),
			slog.String("cause", closure.Cause.String()), slog.String("kind", closure.Kind()),
			slog.String("period", closure.Period), slog.String("reason", closure.Reason),
			instantAttr("since", closure.Since), instantAttr("until", closure.Until))...)
		g.retire(&quiet{cells: old.cells}, now)
	default:
		g.retire(nil, now)
	}
	g.armAnswers(now)
}

// documentAttrs name the write that a transition follows from.
func (g *Gate) documentAttrs() []slog.Attr {
	m := g.state.doc.Mark()
	return []slog.Attr{slog.Int64("revision", m.Revision), slog.String("write_id", m.WriteID)}
}

func instantAttr(key string, t time.Time) slog.Attr {
	if t.IsZero() {
		return slog.String(key, "unknown")
	}
	return slog.Time(key, t)
}

// retire adds a snapshot that was swapped out, if any, and looks whether those before are
// quiet by now. Only when all of them are, and the gate refuses, it is drained.
func (g *Gate) retire(q *quiet, now time.Time) {
	s := &g.state
	if q != nil {
		s.retired = append(s.retired, q)
		s.quietWait = 0
	}
	s.retired = slices.DeleteFunc(s.retired, (*quiet).look)
	if len(s.retired) > 0 {
		g.armQuiet()
		return
	}
	if g.current.Load().open() {
		return
	}
	if !s.drained {
		g.logs.add(slog.LevelInfo, "drained", append(g.documentAttrs(), slog.Duration("after", now.Sub(s.closedAt)))...)
	}
	s.drained, s.drainedMark = true, s.doc.Mark()
}
