package core

import (
	"cmp"
	"os"
	"runtime/debug"
	"slices"
	"time"

	"github.com/go-downtime/downtime/internal/hostid"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

// ownRow is the part of this instance's row that never changes.
func (set *settings) ownRow(begun time.Time) period.Row {
	row := period.Row{
		PID: os.Getpid(), Started: period.Canonical(begun), Reads: period.Reads(), Rules: set.rules,
		Policy: set.OnStoreLost.String(), MaxStale: set.MaxStale.Seconds(), FirstStart: set.FirstStart.String(),
	}
	row.Host, row.Boot = hostid.This()
	if info, ok := debug.ReadBuildInfo(); ok {
		row.App, row.Version = info.Main.Version, info.Main.Version
		for _, dep := range info.Deps {
			if dep.Path == "github.com/go-downtime/downtime" {
				row.Version = dep.Version
			}
		}
	}
	return row
}

// fillRow adds the present state to the row. c holds the counters of all snapshots.
func (set *settings) fillRow(row period.Row, s *state, c counters, pace time.Duration) period.Row {
	row = set.fillNews(row, s)
	row.ID, row.Seq = s.row.key, s.row.seq
	row.Patience = set.patience(pace).Seconds()
	if s.known.lost {
		row.Problem = cmp.Or(clip(s.known.err.Error()), row.Problem)
	}
	row.DrainedUntil = s.drainedUntil()
	if !row.DrainedUntil.IsZero() {
		row.DrainedUntil = period.Canonical(row.DrainedUntil.Add(-s.known.clockError))
	}
	row.InFlight, row.Bypassed, row.Exempt, row.Judged = c.inFlight, c.bypassed, c.exempt, c.judged()
	row.Held, row.Streams = c.held, c.streams
	return row
}

// fillNews adds the part of the present state that another process may wait for. A change of this part
// is written soon, see newsDelay. The rest is written with the next renewal.
func (set *settings) fillNews(row period.Row, s *state) period.Row {
	override, _, _ := set.overriding(s)
	row.State, row.Override = set.rowState(s), override.String()
	if s.now.closure != nil {
		row.Cause = s.now.closure.Cause.String()
	}
	m := s.known.doc.Mark()
	row.StoreID, row.Revision, row.WriteID = m.StoreID, m.Revision, m.WriteID
	row.Regressed = s.regressed()
	if s.known.lost {
		row.Problem = "unknown"
	}
	row.Warning = clip(s.warning())
	row.Drained = append([]string{}, s.now.drained...)
	return row
}

// warning returns why changes may not reach this instance: the warning of the store, or the fault of
// the override file; "" if there is none.
func (s *state) warning() string {
	if s.known.warning == "" && s.file.err != nil {
		return "the override file cannot be read: " + s.file.err.Error()
	}
	return s.known.warning
}

// clip keeps an error in a row short.
func clip(text string) string {
	const limit = 500
	if len(text) > limit {
		return text[:limit] + "…"
	}
	return text
}

// drainedUntil returns when the first of the drained periods ends; zero if no drained period has
// an end.
func (s *state) drainedUntil() time.Time {
	var until time.Time
	if s.known.doc == nil || len(s.now.drained) == 0 {
		return until
	}
	for _, p := range s.known.doc.Periods {
		if _, drained := slices.BinarySearch(s.now.drained, p.ID); drained { // they are sorted
			until = earliest(time.Time{}, until, p.End)
		}
	}
	return until
}

// encodeRow returns the row as JSON. If the ids of the drained periods do not fit, it omits them.
// Readers then treat the instance as not drained, which is safe.
func encodeRow(row period.Row) ([]byte, error) {
	b, err := row.Encode()
	if err == nil && len(b) > store.MaxRow {
		row.Drained, row.DrainedUntil = nil, time.Time{}
		row.Problem = cmp.Or(row.Problem, "too many periods are drained to report them")
		b, err = row.Encode()
	}
	return b, err
}
