package store_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/store"
)

func TestDriverLogLogsOneLineAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		log := store.NewDriverLog(slog.New(slog.NewTextHandler(&out, nil)))
		lines := func() []string {
			defer out.Reset()
			return strings.Split(strings.TrimSpace(out.String()), "\n")
		}
		log.Print("read tcp: ", "EOF\n")
		require.Len(t, lines(), 1, "the first line is logged at once")
		for range 59 {
			log.Printf(context.Background(), "dial %s: refused", "db:6379")
			time.Sleep(time.Second)
		}
		require.Equal(t, []string{""}, lines())
		time.Sleep(time.Second)
		log.Printf(context.Background(), "dial %s: refused", "db:6379")
		got := lines()
		require.Len(t, got, 1)
		require.Contains(t, got[0], `level=WARN msg="downtime: store driver" line="dial db:6379: refused" lines_left_out=59`)
		time.Sleep(time.Minute)
		log.Print("closed")
		require.NotContains(t, lines()[0], "lines_left_out")
	})
}

// TestDriverLogFollowsTheDefaultLogger is not parallel, because it replaces the default logger.
func TestDriverLogFollowsTheDefaultLogger(t *testing.T) { //nolint:paralleltest // see above
	log, before := store.NewDriverLog(nil), slog.Default()
	t.Cleanup(func() { slog.SetDefault(before) })
	var out bytes.Buffer
	slog.SetDefault(slog.New(slog.NewTextHandler(&out, nil)))
	log.Print("closed")
	require.Contains(t, out.String(), "line=closed")
}
