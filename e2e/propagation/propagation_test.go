package main

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/internal/testservers"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store/memstore"
)

// TestMeasure runs the whole program on small fleets. It does not judge the budgets, because
// other tests run at the same time.
func TestMeasure(t *testing.T) { //nolint:paralleltest // servers are frozen
	p := plan{pushed: []size{gates(2, 2, 2), simulations(4, 2, 1)}, polled: []size{gates(2, 2, 1), simulations(2, 1, 1)}, barriers: barrierSizes{[]size{gates(3, 3, 2), reporting(4, 2, 1)}, []size{gates(3, 3, 1)}}, holds: struct{ pushed, polled int }{2, 1}, visitEvery: 50 * time.Millisecond, idle: time.Second, busy: 50 * time.Millisecond, requests: 1000}
	var out bytes.Buffer
	_, err := p.measure(t.Context(), &out, t)
	require.NoError(t, err, "%s", out.String())
	for _, line := range []string{
		`PostgreSQL, push +2 +real +2 +2 .* ≤ 3 `, `PostgreSQL, push +4 +simulated +2 +1 .* ≤ 3 `, `Redis, push +2 .* ≤ 3 `,
		`PostgreSQL, poll +2 +real .* ≤ 2200 `, `PostgreSQL, poll +2 +simulated .* ≤ 2200 `, `Redis, poll +2 .* ≤ 2200 `, `MariaDB, poll +2 .* ≤ 2200 `,
		`PostgreSQL, push +3 +real +2( +[0-9.]+){5} +≤ `, `PostgreSQL, push +4 +simulated +1( +[0-9.]+){5} +none`, `file, poll +3 +real +1( +[0-9.]+){5} +≤ `,
		`PostgreSQL, push +2 +[1-9][0-9]*( +[0-9.]+){7} +≤ 250 `, `file, poll +1 +[1-9][0-9]*( +[0-9.]+){7} +≤ 250 `, `MariaDB, poll +1 +[1-9][0-9]*( +[0-9.]+){7} +≤ 2250 `,
		`SQLite, poll +2 .* ≤ 2200 `, `file, poll +2 .* ≤ 1120 `,
		`PostgreSQL, push +15s .* ≤ 2 \+ 10 % `, `MariaDB, poll +1s .* ≤ 2 \+ 10 % `, `Redis, push +[0-9.]+ +[0-9.]+ .* ≤ 1.5 `,
	} {
		require.Regexp(t, `(?m)^ *`+line, out.String())
	}
	require.Contains(t, out.String(), "The document's log is full: 200 entries, 64 KiB.")
}

func TestQuantile(t *testing.T) {
	t.Parallel()
	hundred := sample{}
	for n := range 100 {
		hundred = append(hundred, time.Duration(100-n))
	}
	for name, tc := range map[string]struct {
		of   sample
		q    float64
		want time.Duration
	}{
		"the median":                {hundred, 0.5, 50},
		"p99 of 100 is the 99th":    {hundred, 0.99, 99},
		"the maximum":               {hundred, 1, 100},
		"p99 of few is the maximum": {sample{3, 1, 2}, 0.99, 3},
		"of one":                    {sample{7}, 0.5, 7},
		"of none":                   {nil, 0.5, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tc.want, tc.of.quantile(tc.q))
		})
	}
}

func TestHostUndoesWhatItHasBegun(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		f    func(t *host) error
		want string
	}{
		"an error":         {func(*host) error { return errors.New("no luck") }, "no luck"},
		"a fatal error":    {func(t *host) error { t.Fatalf("start %s", "redis"); return nil }, "start redis"},
		"a missing server": {func(t *host) error { t.Skip("NOT TESTED: ", "install it"); return nil }, "NOT TESTED: install it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var undone []string
			err := hosted(t.Context(), func(h *host) error {
				h.Cleanup(func() { undone = append(undone, "first") })
				h.Cleanup(func() { undone = append(undone, "second") })
				return tc.f(h)
			})
			require.EqualError(t, err, tc.want)
			require.Equal(t, []string{"second", "first"}, undone)
		})
	}
}

// BenchmarkOpen is a request through an open gate, while its store answers and while it is
// frozen.
func BenchmarkOpen(b *testing.B) {
	server := testservers.Redis(b)
	ctx, cancel := context.WithTimeout(b.Context(), time.Minute)
	defer cancel()
	f, err := newFleet(ctx, redisTarget(b, "Redis", server, false), "bench", size{instances: 1, handles: 1})
	require.NoError(b, err)
	h := handler(f.gates[0])
	b.Run("answers", func(b *testing.B) { benchmark(b, h) })
	server.Freeze(b)
	require.NoError(b, lost(ctx, f.gates[0]))
	b.Run("frozen", func(b *testing.B) { benchmark(b, h) })
	server.Thaw(b)
	require.NoError(b, f.close())
}

func benchmark(b *testing.B, h http.Handler) {
	w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil)
	b.ReportAllocs()
	for b.Loop() {
		h.ServeHTTP(w, r)
	}
}

func TestTheLogIsFull(t *testing.T) {
	t.Parallel()
	op := operator.Operator{Store: memstore.New(), Actor: "bench"}
	revision, err := initFull(t.Context(), op)
	require.NoError(t, err)
	for range 2 {
		state, err := op.Read(t.Context())
		require.NoError(t, err)
		require.GreaterOrEqual(t, state.Document.Revision, revision)
		entries, err := op.Log(t.Context(), 0)
		require.NoError(t, err)
		require.InDelta(t, period.MaxEntries, len(entries), 2)
		state.Document.Log = period.Log{}
		bare, err := state.Document.Encode()
		require.NoError(t, err)
		blob, err := op.Store.Get(t.Context(), "")
		require.NoError(t, err)
		require.InDelta(t, period.MaxLog, len(blob.Bytes)-len(bare), 2048)
		_, err = op.Start(t.Context(), operator.StartOptions{})
		require.NoError(t, err)
	}
}
