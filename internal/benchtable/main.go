// Command benchtable measures the project's budgets and prints them as one table.
//
//	go run ./internal/benchtable [-rounds 9] [-benchtime 20ms] [-only REGEXP] [-strict]
//
// A budget is a ratio of two benchmarks, because times differ between machines and over time.
// Both are run in turns, in rounds, and the median of the rounds' ratios counts. Each run is a
// new process, because the layout of memory moves a benchmark by more than most changes do.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"time"
)

func main() {
	rounds := flag.Int("rounds", 9, "paired rounds per budget")
	benchtime := flag.Duration("benchtime", 20*time.Millisecond, "length of one of the short runs")
	only := flag.String("only", "", "measure only the groups whose name this regular expression matches")
	strict := flag.Bool("strict", false, "exit 1 if a budget is exceeded")
	flag.Parse()
	if flag.NArg() > 0 || *rounds < 1 || *benchtime <= 0 {
		fmt.Fprintln(os.Stderr, "benchtable: want -rounds of 1 or more, a positive -benchtime and no arguments")
		os.Exit(2)
	}
	pattern, err := regexp.Compile(*only)
	if err != nil {
		fmt.Fprintln(os.Stderr, "benchtable: -only:", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	exceeded, err := run(ctx, *rounds, *benchtime, pattern)
	switch {
	case errors.Is(err, context.Canceled):
		os.Exit(130) //nolint:gocritic // the deferred stop is not needed
	case err != nil:
		fmt.Fprintln(os.Stderr, "benchtable:", err)
		os.Exit(1)
	case exceeded > 0 && *strict:
		os.Exit(1)
	}
}

// run measures and prints, and returns how many budgets are exceeded.
func run(ctx context.Context, rounds int, benchtime time.Duration, only *regexp.Regexp) (exceeded int, err error) {
	began := time.Now()
	groups, err := budgets()
	if err != nil {
		return 0, err
	}
	groups = slices.DeleteFunc(groups, func(g group) bool { return !only.MatchString(g.Name) })
	if len(groups) == 0 {
		return 0, fmt.Errorf("-only %q matches no group", only)
	}
	m, err := newMeter(ctx, groups, benchtime)
	if err != nil {
		return 0, err
	}
	defer m.close()
	results := make([]result, len(groups))
	for round := range rounds {
		for i, g := range groups {
			results[i].group = g
			if g.Once && round > 0 {
				continue
			}
			progress("round %d of %d: %s", round+1, rounds, g.Name)
			if err := m.round(ctx, g, round%2 == 1, &results[i].measurement); err != nil {
				return 0, err
			}
		}
	}
	progress("")
	exceeded = write(os.Stdout, results)
	fmt.Printf("\n%d rounds of %v, %v in all; %s\n", rounds, benchtime, time.Since(began).Round(time.Second), machine())
	return exceeded, nil
}
