// Package logs makes the loggers of this module. Every message begins with "downtime: ", and a
// duration reads the same in text and in JSON.
package logs

import (
	"context"
	"log/slog"
	"time"
)

const prefix = "downtime: "

// New returns a logger that writes to l. Nil means slog.Default().
func New(l *slog.Logger) *slog.Logger {
	if l == nil {
		l = slog.Default()
	}
	return slog.New(handler{l.Handler()})
}

type handler struct{ slog.Handler }

// Handle passes on a record of the same time, level and place, whose message has the prefix.
func (h handler) Handle(ctx context.Context, r slog.Record) error {
	line := slog.NewRecord(r.Time, r.Level, prefix+r.Message, r.PC)
	r.Attrs(func(a slog.Attr) bool {
		if a.Value.Kind() == slog.KindDuration {
			a.Value = slog.StringValue(readable(a.Value.Duration()))
		}
		line.AddAttrs(a)
		return true
	})
	return h.Handler.Handle(ctx, line)
}

// WithAttrs implements slog.Handler.
func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return handler{h.Handler.WithAttrs(attrs)}
}

// WithGroup implements slog.Handler.
func (h handler) WithGroup(name string) slog.Handler { return handler{h.Handler.WithGroup(name)} }

// readable returns d as "1m30s", with as many digits as a person reads: milliseconds below a
// minute, else seconds.
func readable(d time.Duration) string {
	if d.Abs() < time.Minute {
		return d.Round(time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}
