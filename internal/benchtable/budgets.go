package main

import (
	"bytes"
	_ "embed" // the budgets
	"encoding/json"
	"slices"
)

// The budgets are limits for the speed of this project. A refusal is compared with one that is
// written by hand and sends the same headers.
//
//go:embed budgets.json
var budgetsJSON []byte

// group is a set of benchmarks that are run side by side, and the rows that they give.
type group struct {
	Name    string `json:"name"`
	Package string `json:"package"`
	Why     string `json:"why"` // for the reader of the file
	// The best of so many runs counts. Each run is length times as long as usual. Zero means
	// defaultRuns and 1.
	Runs   int   `json:"runs"`
	Length int   `json:"length"`
	Once   bool  `json:"once"` // one round of one iteration is enough
	Rows   []row `json:"rows"`
}

// cells are the benchmarks of the rows, in their order: those of one row run in turn.
func (g group) cells() []string {
	var cells []string
	for _, r := range g.Rows {
		for _, cell := range []string{r.Of, r.Over, r.Minus} {
			if cell != "" && !slices.Contains(cells, cell) {
				cells = append(cells, cell)
			}
		}
	}
	return cells
}

// row is one line of the table: the result of a benchmark, its ratio to another one, or the
// difference of both. Benchmarks are named without "Benchmark".
type row struct {
	What    string   `json:"what"`
	Of      string   `json:"of"`
	Over    string   `json:"over"`
	Minus   string   `json:"minus"`
	Unit    string   `json:"unit"` // "B/op", "allocs/op", …; "" means "ns/op"
	AtMost  *float64 `json:"at_most"`
	AtLeast *float64 `json:"at_least"` // without a limit the row only informs
}

func budgets() (groups []group, err error) {
	d := json.NewDecoder(bytes.NewReader(budgetsJSON))
	d.DisallowUnknownFields() // a misspelled limit would be none
	err = d.Decode(&groups)
	return groups, err
}
