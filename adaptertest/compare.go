package adaptertest

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/internal/gatetest"
	"github.com/go-downtime/downtime/internal/rawhttp"
)

// testCase is one request and its expected answer.
type testCase struct {
	request rawhttp.Request
	status  int
	ran     string            // the handler that ran; "" for none
	headers map[string]string // these values, after normal; "" for absent
	holds   []string          // in the body
	lacks   []string          // in the body
	// native: the answer is the router's own (404 text, Allow), which frameworks write
	// differently; only the status is compared.
	native bool
}

// ask sends each request to the site of build, and to the reference. A nil config means the site
// without a gate.
func ask(t testing.TB, build Build, config func() core.Config, cases map[string]testCase) {
	t.Helper()
	var gate *core.Gate
	if config != nil {
		gate = gatetest.NewGate(t, config())
	}
	site := newSite(gate)
	subject, wanted := rawhttp.Serve(t, build(site)), rawhttp.Serve(t, reference(newSite(gate)))
	for _, name := range slices.Sorted(maps.Keys(cases)) {
		before := site.calls.Load()
		cases[name].check(t, name, subject, wanted)
		if calls := site.calls.Load() - before; calls > 0 && cases[name].ran == "" {
			t.Errorf("%s (%s): a handler ran after the answer", name, cases[name].request)
		}
	}
}

func (c testCase) check(t testing.TB, name, subject, reference string) {
	t.Helper()
	got := normal(t, c.request.Method, rawhttp.Ask(t, subject, c.request))
	what := fmt.Sprintf("%s (%s%s)", name, c.request, headerText(c.request.Header))
	switch {
	case got.Status != c.status:
		t.Errorf("%s: status %d, want %d; body %q", what, got.Status, c.status, got.Body)
		return
	case got.Ran() != c.ran && c.ran == "":
		t.Errorf("%s: handler %q ran, want none", what, got.Ran())
		return
	case got.Ran() != c.ran:
		t.Errorf("%s: handler %q ran, want %q; body %q", what, got.Ran(), c.ran, got.Body)
		return
	}
	for name, want := range c.headers {
		if have := strings.Join(got.Header.Values(name), ", "); have != want {
			t.Errorf("%s: header %s: %q, want %q", what, name, have, want)
		}
	}
	for _, want := range c.holds {
		if !strings.Contains(got.Body, want) {
			t.Errorf("%s: the body lacks %s:\n%s", what, want, got.Body)
		}
	}
	for _, never := range c.lacks {
		if strings.Contains(got.Body, never) {
			t.Errorf("%s: the body holds %s:\n%s", what, never, got.Body)
		}
	}
	if c.native {
		return
	}
	want := normal(t, c.request.Method, rawhttp.Ask(t, reference, c.request))
	if want.Status != got.Status || want.Ran() != got.Ran() {
		t.Fatalf("%s: net/http answers %d from handler %q: a fault of this suite", what, want.Status, want.Ran())
	}
	for _, name := range slices.Sorted(maps.Keys(union(got.Header, want.Header))) {
		if !slices.Equal(got.Header[name], want.Header[name]) {
			t.Errorf("%s: header %s: %q, want %q as by gate.Handler", what, name, got.Header[name], want.Header[name])
		}
	}
	if got.Body != want.Body {
		t.Errorf("%s: the body is %q, want %q as by gate.Handler", what, got.Body, want.Body)
	}
}

func union(a, b http.Header) http.Header {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

// headerText is a header for a message.
func headerText(h http.Header) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(h)) {
		for _, v := range h[name] {
			fmt.Fprintf(&b, ", %s: %.80s", name, v)
		}
	}
	return b.String()
}

var retryAfter = regexp.MustCompile(`("retry_after":\s*)\d+`)

// normal is a without the parts that may differ between two answers to the same request: the
// date, and the digits of Retry-After, which is spread at random for each response. It checks
// that they are there and mean something.
func normal(tb testing.TB, method string, a rawhttp.Reply) rawhttp.Reply {
	tb.Helper()
	h := a.Header.Clone()
	h.Del("Date")
	if v := h.Get("Retry-After"); v != "" {
		if n, err := strconv.Atoi(v); err != nil || n < 1 || n > 86400 {
			tb.Errorf("Retry-After: %q: want 1 to 86400 seconds", v)
		}
		h.Set("Retry-After", "N")
		if m := retryAfter.FindString(a.Body); m != "" && !strings.HasSuffix(strings.ReplaceAll(m, " ", ""), ":"+v) {
			tb.Errorf("the body says %s, Retry-After %s", m, v)
		}
	}
	if v := h.Get("Content-Length"); v != "" {
		if method != http.MethodHead && v != strconv.Itoa(len(a.Body)) {
			tb.Errorf("Content-Length: %s: the body has %d bytes", v, len(a.Body))
		}
		h.Set("Content-Length", "N")
	}
	return rawhttp.Reply{Status: a.Status, Header: h, Body: retryAfter.ReplaceAllString(a.Body, "${1}N")}
}
