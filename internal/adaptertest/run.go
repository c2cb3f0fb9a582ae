package adaptertest

import (
	"net/http"
	"reflect"
	"strings"
	"testing"
)

// Run checks that the site of build answers as the table says, and with the same bytes as the
// site in plain net/http. Call it for each way to put the gate into the framework.
func Run(t *testing.T, build Build) {
	t.Helper()
	for name, s := range scenarios() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gate := NewGate(t, s.config())
			subject := serve(t, build(newSite(gate)))
			reference := serve(t, Reference(newSite(gate)))
			for name, c := range s.cases {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					c.check(t, subject, reference)
				})
			}
		})
	}
	t.Run("bodies", func(t *testing.T) { t.Parallel(); runBodies(t, build) })
	t.Run("writers", func(t *testing.T) { t.Parallel(); runWriters(t, build) })
	t.Run("counting", func(t *testing.T) { t.Parallel(); runCounting(t, build) })
}

// Reference is the site in plain net/http.
func Reference(site *Site) http.Handler {
	if site.Gate == nil {
		return Front(Mux(site))
	}
	return Front(site.Gate.Handler(Mux(site)))
}

// Mux has the site's routes without middleware.
func Mux(site *Site) http.Handler {
	mux := http.NewServeMux()
	for _, r := range site.Routes {
		pattern := r.Path(
			func(name string) string { return "{" + name + "}" },
			func(name string) string { return "{" + name + "...}" })
		if pattern == "/" {
			pattern = "/{$}"
		}
		mux.HandleFunc(r.Method+" "+pattern, r.Handler)
	}
	mux.Handle("/admin/", site.Mount)
	return mux
}

// testCase is one request and its expected answer.
type testCase struct {
	request
	status  int
	ran     string            // the handler that ran; "" for none
	headers map[string]string // these values, after normal; "" for absent
	holds   []string          // in the body
	lacks   []string          // in the body
	// native: the answer is the router's own (404 text, Allow), which frameworks write
	// differently; only the status is compared.
	native bool
}

func (c testCase) check(t *testing.T, subject, reference string) {
	t.Helper()
	got := normal(t, c.method, ask(t, subject, c.request))
	if got.status != c.status {
		t.Fatalf("%s: status %d, want %d; body %q", c.request, got.status, c.status, got.body)
	}
	if got.ran() != c.ran {
		t.Fatalf("%s: handler %q ran, want %q", c.request, got.ran(), c.ran)
	}
	for name, want := range c.headers {
		if have := strings.Join(got.header.Values(name), ", "); have != want {
			t.Errorf("%s: header %s: %q, want %q", c.request, name, have, want)
		}
	}
	for _, want := range c.holds {
		if !strings.Contains(got.body, want) {
			t.Errorf("%s: the body lacks %q:\n%s", c.request, want, got.body)
		}
	}
	for _, never := range c.lacks {
		if strings.Contains(got.body, never) {
			t.Errorf("%s: the body holds %q:\n%s", c.request, never, got.body)
		}
	}
	if c.native {
		return
	}
	want := normal(t, c.method, ask(t, reference, c.request))
	if got.status != want.status || !reflect.DeepEqual(got.header, want.header) || got.body != want.body {
		t.Errorf("%s: not what net/http answers\n got: %d %v\n%q\nwant: %d %v\n%q",
			c.request, got.status, got.header, got.body, want.status, want.header, want.body)
	}
}
