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
var Usable = []string{
	"/", "/?utm=1", "/healthz", "/healthz?full=/../x", "http://site.test/static/app.js",
	"/static/app.js", "/static/css/site.min.css", "/static/a(1).png", "/static/a'b!.js", "/static/[id].js",
	"/static/caf%c3%a9.png", "/static/caf%C3%A9.png", "/static/a%20b.png", "/static/a+b.png", "/static/a%2Bb.png",
	"/static/a%40b.png", "/static/@scope/pkg.js", "/static/%7Euser/a.png", "/static/~user/a.png", "/static/a%2Fb.png",
	"/static/.well-known/x", "/static/.hidden", "/static/a..b.js", "/static/v1.2.3/a.js", "/static/a;v=1.js",
	"/static/a,b.js", "/static/a=b.js", "/static/a:b.js", "/static/$a.js", "/static/a&b.js", "/static/a*b.js",
	"/static/a%3Db", "/static/x%3Fy", "/static/x%23y", "/static/100%25%20sure", "/static/100%25.txt", "/static/-_.~", "/static/UPPER.PNG",
	"/static/%E4%BD%A0%E5%A5%BD.txt", "/static/emoji-%F0%9F%98%80.png", "/static/a.b.c.d", "/static/a/?from=/../../admin",
	"/docs/open/intro", "/docs/open/a/b/c", "/caf%C3%A9/menu",
}

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
	areas = []string{"/static", "/healthz", "/docs/open", "/caf%C3%A9", "/caf\xc3\xa9", "", "/nowhere"}
	aims  = []string{"admin", "administrator", "secret/1", "docs/private", "admin/", "%61dmin", "admin?x=/static/"}
	dots  = []string{
		"..", ".", "%2e%2e", ".%2e", "%2E.", "..;", "..;x=1", "%2e%2e;x", "...", "....", "..%00", "..%20", "%252e%252e", "%25%32e.",
		"%c0%ae%c0%ae", "..%c0%af", "%u002e%u002e", "%ef%bc%8e%ef%bc%8e", "..%5c", `..\`, "x", "",
	}
	between = []string{"/", "//", "%2f", "%2F", "%5c", `\`, "%252f", "/./", "/;/", ";/", "%00/", "/%2e/", "%ff/", "%0a/", "/x/../", "/%20/"}
	// tails are texts that some backend cuts off a segment, as they are or decoded a second time.
	tails = []string{
		"", "%253b", "%253f", "%2523", "%2500", "%2509", "%250a", "%250d", "%2520", "%3b", "%3f", "%23", "%00", "%09", "%20", ";", "%25253b", "%25%33%62",
	}
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
		for _, glued := range []string{
			"files", "..", "...", "..admin", "../", "/..", "/.", ".", "./", ";x", ";x/../admin", ";/../admin", "%2e", "%2e%2e", "%00", "%20", "~", "#",
			"#/static/", "?/static/", "%3f", "%3f/", "%23", "%25", "%2f", "%2F", "%2f/", "%5c", "%5c/", "/", "//", "///", "/./", "/../", ".json", ".js", "/...js",
			".html/", "/.json", "..json", ".json.js", "/a.json/../b", "/..js", ":80", "@", "&", "=", "%09", "%0d%0a", "%7f", "%e2%80%ae", "%ff", "%c3", "\xff", "/%ff",
		} {
			yield(area + glued)
			yield(area + glued + "/")
			yield(area + "/x" + glued)
			yield("/x" + glued + area)
			yield(glued + area)
		}
		for _, front := range []string{
			"/", "//", "/.", "/./", "/../", "/..", "/x/..", "/x/../", "/%2e/", "/%2e%2e/", "/%2f", "/%5c", `\`, `/\`, "/;", "/;/", "//x", "//site.test", "///x/",
			"http://site.test", "http://site.test/", "http://site.test//", "https://other.test", "http:", "http:/", "x:", "ftp://h", "http://u:p@site.test", "/http://site.test",
			"/old", "/old/..", "/old/%2e%2e", "/public", "/public/../..", "/admin/..", "/admin/..;", "/admin/%2e%2e", "/admin;", "/admin/../..", "/secret/1/../..",
		} {
			yield(front + area)
			yield(front + area + "/")
			yield(front + area + "/a.js")
		}
	}
}

// curated are the shortest proofs against weaker rules, and further paths that are always sent.
func curated() []string {
	long := strings.Repeat
	return slices.Concat(Usable, []string{
		"/admin", "/administrator", "/admin/", "/admin/x", "/secret/1", "/docs/private", "/docs/opener", "/static2", "/static..", "/static../admin", "/nobody", "/a/b/c",
		"/static/../admin", "/static/%2e%2e/admin", "/static/..%2fadmin", "/static%2f..%2fadmin", "/static%2f..%2fadmin^", "/%61dmin", "/admin%2Fx", "/static/%2e%2e%2fadmin",
		"/x/../static", "//static", "/.", "/%2e", "/..", "/%2F", "/%2f/", "//", "/./", "/../", "/%5c", `/\`, "//site.test/static", "//admin", "//evil.test/",
		"/healthz/", "/healthz//", "/healthz%3f/", "/healthz%2f", "/docs/open%3f/", "/healthz.json", "/static.json", "/static/...js", "/static/....js", "/static/..js", "/docs/open/...js",
		"/static;x/../admin", "/static/..;/admin", "/static/..;x=1/admin", `/static/..\admin`, "/static/..%5cadmin", "/static/%252e%252e/admin", "/static/%252e%252e%252fadmin",
		"/static/..%253b/admin", "/static/..%253f/admin", "/static/..%2523/admin", "/static/..%2500/admin", "/static/..%2509/admin", "/static/..%250a/admin", "/static/..%250d/admin",
		"/static/..%2520/admin", "/static/..%3f/admin", "/static/..%23/admin", "/static/..%20/admin", "/static/.%2520./admin", "/static/%2541", "/static/..%25253b/admin",
		"/%2561dmin", "/%73tatic/x", "/STATIC/x", "/Static/x", "/sta%74ic/../admin", "/old/x", "/old/../admin", "/old/..%2fadmin", "/old/%2e%2e/admin", "/public/x", "/public/../admin",
		"*", "http://site.test", "http://site.test/", "http://site.test?x", "http://site.test/admin", "http:x", "http:/static/x", "x:y", "/?x", "?x", "/#", "/static#/../admin", "static/x", "admin",
		"/static/\xff", "/static/\xc3\xa9.png", "/caf\xc3\xa9/x", "/caf%c3%a9/../admin", "/cafe%CC%81/x", "/static/%ff", "/static/%c0%ae%c0%ae/admin",
		"/static/%00", "/static/%0a", "/static/%7f", "/static/%1b[31m", "/static/a%0d%0aSet-Cookie:%20x=1", "/static/%zz", "/static/%", "/static/%2", "/static/a b", "/static/\x01", "/static/a\tb",
		long("/", 8192), "/static" + long("/", 8000), "/static" + long("/..", 2500) + "/admin", "/static" + long("/%2e%2e", 1000) + "/admin", long("/a", 4000), "/static/" + long("a", 8000),
		"/static/" + long("%25", 500) + "2e%2e/admin", long("/static", 1000), long("/..", 2000) + "/static/a",
	})
}

func hex(c byte) string {
	const digits = "0123456789abcdef"
	return string([]byte{digits[c>>4], digits[c&15]})
}
