package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"regexp"
	"runtime"
	"slices"
	"text/tabwriter"
)

// write prints the table, and returns how many limits are exceeded.
func write(w io.Writer, results []result) (exceeded int) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "budget\tmedian\tlowest … highest\tlimit\tverdict\tns/op")
	for _, g := range results {
		for _, r := range g.Rows {
			values := r.values(g.measurement)
			middle := median(values)
			bound, ok := r.judge(middle)
			verdict := ""
			switch {
			case bound == "":
			case ok:
				verdict = "ok"
			default:
				verdict = "EXCEEDED"
				exceeded++
			}
			fmt.Fprintf(t, "%s\t%s\t%s … %s\t%s\t%s\t%s\n", r.What,
				number(middle), number(slices.Min(values)), number(slices.Max(values)), bound, verdict, r.times(g.measurement))
		}
	}
	_ = t.Flush() // to the terminal: the error cannot be reported
	return exceeded
}

// values are the row's, one for each round.
func (r row) values(m measurement) []float64 {
	unit := cmp.Or(r.Unit, "ns/op")
	var values []float64
	for _, round := range m {
		value := round[r.Of][unit] - round[r.Minus][unit]
		if r.Over != "" {
			value /= round[r.Over][unit]
		}
		values = append(values, value)
	}
	return values
}

// judge returns the limit in words, "" if there is none, and whether v keeps it.
func (r row) judge(v float64) (bound string, ok bool) {
	switch {
	case r.AtMost != nil:
		return "≤ " + number(*r.AtMost), v <= *r.AtMost
	case r.AtLeast != nil:
		return "≥ " + number(*r.AtLeast), v >= *r.AtLeast
	}
	return "", true
}

// times are the medians of the row's cells.
func (r row) times(m measurement) string {
	if r.Unit != "" {
		return ""
	}
	of := func(cell string) string {
		var values []float64
		for _, round := range m {
			values = append(values, round[cell]["ns/op"])
		}
		return number(median(values))
	}
	if other := cmp.Or(r.Over, r.Minus); other != "" {
		return of(r.Of) + " / " + of(other)
	}
	return of(r.Of)
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	if len(sorted) == 0 {
		return 0
	}
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// number is v with three or four digits.
func number(v float64) string {
	switch {
	case v >= 1000 || v <= -1000 || v == float64(int(v)):
		return fmt.Sprintf("%.0f", v)
	case v >= 20 || v <= -20:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// machine describes this machine.
func machine() string {
	return fmt.Sprintf("%s, GOMAXPROCS %d, %s %s/%s", cpu(), runtime.GOMAXPROCS(0), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

var cpuName = regexp.MustCompile(`(?m)^model name\s*: (.+)$`)

func cpu() string {
	text, _ := os.ReadFile("/proc/cpuinfo") // Linux only
	if found := cpuName.FindSubmatch(text); found != nil {
		return string(found[1])
	}
	return "unknown CPU"
}
