package core

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

// readDone handles the result of a read.
func (set *settings) readDone(s *state, e readDone, in input, out *output) {
	late := e.n != s.read.n || !s.read.busy && s.read.late > 0
	if late {
		s.read.late--
		if e.err != nil || e.n < s.read.heard {
			return // it was counted as failed when it overran its deadline, or a later read was answered
		}
	} else {
		s.read.busy = false
	}
	if e.err == nil || errors.Is(e.err, store.ErrUnchanged) {
		s.read.heard = e.n
	}
	err := set.adopt(s, e, late, out)
	switch {
	case err != nil:
		s.read.fails++
		s.read.due = in.now.Add(s.retry(s.read.fails, lastRetry))
		return
	case late:
		s.read.owed = true // the content is valid but old: read again
		s.read.fails, s.read.due = 0, in.now
		return
	}
	if e.listed {
		set.compare(s, e, out)
	}
	if s.read.list && (!e.listed || s.known.ahead == nil) {
		s.known.listAfter = in.now.Add(s.spread(listPause))
	}
	s.read.fails = 0
	s.read.due = in.now.Add(set.interval(s, in.pace))
	again := in.now.Add(s.spread(hurriedPoll))
	if again.Before(s.known.listAfter) {
		again = s.known.listAfter
	}
	if s.lists(again) && again.Before(s.read.due) {
		s.read.due = again
	}
	if s.row.key == "" || s.row.gaveUp || !s.row.since.IsZero() && !e.asked.Before(s.row.since) {
		s.known.served = true
	}
	if s.read.again && s.rowWantsRead() {
		s.read.due = in.now
	}
	s.read.again = false
}

// adopt applies the result of a read and returns its error, if any. A failed read changes only
// the health of the store. A document that does not continue the adopted one can only add
// refusals.
func (set *settings) adopt(s *state, e readDone, late bool, out *output) error {
	k, err := &s.known, e.err
	if errors.Is(err, store.ErrNeverWritten) && k.doc == nil {
		err = nil
	} else if errors.Is(err, store.ErrNeverWritten) {
		err = fmt.Errorf("%w: %w", store.ErrLost, err)
	}
	if err != nil && !errors.Is(err, store.ErrUnchanged) {
		set.lose(s, err, out)
		return err
	}
	if k.lost {
		out.transition(slog.LevelInfo, "store-back", slog.String("store", set.description), slog.Duration("after", age(e.answered, k.at, s.begun)))
		s.row.fails = 0 // a write of the row that fails now may have begun during the outage
	}
	k.lost, k.err, k.at, k.stale = false, nil, e.answered, time.Time{}
	if !e.blob.Now.IsZero() && !late {
		k.offset, k.clockError = storeOffset(e.blob.Now, e.asked, e.answered)
	}
	first := !k.ever
	k.ever = true
	if err != nil || e.doc == nil {
		return nil //nolint:nilerr // unchanged, or never written: a good read
	}
	k.token, s.now.judgedAt = e.blob.Token, time.Time{}
	asked := s.read.owed || s.read.hinted.Equal(s.read.asked)
	if _, hints := set.Store.(store.Hinter); hints && !first && !late && !asked && k.doc.Mark() != e.doc.Mark() {
		k.unhinted++
	}
	if e.doc.Supersedes(k.doc, k.regress != nil) {
		k.doc, k.regress, k.handEdited = e.doc, nil, e.doc.HandEdited()
		return nil
	}
	if k.regress == nil || k.regress.Mark() != e.doc.Mark() {
		out.log(slog.LevelWarn, "regressed", slog.String("store", set.description),
			slog.String("store_id", e.doc.StoreID), slog.Int64("store_revision", e.doc.Revision),
			slog.String("kept_id", k.doc.StoreID), slog.Int64("kept_revision", k.doc.Revision),
			slog.String("mend", reconcileCommand(k.doc, e.doc)))
	}
	k.regress = e.doc
	return nil
}

// lists reports whether a read also lists the rows. It does so while the gate starts: if the
// store lost its rows too, the other instances write them again within youngSet. A listing delays
// its read. So a gate that serves lists again only after a pause, and answers a hint in between
// by a read of the document alone.
func (s *state) lists(now time.Time) bool {
	k := &s.known
	if k.listed && now.Before(k.listAfter) {
		return false
	}
	return s.row.key != "" && (k.ahead != nil || !k.compared && now.Sub(s.begun) < 2*youngSet)
}

// compare compares the adopted document with those that other instances have seen, and with the
// newest one that the store has noted. After a restored backup, these name documents that the store
// no longer has. The gate serves only if the adopted document continues all of them. A regressed
// gate does not compare, because it has detected itself that the store went back.
func (set *settings) compare(s *state, e readDone, out *output) {
	k := &s.known
	k.listed = true
	k.compared = !e.since.IsZero() && e.blob.Now.Sub(e.since) >= youngSet
	was := k.ahead
	if was != nil && k.doc != nil && k.doc.Supersedes(was, true) {
		k.ahead = nil
	}
	if k.regress != nil {
		return
	}
	for _, r := range e.rows {
		seen := &period.Document{StoreID: r.StoreID, Revision: r.Revision, WriteID: r.WriteID}
		if r.StoreID == "" || k.doc != nil && k.doc.Supersedes(seen, r.Regressed) || k.ahead != nil && k.ahead.Revision >= r.Revision {
			continue
		}
		k.ahead = seen
		if was == nil {
			held := cmp.Or(k.doc, &period.Document{})
			out.log(slog.LevelWarn, "regressed", slog.String("store", set.description),
				slog.String("store_id", held.StoreID), slog.Int64("store_revision", held.Revision),
				slog.String("seen_by", r.ID), slog.String("host", r.Host), slog.String("seen_id", r.StoreID), slog.Int64("seen_revision", r.Revision),
				slog.String("mend", reconcileCommand(seen, held)))
			was = seen
		}
	}
}

