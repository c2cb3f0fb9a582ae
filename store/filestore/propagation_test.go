package filestore

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/operator"
)

// Each line of its input begins or ends a deployment. It answers when that began.
func init() {
	roles["toggle"] = func(ctx context.Context, st *Store) error {
		op := operator.Operator{Store: st, Actor: "ann"}
		for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
			began := time.Now().UnixNano()
			var err error
			if lines.Text() == "start" {
				_, err = op.Start(ctx, operator.StartOptions{Holder: "ann"})
			} else {
				_, err = op.End(ctx, operator.EndOptions{Holder: "ann"})
			}
			if err != nil {
				return err
			}
			fmt.Println(began)
		}
		return nil
	}
}

// propagate lets another process begin and end downtime n times. It returns the time of each
// change, from before its write until a gate of this process followed it.
func propagate(tb testing.TB, n int) []time.Duration {
	tb.Helper()
	st := newFile(tb)
	gate, err := core.New(core.Config{Store: again(tb, st), Logger: slog.New(slog.DiscardHandler)})
	require.NoError(tb, err)
	defer func() { require.NoError(tb, gate.Shutdown(tb.Context())) }()
	cmd := process(tb.Context(), "toggle", st.path)
	in, err := cmd.StdinPipe()
	require.NoError(tb, err)
	out, err := cmd.StdoutPipe()
	require.NoError(tb, err)
	require.NoError(tb, cmd.Start())
	answers := bufio.NewScanner(out)

	took := make([]time.Duration, 0, n)
	for i := range n {
		word, down := "start\n", true
		if i%2 == 1 {
			word, down = "end\n", false
		}
		_, err := in.Write([]byte(word))
		require.NoError(tb, err)
		seen := waitUntil(tb, gate, down)
		require.True(tb, answers.Scan(), "the other process has failed")
		began := number(tb, answers.Text())
		took = append(took, time.Duration(seen.UnixNano()-int64(began)))
		// The polls must not keep step with the changes.
		<-time.After(time.Duration(i*37%100) * time.Millisecond)
	}
	require.NoError(tb, in.Close())
	require.NoError(tb, cmd.Wait())
	slices.Sort(took)
	return took
}

// waitUntil returns when the gate is closed, or open, as down says.
func waitUntil(tb testing.TB, gate *core.Gate, down bool) time.Time {
	tb.Helper()
	deadline := time.After(10 * time.Second)
	if down {
		select {
		case <-gate.Closing():
		case <-deadline:
			tb.Fatal("the gate has not closed")
		}
		return time.Now()
	}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		if ticket, open := gate.Enter(nil); open {
			ticket.Leave()
			return time.Now()
		}
		select {
		case <-tick.C:
		case <-deadline:
			tb.Fatal("the gate has not opened")
		}
	}
}

// TestAChangeByAnotherProcessIsSeen by an application that polls: five times in the half second
// that is promised. BenchmarkPropagation has the times.
func TestAChangeByAnotherProcessIsSeen(t *testing.T) {
	t.Parallel()
	require.Len(t, propagate(t, 10), 10)
	require.LessOrEqual(t, newFile(t).Info().Poll, 100*time.Millisecond)
}

// BenchmarkPropagation reports the median and the 99th percentile of 100 changes, in
// milliseconds.
func BenchmarkPropagation(b *testing.B) {
	for b.Loop() {
		took := propagate(b, 100)
		milliseconds := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
		b.ReportMetric(milliseconds(took[len(took)/2]), "median-ms")
		b.ReportMetric(milliseconds(took[len(took)*99/100]), "p99-ms")
	}
}
