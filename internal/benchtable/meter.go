package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

const defaultRuns = 5

// sample is the best result of a benchmark in one process, by unit.
type sample map[string]float64

// measurement is a group's samples: one map of cells for each round.
type measurement []map[string]sample

// result is a group that was measured.
type result struct {
	group
	measurement
}

// meter runs benchmarks from test binaries that it has built.
type meter struct {
	dir       string // of the binaries
	benchtime time.Duration
}

func newMeter(ctx context.Context, groups []group, benchtime time.Duration) (*meter, error) {
	dir, err := os.MkdirTemp("", "benchtable-")
	if err != nil {
		return nil, err
	}
	m := &meter{dir: dir, benchtime: benchtime}
	for _, g := range groups {
		binary := m.binary(g)
		if _, err := os.Stat(binary); err == nil {
			continue
		}
		progress("build %s", g.Package)
		out, err := exec.CommandContext(ctx, "go", "test", "-c", "-o", binary, g.Package).CombinedOutput() //nolint:gosec // our own packages
		if err != nil {
			m.close()
			return nil, fmt.Errorf("go test -c %s: %w\n%s", g.Package, err, out)
		}
	}
	return m, nil
}

func (m *meter) binary(g group) string { return filepath.Join(m.dir, filepath.Base(g.Package)+".test") }

func (m *meter) close() { _ = os.RemoveAll(m.dir) }

// round runs each cell of g once, in a process of its own, backwards every other time.
func (m *meter) round(ctx context.Context, g group, backwards bool, to *measurement) error {
	cells := g.cells()
	if backwards {
		slices.Reverse(cells)
	}
	samples := map[string]sample{}
	for _, cell := range cells {
		s, err := m.run(ctx, g, cell)
		if err != nil {
			return err
		}
		samples[cell] = s
	}
	*to = append(*to, samples)
	return nil
}

func (m *meter) run(ctx context.Context, g group, cell string) (sample, error) {
	benchtime, runs := m.benchtime*time.Duration(max(g.Length, 1)), cmp.Or(g.Runs, defaultRuns)
	length := benchtime.String()
	if g.Once {
		length, runs = "1x", 1
	}
	//nolint:gosec // our own test binary
	cmd := exec.CommandContext(ctx, m.binary(g), "-test.run=^$", "-test.bench="+exactly(cell), "-test.benchmem",
		"-test.benchtime="+length, "-test.count="+strconv.Itoa(runs))
	cmd.Dir = g.Package // a test runs in its package's directory
	out, err := cmd.CombinedOutput()
	if err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, fmt.Errorf("run Benchmark%s of %s: %w\n%s", cell, g.Package, err, out)
	}
	s, err := parse(out, cell)
	if err != nil {
		return nil, fmt.Errorf("read Benchmark%s of %s: %w:\n%s", cell, g.Package, err, out)
	}
	return s, nil
}

// exactly is the -bench pattern that matches only this benchmark.
func exactly(cell string) string {
	parts := strings.Split(cell, "/")
	for i, p := range parts {
		parts[i] = "^" + regexp.QuoteMeta(p) + "$"
	}
	parts[0] = "^Benchmark" + parts[0][1:]
	return strings.Join(parts, "/")
}

// parse reads the result lines, "BenchmarkX-2  100  12.3 ns/op  0 B/op", and keeps the
// lowest value of each unit.
func parse(out []byte, cell string) (sample, error) {
	best := sample{}
	name := regexp.MustCompile(`^Benchmark` + regexp.QuoteMeta(cell) + `(-\d+)?$`) // perhaps with the number of processors
	for line := range bytes.Lines(out) {
		fields := strings.Fields(string(line))
		if len(fields) < 4 || !name.MatchString(fields[0]) {
			continue
		}
		for i := 2; i+1 < len(fields); i += 2 {
			v, err := strconv.ParseFloat(fields[i], 64)
			if err != nil {
				return nil, fmt.Errorf("value of %s: %w", fields[i+1], err)
			}
			if old, ok := best[fields[i+1]]; !ok || v < old {
				best[fields[i+1]] = v
			}
		}
	}
	if len(best) == 0 {
		return nil, errors.New("no result in the output")
	}
	return best, nil
}

// progress replaces the current line of a terminal.
func progress(format string, args ...any) {
	if info, err := os.Stderr.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
		fmt.Fprintf(os.Stderr, "\r\x1b[K"+format, args...)
	}
}
