package pathtest

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/go-downtime/downtime/internal/gatetest"
)

// Exact and Trees are the exempt paths of the tests. "/" is an exact entry: routers disagree about
// what they take for the front page.
var (
	Exact = []string{"/", "/healthz"}
	Trees = []string{"/static", "/docs/open", "/café"}
)

// Usable are paths that browsers and API clients send in exempt areas. The rule must let them all
// through.
var Usable = lists["usable"]

// Probe is one raw request target.
type Probe struct{ Method, Target string }

// String is short also for a target of 8 KiB.
func (p Probe) String() string {
	if len(p.Target) > 200 {
		return fmt.Sprintf("%s %.100s… (%d bytes)", p.Method, p.Target, len(p.Target))
	}
	return p.Method + " " + p.Target
}

// Corpus makes the probes: every area with every spelling at every position, thinned to
// about one in stride, always the same ones, and random ones. DOWNTIME_PATHS=all thins nothing.
// DOWNTIME_PATHS_SEED=n makes other random ones.
func Corpus(tb testing.TB) []Probe {
	tb.Helper()
	stride, random := uint32(36), 1000
	switch {
	case os.Getenv("DOWNTIME_PATHS") == "all":
		stride, random = 1, 50_000
	case testing.Short():
		stride, random = 400, 200
	case gatetest.Race:
		stride, random = 120, 400
	}
	seen := map[Probe]bool{}
	var probes []Probe
	add := func(p Probe) {
		if !seen[p] && len(p.Target) > 0 {
			seen[p] = true
			probes = append(probes, p)
		}
	}
	for _, t := range curated() {
		add(Probe{"GET", t})
	}
	for _, t := range []string{"/admin", "/static/../admin", "/static/%2e%2e/admin", "/healthz/", "/static/a", "/", "/nobody", "//", "*"} {
		for _, m := range []string{"HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "PROPFIND", "get"} {
			add(Probe{m, t})
		}
	}
	for _, t := range []string{"site.test:443", "/static/../admin", "/static", "/admin", "/", "//static", "http://site.test/static/a", "static:80"} {
		add(Probe{"CONNECT", t})
	}
	generated(func(t string) {
		h := fnv.New32a()
		_, _ = h.Write([]byte(t))
		if h.Sum32()%stride == 0 {
			add(Probe{"GET", t})
		}
	})
	composed(Seed(tb), random, func(t string) { add(Probe{"GET", t}) })
	return probes
}

// Seed selects the random targets: DOWNTIME_PATHS_SEED, or 1.
func Seed(tb testing.TB) uint64 {
	tb.Helper()
	text := os.Getenv("DOWNTIME_PATHS_SEED")
	if text == "" {
		return 1
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		tb.Fatalf("DOWNTIME_PATHS_SEED: %v", err)
	}
	return n
}

// The parts of generated and composed targets.
var (
	areas   = lists["areas"]
	aims    = lists["aims"]
	dots    = lists["dots"]
	between = lists["between"]
	tails   = lists["tails"] // that some backend cuts off a segment, as they are or decoded a second time
)

// composed yields n targets of random parts, with some bytes spelt anew, up to three times.
func composed(seed uint64, n int, yield func(string)) {
	random := rand.New(rand.NewPCG(seed, 0))
	pick := func(from []string) string { return from[random.IntN(len(from))] }
	for range n {
		var b strings.Builder
		b.WriteString(pick(areas))
		for range 1 + random.IntN(4) {
			b.WriteString(pick(between) + pick(dots) + pick(tails))
		}
		target := b.String() + "/" + pick(aims)
		for range random.IntN(4) {
			i := random.IntN(len(target))
			target = target[:i] + pick([]string{"%", "%25", "%2525"}) + hex(target[i]) + target[i+1:]
		}
		yield(target)
	}
}

// generated yields tens of thousands of targets.
func generated(yield func(string)) {
	for _, area := range areas {
		for _, first := range between {
			for _, dot := range dots {
				for _, second := range between[:7] {
					for _, aim := range aims {
						yield(area + first + dot + second + aim)
					}
				}
				// Two steps up, and an illegal byte that makes EscapedPath spell the path anew.
				yield(area + first + dot + "/" + dot + "/admin")
				for _, illegal := range []string{"^", `"`, "<", "|", "{", "\xc3\xa9"} {
					yield(area + first + dot + "/admin" + illegal)
				}
			}
		}
	}
	// The exempt part itself, spelt otherwise.
	for _, area := range []string{"static", "healthz", "docs/open"} {
		for i := range len(area) {
			for _, spelt := range []string{
				"%" + hex(area[i]), "%25" + hex(area[i]), strings.ToUpper(area[i : i+1]), area[i:i+1] + area[i:i+1], "%00" + area[i:i+1],
				"", "%e2%80%8b" + area[i:i+1], "\x80" + area[i:i+1],
			} {
				for _, tail := range []string{"", "/", "/a.js", "/../admin", "/%2e%2e/admin", "%2f..%2fadmin"} {
					yield("/" + area[:i] + spelt + area[i+1:] + tail)
				}
			}
		}
	}
	// Something glued to it, or put in front of it.
	for _, area := range []string{"/static", "/healthz", "/docs/open", "/admin", "/secret/1", "/"} {
		for _, glued := range lists["glued"] {
			yield(area + glued)
			yield(area + glued + "/")
			yield(area + "/x" + glued)
			yield("/x" + glued + area)
			yield(glued + area)
		}
		for _, front := range lists["fronts"] {
			yield(front + area)
			yield(front + area + "/")
			yield(front + area + "/a.js")
		}
	}
}

// curated are the shortest proofs against weaker rules, and further paths that are always sent.
func curated() []string {
	long := strings.Repeat
	return slices.Concat(Usable, lists["curated"], []string{
		long("/", 8192), "/static" + long("/", 8000), "/static" + long("/..", 2500) + "/admin",
		"/static" + long("/%2e%2e", 1000) + "/admin", long("/a", 4000), "/static/" + long("a", 8000),
		"/static/" + long("%25", 500) + "2e%2e/admin", long("/static", 1000), long("/..", 2000) + "/static/a",
	})
}

func hex(c byte) string {
	const digits = "0123456789abcdef"
	return string([]byte{digits[c>>4], digits[c&15]})
}