// reconcileCommand returns the command that makes gates adopt the document in the store.
func reconcileCommand(kept, held *period.Document) string {
	command := fmt.Sprintf("downtime reconcile --above %d", kept.Revision)
	if kept.StoreID != held.StoreID {
		command += " --replaces " + kept.StoreID
	}
	return command
}

// lose records that the store cannot be read, and why.
func (set *settings) lose(s *state, err error, out *output) {
	s.known.err = err
	s.known.errors++
	if s.known.lost {
		return
	}
	s.known.lost = true
	policy := set.OnStoreLost.String()
	switch {
	case !s.known.ever && set.FirstStart == FirstStartOpen:
		policy = "open"
	case !s.known.ever:
		policy = "refuse"
	case set.OnStoreLost == Refuse:
		policy = "refuse after " + set.MaxStale.String()
	}
	out.transition(slog.LevelWarn, "store-lost", slog.String("store", set.description), slog.Any("error", err),
		slog.Bool("ever_read", s.known.ever), slog.String("policy", policy))
}

var errOverrun = fmt.Errorf("the store does not answer within %v, and ignores the deadline", readTimeout)

// checkRead detects a read that overran its deadline, and a store that has been silent for too
// long.
func (set *settings) checkRead(s *state, in input, out *output) {
	if set.Store == nil || s.stopped {
		return
	}
	if s.read.busy && !in.now.Before(s.read.asked.Add(readTimeout+overdueRead)) {
		s.read.busy = false
		s.read.late++
		s.read.fails++
		s.read.due = in.now.Add(s.retry(s.read.fails, lastRetry))
		set.lose(s, errOverrun, out)
	}
	// The machine was suspended, or its wall clock was set: the state may be old. Look at once.
	if !s.read.busy && age(in.now, s.known.at, s.begun) >= set.patience(in.pace) && in.now.Sub(s.read.asked) >= lastRetry {
		s.read.due = in.now
	}
}

// patience is how long the store may be silent before the gate reads it at once.
func (set *settings) patience(pace time.Duration) time.Duration {
	return max(3*pace+2*readTimeout, set.MaxStale)
}

// interval is the time to the next poll after a good read.
func (set *settings) interval(s *state, pace time.Duration) time.Duration {
	if set.spread || s.row.key != "" {
		return s.spread(pace)
	}
	return pace
}

// hurried reports whether an operator may be waiting for this gate.
func (s *state) hurried(in input) bool {
	next := s.now.verdict.Next
	return s.row.key != "" && (!in.quiet || !next.IsZero() && next.Add(-s.known.offset).Sub(in.now) < edgeNear)
}

// scheduleRead starts a read if one is due. It returns the time of the next check.
func (set *settings) scheduleRead(s *state, in input, out *output) time.Time {
	r := &s.read
	if r.busy {
		return r.asked.Add(readTimeout + overdueRead)
	}
	if r.late >= maxLateReads {
		return time.Time{}
	}
	if row := &s.row; r.asked.IsZero() && row.busy && row.err == nil && row.since.IsZero() {
		if limit := row.asked.Add(readTimeout + overdueRead); in.now.Before(limit) {
			return limit // register, then read
		}
	}
	due := r.due
	if floor := r.hinted.Add(hintPause); r.owed && r.fails == 0 && floor.Before(due) {
		due = floor
	}
	if hurried := in.now.Add(s.spread(hurriedPoll)); s.hurried(in) && hurried.Before(due) {
		r.due, due = hurried, hurried
	}
	if in.now.Before(due) {
		return due
	}
	if r.owed {
		r.hinted = in.now
	}
	r.n++
	r.list = s.lists(in.now)
	r.busy, r.owed, r.asked, out.read = true, false, in.now, true
	return r.asked.Add(readTimeout + overdueRead)
}

// storeOffset is the store's clock minus this machine's, taken in the middle of the read, and
// how far it may be off. A difference within the duration of the read is noise: it counts as
// zero, and as a part of the error.
func storeOffset(storeTime, asked, answered time.Time) (offset, clockError time.Duration) {
	half := answered.Sub(asked) / 2
	offset = storeTime.Sub(asked.Add(half))
	if offset.Abs() <= half+time.Millisecond {
		return 0, half + offset.Abs()
	}
	return offset, half
}

// age returns the time since last, or since begun if last is zero. It measures by the monotonic
// clock and by the wall clock and returns the larger value. The monotonic clock stands still
// while the machine is suspended, and the wall clock may be set back.
func age(now, last, begun time.Time) time.Duration {
	last = cmp.Or(last, begun)
	return max(now.Sub(last), now.Round(0).Sub(last.Round(0)))
}
