package core

import (
	"context"
	"log/slog"
	"sync"
)

// logQueue holds the log lines of a transition until the gate's lock is given back, so
// that a slow or re-entrant handler holds up no state. One goroutine at a time writes, in
// the order of the transitions. The gate's mu guards everything in it.
type logQueue struct {
	log     *slog.Logger
	lines   []logLine
	writing bool
}

type logLine struct {
	level slog.Level
	msg   string
	attrs []slog.Attr
}

func (q *logQueue) add(level slog.Level, msg string, attrs ...slog.Attr) {
	q.lines = append(q.lines, logLine{level, msg, attrs})
}

// flush is called with mu held, and gives it back. It writes what was queued, unless
// another goroutine is at it, which then writes this too.
func (q *logQueue) flush(mu *sync.Mutex) {
	if q.writing {
		mu.Unlock()
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
	mu.Unlock()
}

// write survives a handler that panics: a log line must not cost the gate its timers.
func (q *logQueue) write(lines []logLine) {
	defer func() { _ = recover() }()
	for _, l := range lines {
		q.log.LogAttrs(context.Background(), l.level, l.msg, l.attrs...)
	}
}
