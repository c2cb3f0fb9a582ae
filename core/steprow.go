package core

import (
	"errors"
	"log/slog"
	"reflect"
	"time"

	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

// regressed reports whether the store's document does not continue one that this gate has seen.
// Before the gate serves, the documents that other instances have seen count too.
func (s *state) regressed() bool { return s.known.regress != nil || s.known.ahead != nil }

func (set *settings) rowState(s *state) period.RowState {
	switch c := s.now.closure; {
	case s.stopped:
		return period.Leaving
	case set.unsettled(s):
		return period.Starting
	case c == nil:
		return period.Open
	case c.Cause == CauseStarting:
		return period.Starting
	}
	return period.Closed
}

// scheduleRow starts a write of the row if one is due. It returns the time of the next check.
func (set *settings) scheduleRow(s *state, in input, out *output) time.Time {
	r := &s.row
	if r.key == "" {
		return time.Time{}
	}
	limit := time.Time{}
	if r.since.IsZero() && !r.gaveUp {
		limit = s.begun.Add(startingLimit)
		if !in.now.Before(limit) {
			r.gaveUp, limit = true, time.Time{}
			s.known.served = s.known.served || s.known.ever
			if s.known.served {
				s.now.judgedAt = time.Time{}
				limit = in.now // the gate may serve from now on: settle again
			}
		}
	}
	if r.busy {
		return limit
	}
	now := set.fillNews(period.Row{}, s)
	switch {
	case !r.registered || reflect.DeepEqual(now, r.told):
		r.news = time.Time{}
	case r.news.IsZero():
		// A write reaches all gates of a fleet at once. The reports must not delay the gates that
		// have not read the write yet.
		r.news = in.now.Add(newsDelay + s.random(newsSpread))
	}
	if due := earliest(time.Time{}, r.due, r.news); in.now.Before(due) {
		return earliest(time.Time{}, limit, due)
	}
	r.busy, r.asked, r.news, r.told, out.put = true, in.now, time.Time{}, now, true
	r.seq++
	return limit
}

// rowWantsRead reports whether the gate must read because of its row: it may not serve yet, or
// the token in the answer to the row is another one than that of the last read.
func (s *state) rowWantsRead() bool {
	return !s.known.served || s.row.token != "" && s.row.token != s.known.token
}

// rowDone handles the result of a write of the row.
func (set *settings) rowDone(s *state, e rowDone, in input, out *output) {
	r := &s.row
	r.busy = false
	if e.err == nil {
		if r.warned {
			out.log(slog.LevelInfo, "registered", slog.String("store", set.description), slog.String("instance", r.key))
		}
		if r.since.IsZero() {
			r.since = in.now
		}
		r.registered, r.warned, r.err, r.fails, r.gaveUp = true, false, nil, 0, false
		r.due = in.now.Add(s.spread(renewEvery))
		if r.token = e.token; s.known.ever && e.token != "" && e.token == s.known.token {
			s.known.served = true // the token was read after the row was written
		}
		// The running read may have begun before the row was there. It is repeated, unless its
		// result has the token that was read after the row was written.
		if s.rowWantsRead() {
			s.read.again, s.read.due = s.read.busy, in.now
		}
		return
	}
	r.err, r.fails = e.err, r.fails+1
	r.registered = false
	switch {
	case errors.Is(e.err, store.ErrRowDeleted):
		// An operator, or this gate's own cleanup, deleted the row: begin a new one.
		r.key, r.seq, r.due = in.key, 0, in.now
		if r.fails > 1 {
			r.due = in.now.Add(s.retry(r.fails, lastRetry))
		}
		return
	case errors.Is(e.err, store.ErrReadOnly):
		// A grant or a mount seldom changes, but a failover also gives this answer.
		r.due = in.now.Add(s.retry(r.fails, renewEvery))
		r.gaveUp = true
		if s.known.ever {
			s.known.served = true
		}
	default:
		r.due = in.now.Add(s.retry(r.fails, lastRetry))
		if r.fails == 1 {
			s.read.due = in.now // to learn whether the store itself is lost
			return
		}
	}
	if !r.warned && !s.known.lost { // the line about the lost store is enough
		r.warned = true
		out.log(slog.LevelWarn, "not registered", slog.String("store", set.description), slog.String("instance", r.key),
			slog.Any("error", e.err), slog.String("consequence", "no barrier and no list of the fleet can see this instance"))
	}
}
