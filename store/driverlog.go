package store

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"
)

// driverPause is the least time between two lines of a DriverLog.
const driverPause = time.Minute

// DriverLog passes the lines that a database driver writes by itself to a logger. By default
// go-redis and the driver of MySQL write a line to stderr for each connection that fails, so an
// outage of the store makes many. A DriverLog logs the first line at once, and later at most one
// line a minute, with the number of lines that it left out. The gate logs that a store is lost and
// that it is back; these lines are details.
//
//	redis.SetLogger(store.NewDriverLog(logger)) // for all clients of the process
//
//	cfg, err := mysql.ParseDSN(dsn)
//	cfg.Logger = store.NewDriverLog(logger)     // or mysql.SetLogger, before sql.Open
//
// It is safe for concurrent use.
type DriverLog struct {
	log *slog.Logger

	mu   sync.Mutex
	last time.Time // of the last line that was logged
	left int       // lines since then
}

// NewDriverLog returns a DriverLog that writes to logger, at level Warn. Nil means slog.Default()
// at the time of each line.
func NewDriverLog(logger *slog.Logger) *DriverLog { return &DriverLog{log: logger} }

// Print makes a DriverLog a Logger of github.com/go-sql-driver/mysql.
func (d *DriverLog) Print(v ...any) {
	d.line(context.Background(), func() string { return fmt.Sprint(v...) })
}

// Printf makes a DriverLog a logger of github.com/redis/go-redis.
func (d *DriverLog) Printf(ctx context.Context, format string, v ...any) {
	d.line(ctx, func() string { return fmt.Sprintf(format, v...) })
}

func (d *DriverLog) line(ctx context.Context, text func() string) {
	left, ok := d.take(time.Now())
	if !ok {
		return
	}
	attrs := []slog.Attr{slog.String("line", strings.TrimSpace(text()))}
	if left > 0 {
		attrs = append(attrs, slog.Int("lines_left_out", left))
	}
	cmp.Or(d.log, slog.Default()).LogAttrs(ctx, slog.LevelWarn, "downtime: store driver", attrs...)
}

// take reports whether a line may be logged now, and how many were left out since the last one.
func (d *DriverLog) take(now time.Time) (left int, ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.last.IsZero() && now.Sub(d.last) < driverPause {
		d.left++
		return 0, false
	}
	left, d.left, d.last = d.left, 0, now
	return left, true
}
