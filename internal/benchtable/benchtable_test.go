package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParse(t *testing.T) {
	t.Parallel()
	const out = `goos: linux
BenchmarkOpen/gin/ours-2         	   20000	        52.5 ns/op	       8 B/op	       1 allocs/op
BenchmarkOpen/gin/ours-2         	   21000	        50.0 ns/op	       8 B/op	       1 allocs/op
BenchmarkOpen/gin/ours-more-2    	   21000	         1.0 ns/op
PASS`
	s, err := parse([]byte(out), "Open/gin/ours")
	require.NoError(t, err)
	require.Equal(t, sample{"ns/op": 50, "B/op": 8, "allocs/op": 1}, s)

	_, err = parse([]byte(out), "Open/gin")
	require.ErrorContains(t, err, "no result")
	_, err = parse([]byte("BenchmarkOpen 1 x ns/op"), "Open")
	require.ErrorContains(t, err, "ns/op")
}

func TestExactlyMatchesNothingElse(t *testing.T) {
	t.Parallel()
	require.Equal(t, `^BenchmarkBlocked$/^gin$/^ours$`, exactly("Blocked/gin/ours"))
	require.Equal(t, `^BenchmarkNegotiate$/^1_MB_of_\(ranges\)$`, exactly("Negotiate/1_MB_of_(ranges)"))
}

func TestRows(t *testing.T) {
	t.Parallel()
	m := measurement{
		{"A": {"ns/op": 30, "B/op": 16, "rate": 0.9}, "B": {"ns/op": 20, "B/op": 0}},
		{"A": {"ns/op": 20, "B/op": 16, "rate": 0.8}, "B": {"ns/op": 20, "B/op": 0}},
		{"A": {"ns/op": 40, "B/op": 16, "rate": 1}, "B": {"ns/op": 20, "B/op": 0}},
	}
	for name, tc := range map[string]struct {
		row    row
		median float64
		ok     bool
		bound  string
	}{
		"a ratio within":           {row{Of: "A", Over: "B", AtMost: new(1.5)}, 1.5, true, "≤ 1.50"},
		"a ratio beyond":           {row{Of: "A", Over: "B", AtMost: new(1.4)}, 1.5, false, "≤ 1.40"},
		"a rate that is too low":   {row{Of: "A", Unit: "rate", AtLeast: new(0.95)}, 0.9, false, "≥ 0.95"},
		"a difference":             {row{Of: "A", Minus: "B", AtMost: new(15.0)}, 10, true, "≤ 15"},
		"nothing may be added":     {row{Of: "A", Minus: "B", Unit: "B/op", AtMost: new(0.0)}, 16, false, "≤ 0"},
		"a value":                  {row{Of: "A", AtMost: new(100.0)}, 30, true, "≤ 100"},
		"without a limit it is ok": {row{Of: "A", Over: "B"}, 1.5, true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := median(tc.row.values(m))
			require.InDelta(t, tc.median, got, 1e-9)
			bound, ok := tc.row.judge(got)
			require.Equal(t, tc.ok, ok)
			require.Equal(t, tc.bound, bound)
		})
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	results := []result{{
		group:       group{Rows: []row{{What: "fine", Of: "A", AtMost: new(5.0)}, {What: "too much", Of: "A", AtMost: new(1.0)}}},
		measurement: measurement{{"A": {"ns/op": 3}}},
	}}
	require.Equal(t, 1, write(&b, results))
	require.Regexp(t, `(?m)^fine +3 +3 … 3 +≤ 5 +ok +3$`, b.String())
	require.Regexp(t, `(?m)^too much +3 +3 … 3 +≤ 1 +EXCEEDED +3$`, b.String())
	require.NotEmpty(t, machine())
}

// TestEveryBudgetHasItsBenchmarks finds a renamed benchmark without running the table.
func TestEveryBudgetHasItsBenchmarks(t *testing.T) {
	t.Parallel()
	declared := regexp.MustCompile(`(?m)^func Benchmark(\w+)\(`)
	names := map[string]map[string]bool{}
	groups, err := budgets()
	require.NoError(t, err)
	require.NotEmpty(t, groups)
	for _, g := range groups {
		if names[g.Package] == nil {
			names[g.Package] = map[string]bool{}
			files, err := filepath.Glob(filepath.Join("..", "..", g.Package, "*_test.go"))
			require.NoError(t, err)
			for _, f := range files {
				source, err := os.ReadFile(f)
				require.NoError(t, err)
				for _, m := range declared.FindAllStringSubmatch(string(source), -1) {
					names[g.Package][m[1]] = true
				}
			}
		}
		for _, cell := range g.cells() {
			first, _, _ := strings.Cut(cell, "/")
			require.Contains(t, names[g.Package], first, "%s has no Benchmark%s", g.Package, first)
		}
	}
}
