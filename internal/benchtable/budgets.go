package main

import (
	"fmt"
	"slices"
	"strings"
)

// group is a set of benchmarks that are run side by side, and the rows that they give.
type group struct {
	name, pkg string
	rows      []row
	// The best of so many runs counts. Each run is length times as long as usual. Zero means
	// defaultRuns and 1.
	runs, length int
	once         bool // one round of one iteration is enough
}

// cells are the benchmarks of the rows, in their order: those of one row run in turn.
func (g group) cells() []string {
	var cells []string
	for _, r := range g.rows {
		for _, cell := range []string{r.of, r.over} {
			if cell != "" && !slices.Contains(cells, cell) {
				cells = append(cells, cell)
			}
		}
	}
	return cells
}

// row is one line of the table.
type row struct {
	what string
	// of and over are benchmarks, without "Benchmark". The row is their ratio, or the value of "of"
	// if over is "".
	of, over string
	unit     string  // "B/op", "allocs/op", …; "" means "ns/op"
	kind     kind    // the meaning of limit
	limit    float64 // 0 means that there is none, and the row only informs
}

type kind uint8

const (
	atMost     kind = iota // of/over ≤ limit, or of ≤ limit
	atLeast                // of ≥ limit
	difference             // of − over ≤ limit, in unit
)

const (
	adapters  = "./internal/adaptertest"
	answer    = "./internal/answer"
	exempt    = "./internal/exempt"
	core      = "./core"
	filestore = "./store/filestore"
)

// budgets are the limits for the speed of this project. A refusal is compared with one that is
// written by hand and sends the same headers.
func budgets() []group {
	var groups []group
	for _, f := range []struct {
		name, pkg     string
		open, blocked float64
	}{
		{"nethttp", adapters, 1.15, 2},
		{"gin", adapters, 1.5, 2},
		{"echo", adapters, 1.15, 1.5},
		{"echov5", "./adapters/echov5", 1.5, 1.5},
		{"chi", adapters, 1.15, 1.5},
	} {
		cell := func(name string) string { return "Open/" + f.name + "/" + name }
		bytesOver := cell("bare")
		if f.name == "echo" { // it allocates for each middleware
			bytesOver = cell("handwritten")
		}
		open := group{
			name: "open " + f.name, pkg: f.pkg,
			rows: []row{
				{what: f.name + ", up: ÷ hand-written flag", of: cell("ours"), over: cell("handwritten"), limit: f.open},
				{what: f.name + ", up: bytes added", of: cell("ours"), over: bytesOver, kind: difference, unit: "B/op", limit: zero},
			},
		}
		if f.name == "gin" || f.name == "echov5" {
			open.rows = append(open.rows, row{what: f.name + ", up: more than it, ns", of: cell("ours"), over: cell("handwritten"), kind: difference, limit: 15})
		}
		cell = func(name string) string { return "Blocked/" + f.name + "/" + name }
		g := group{
			name: "blocked " + f.name, pkg: f.pkg,
			rows: []row{
				{what: f.name + ", down, text: ÷ hand-written static", of: cell("ours"), over: cell("static"), limit: f.blocked},
				{what: f.name + ", down, page: ÷ hand-written static", of: cell("page-ours"), over: cell("page-static"), limit: f.blocked},
				{what: f.name + ", down, text, an API key to compare: ÷ hand-written static", of: cell("ours-key"), over: cell("static")},
				{what: f.name + ", down, text: ÷ idiomatic", of: cell("ours"), over: cell("idiomatic"), limit: 0.6},
			},
		}
		if f.name == "nethttp" {
			g.rows = append(g.rows, row{what: f.name + ", down: bytes allocated", of: cell("ours"), unit: "B/op", limit: zero})
		}
		groups = append(groups, open, g)
		if f.pkg != adapters {
			continue
		}
		groups = append(groups, group{
			name: "wire " + f.name, pkg: adapters, runs: 1, length: 20,
			rows: []row{{what: f.name + ", down, wire: req/s ÷ static Go 503", of: "Wire/" + f.name, unit: "rate", kind: atLeast, limit: 0.95}},
		})
	}
	groups = append(groups,
		group{
			name: "periods", pkg: adapters,
			rows: []row{
				{what: "down, 100 periods ÷ 1", of: "BlockedPeriods/100", over: "BlockedPeriods/1", limit: 1.15},
				{what: "down, 2,000 periods ÷ 1", of: "BlockedPeriods/2000", over: "BlockedPeriods/1", limit: 1.15},
			},
		},
		exemptions(),
		accept(),
		group{
			// Two goroutines share a cell by chance. The best of several runs would hide it.
			name: "count", pkg: core, runs: 1, length: 5,
			rows: []row{{what: "counting on all cores ÷ one shared counter", of: "Count/gate", over: "Count/shared", limit: 0.6}},
		},
		group{
			name: "scrape", pkg: "./metrics/prometheus",
			rows: []row{{what: "up, scraped each 10 ms ÷ not scraped", of: "Open/scraped", over: "Open/alone", limit: 1.15}},
		},
		group{
			name: "propagation", pkg: filestore, once: true,
			rows: []row{
				{what: "file store, change seen: median of 100, ms", of: "Propagation", unit: "median-ms", limit: 500},
				{what: "file store, change seen: p99 of 100, ms", of: "Propagation", unit: "p99-ms", limit: 500},
			},
		},
	)
	return groups
}

// accept is 1 MB of Accept and of Accept-Language, in every expensive shape.
func accept() group {
	g := group{name: "accept", pkg: answer}
	for _, shape := range []string{"ranges", "one range", "commas", "parameters"} {
		g.rows = append(g.rows, row{what: "Accept of 1 MB, " + shape + ", ns", of: "Negotiate/1_MB_of_" + strings.ReplaceAll(shape, " ", "_"), limit: 10_000})
	}
	return g
}

// exemptions are lookups among few and many entries, also of hostile paths.
func exemptions() group {
	const few, many = 10, 10_000
	cell := func(name string, n int) string { return fmt.Sprintf("Exempt/%s/%d", name, n) }
	g := group{name: "exempt", pkg: exempt}
	for _, of := range []string{"hit", "miss"} {
		g.rows = append(g.rows, row{what: "exempt " + of + ", 10,000 entries ÷ 10", of: cell(of, many), over: cell(of, few), limit: 2})
	}
	for _, of := range []string{"hostile/segments", "hostile/slashes", "hostile/escapes", "hostile/near"} {
		g.rows = append(g.rows, row{what: "exempt " + of + " path of 8 KiB ÷ miss", of: cell(of, many), over: cell("miss", many), limit: 5})
	}
	return g
}

// zero is a limit of 0, because a limit of 0 means that there is none.
const zero = -1
