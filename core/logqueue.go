package core

import (
	"context"
	"log/slog"
	"sync"
)

// maxQueued bounds what waits for a handler that does not come back. Later lines are
// dropped then; how many stands in the line that follows.
const maxQueued = 1000

// logQueue holds the log lines of a transition until the gate's lock is given back, so
// that a slow, stuck or re-entrant handler holds up no state. One goroutine at a time
// writes, in the order of the transitions. The gate's mu guards everything in it.
type logQueue struct {
	log     *slog.Logger
	lines   []logLine
	dropped int
	writing bool
}

type logLine struct {
	level slog.Level
	msg   string
	attrs []slog.Attr
}

func (q *logQueue) add(level slog.Level, msg string, attrs ...slog.Attr) {
	if len(q.lines) >= maxQueued {
		q.dropped++
		return
	}
	if q.dropped > 0 {
		attrs = append(attrs, slog.Int("lines_dropped_before", q.dropped))
		q.dropped = 0
	}
	q.lines = append(q.lines, logLine{level, msg, attrs})
}

// flush writes what was queued, unless another goroutine is at it, which then writes this
// too. The caller does not hold mu, nor anything else that somebody may wait for.
func (q *logQueue) flush(mu *sync.Mutex) {
	mu.Lock()
	defer mu.Unlock()
	if q.writing {
		return
	}
	q.writing = true
	for len(q.lines) > 0 {
		lines := q.lines
		q.lines = nil
		mu.Unlock()
		q.write(lines)
		mu.Lock()
	}
	q.writing = false
}

// write survives a handler that panics: a log line must not cost the gate its timers.
func (q *logQueue) write(lines []logLine) {
	defer func() { _ = recover() }()
	for _, l := range lines {
		q.log.LogAttrs(context.Background(), l.level, l.msg, l.attrs...)
	}
}
