// Command testcount reads what "go test -json" prints and says it shortly: one line for
// each package, the whole output of what failed, the reason of what was skipped, and at
// the end how many tests passed, failed and were skipped, subtests included.
//
//	go test -json work | go run ./internal/testcount
//
// It exits with 1 if a test or a package failed, or if not one test ran.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
)

func main() {
	ok, err := report(os.Stdin, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "testcount:", err)
	}
	if !ok || err != nil {
		os.Exit(1)
	}
}

// event is one line of "go test -json"; "go doc test2json" and "go help buildjson" say
// what the fields mean.
type event struct {
	Action      string  `json:"Action"`
	Package     string  `json:"Package"`
	ImportPath  string  `json:"ImportPath"` // of build output, instead of Package
	Test        string  `json:"Test"`
	Elapsed     float64 `json:"Elapsed"` // seconds
	Output      string  `json:"Output"`
	FailedBuild string  `json:"FailedBuild"`
}

type testName struct{ pkg, test string }

type packageCount struct{ passed, failed, skipped int }

type summary struct {
	out      io.Writer
	output   map[testName]*strings.Builder // until the test has passed
	build    map[string]*strings.Builder   // compiler output by import path
	packages map[string]*packageCount
	skips    []string
	total    packageCount
	broken   int // packages that failed
}

// report copies r to w in short, and tells whether everything passed. The error is of
// reading r; lines that are not JSON are passed on as they are.
func report(r io.Reader, w io.Writer) (bool, error) {
	s := &summary{
		out:      w,
		output:   map[testName]*strings.Builder{},
		build:    map[string]*strings.Builder{},
		packages: map[string]*packageCount{},
	}
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			var e event
			if json.Unmarshal([]byte(line), &e) == nil {
				s.add(e)
			} else {
				fmt.Fprint(w, line)
			}
		}
		if err == io.EOF {
			return s.finish(), nil
		}
		if err != nil {
			return false, err
		}
	}
}

func (s *summary) add(e event) {
	name := testName{e.Package, e.Test}
	switch e.Action {
	case "output":
		builder(s.output, name).WriteString(e.Output)
	case "build-output":
		builder(s.build, e.ImportPath).WriteString(e.Output)
	case "pass", "fail", "skip":
		if e.Test == "" {
			s.endPackage(e)
		} else {
			s.endTest(e)
		}
	}
}

func (s *summary) endTest(e event) {
	name := testName{e.Package, e.Test}
	c := s.packages[e.Package]
	if c == nil {
		c = &packageCount{}
		s.packages[e.Package] = c
	}
	switch e.Action {
	case "pass":
		c.passed++
	case "fail":
		c.failed++
		fmt.Fprintf(s.out, "--- FAIL %s %s\n%s", e.Package, e.Test, builder(s.output, name))
	case "skip":
		c.skipped++
		s.skips = append(s.skips, e.Package+" "+e.Test+": "+reason(builder(s.output, name).String()))
	}
	delete(s.output, name)
}

func (s *summary) endPackage(e event) {
	c := s.packages[e.Package]
	if c == nil {
		c = &packageCount{}
	}
	s.total.passed += c.passed
	s.total.failed += c.failed
	s.total.skipped += c.skipped
	if e.Action == "fail" {
		s.broken++
		if e.FailedBuild != "" {
			fmt.Fprint(s.out, builder(s.build, e.FailedBuild))
		}
		// A test without an end was running when the process died, by a panic, a race
		// outside of a test, or a time-out.
		for name, text := range s.output {
			if name.pkg == e.Package && name.test != "" {
				fmt.Fprint(s.out, text)
			}
		}
		fmt.Fprint(s.out, builder(s.output, testName{e.Package, ""}))
		return
	}
	if c.passed+c.skipped == 0 {
		return // no test files, or none that match
	}
	skipped := ""
	if c.skipped > 0 {
		skipped = fmt.Sprintf(", %d skipped", c.skipped)
	}
	fmt.Fprintf(s.out, "ok  %-70s %7.2fs  %d passed%s\n", e.Package, e.Elapsed, c.passed, skipped)
}

func (s *summary) finish() bool {
	if len(s.skips) > 0 {
		fmt.Fprintln(s.out, "\nSkipped:")
		for _, skip := range s.skips {
			fmt.Fprintln(s.out, "  "+skip)
		}
	}
	fmt.Fprintf(s.out, "\n%d passed, %d failed, %d skipped\n", s.total.passed, s.total.failed, s.total.skipped)
	if s.broken > 0 {
		fmt.Fprintf(s.out, "packages failed: %d\n", s.broken)
	}
	if s.total.passed == 0 {
		fmt.Fprintln(s.out, "no test ran")
	}
	return s.broken == 0 && s.total.failed == 0 && s.total.passed > 0
}

// reason is the last line of a skipped test's output that the test itself has printed,
// without the place it came from.
func reason(output string) string {
	last := "no reason given"
	for line := range strings.Lines(output) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "===") || strings.HasPrefix(line, "---") {
			continue
		}
		if _, text, found := strings.Cut(line, ".go:"); found {
			if _, text, found = strings.Cut(text, ": "); found {
				line = text
			}
		}
		last = line
	}
	return last
}

func builder[K comparable](m map[K]*strings.Builder, key K) *strings.Builder {
	b := m[key]
	if b == nil {
		b = &strings.Builder{}
		m[key] = b
	}
	return b
}
