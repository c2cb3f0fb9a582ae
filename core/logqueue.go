package core

import (
	"context"
	"log/slog"
	"sync"
)

// maxQueued limits the lines that wait while a log handler does not return. Further lines are
// dropped. The next line that is queued reports their number.
const maxQueued = 1000

// logQueue holds the log lines of a transition until the follower's lock is released, so
// that a slow, stuck or re-entrant handler delays no transition. One goroutine at a time
// writes, in the order of the transitions. The follower's mutex guards it.
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

func (q *logQueue) add(lines ...logLine) {
	for _, l := range lines {
		if len(q.lines) >= maxQueued {
			q.dropped++
			continue
		}
		if q.dropped > 0 {
			l.attrs = append(l.attrs, slog.Int("lines_dropped_before", q.dropped))
			q.dropped = 0
		}
		q.lines = append(q.lines, l)
	}
}

// flush writes the queued lines. If another goroutine is writing, it writes these lines too. The
// caller does not hold mu.
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

// write recovers a panic of the log handler.
func (q *logQueue) write(lines []logLine) {
	defer func() { _ = recover() }()
	for _, l := range lines {
		q.log.LogAttrs(context.Background(), l.level, l.msg, l.attrs...)
	}
}
