package adaptertest

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"

	chidowntime "github.com/go-downtime/downtime/adapters/chi"
	echodowntime "github.com/go-downtime/downtime/adapters/echo"
	gindowntime "github.com/go-downtime/downtime/adapters/gin"
	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/internal/exempt"
)

func TestMain(m *testing.M) {
	gin.SetMode(gin.TestMode)
	os.Exit(m.Run())
}

// TestPaths asks thousands of raw targets of every router in its usual configurations,
// under the closed gate as its middleware and wrapped around it. A handler may run only for a
// path that is exempt as its router reads it, and as any backend behind the handler could
// read it. Usual requests for exempt paths pass.
func TestPaths(t *testing.T) {
	t.Parallel()
	probes := corpus(t)
	t.Logf("%d targets, seed %d", len(probes), seed(t))
	var total tally
	t.Cleanup(func() { t.Logf("all: %v", &total) })
	for name, config := range routerConfigs() {
		gate := NewGate(t, core.Config{Down: true, ExemptExact: slices.Concat(exemptExact, config.exact), ExemptPaths: exemptTrees})
		native := guard{gin: gindowntime.Middleware(gate), echo: echodowntime.Middleware(gate), std: chidowntime.Middleware(gate)}
		for form, h := range map[string]http.Handler{
			"middleware": config.build(native),
			"wrapped":    gate.Handler(config.build(unguarded)),
		} {
			t.Run(name+", "+form, func(t *testing.T) {
				t.Parallel()
				var got tally
				sweep(t, serve(t, h), probes, func(p probe, a pathReply) {
					got.count(a)
					if fault := misjudged(p, a, config.exact); fault != "" {
						t.Errorf("%s: %s", p, fault)
					}
					if a.dropped && !config.drops {
						t.Errorf("%s: the connection was dropped", p)
					}
					if a.refused && p.method == http.MethodGet && slices.Contains(usable, p.target) {
						t.Errorf("%s: refused, though clients send it to an exempt path", p)
					}
				})
				require.Positive(t, got.ran, "no handler ran at all")
				require.Greater(t, got.refused, len(probes)/2)
				total.add(&got)
			})
		}
	}
}

// TestPathsCatchesWeakerRules proves that TestPaths can fail: each of these weaker rules lets
// a request through that the same judge rejects.
func TestPathsCatchesWeakerRules(t *testing.T) {
	t.Parallel()
	within := func(p string) bool { return covered(p, nil) }
	rules, err := exempt.New(exemptExact, exemptTrees)
	require.NoError(t, err)
	overlooked, overlookedRaw := regexp.MustCompile("(?i)%(3b|3f|23|00|09|0a|0d|20)"), regexp.MustCompile("(?i)%25(3b|3f|23|00|09|0a|0d|20)")
	weaker := map[string]struct {
		exempt func(u *url.URL) bool
		caught []string // routers that show it
	}{
		"string prefix of the path": {
			exempt: func(u *url.URL) bool {
				return slices.ContainsFunc(slices.Concat(exemptExact[1:], exemptTrees), func(p string) bool { return strings.HasPrefix(u.Path, p) })
			},
			caught: []string{"gin, default", "gin, RemoveExtraSlash", "echo, Use", "chi, plain", "ServeMux, plain"},
		},
		"segments of the path": {
			exempt: func(u *url.URL) bool { return within(u.Path) },
			caught: []string{"gin, default", "gin, RemoveExtraSlash", "echo, Use", "chi, plain", "chi, CleanPath behind", "ServeMux, plain"},
		},
		"segments of the escaped path": {
			exempt: func(u *url.URL) bool { return within(u.EscapedPath()) },
			caught: []string{"gin, default", "gin, RemoveExtraSlash", "echo, Use", "chi, plain", "ServeMux, plain"},
		},
		"segments of the cleaned path": {
			exempt: func(u *url.URL) bool { return within(path.Clean(u.Path)) },
			caught: []string{"gin, default", "gin, wide", "echo, Use", "echo, wide", "chi, wide"},
		},
		"segments of path and raw path": {
			exempt: func(u *url.URL) bool { return within(u.Path) && (u.RawPath == "" || within(u.RawPath)) },
			caught: []string{"gin, RemoveExtraSlash", "echo, Use", "chi, CleanPath behind"},
		},
		"only clean paths without escapes": {
			exempt: func(u *url.URL) bool { return u.RawPath == "" && path.Clean(u.Path) == u.Path && within(u.Path) },
			caught: []string{"chi, URLFormat behind", "echo, RemoveTrailingSlash, Pre"},
		},
		"four escapes alone are refused after decoding": {
			exempt: func(u *url.URL) bool {
				blind := url.URL{Path: overlooked.ReplaceAllString(u.Path, "x"), RawPath: overlookedRaw.ReplaceAllString(u.RawPath, "x")}
				_, ok := rules.Match(&blind)
				return ok
			},
			caught: []string{"gin, default", "gin, UseRawPath", "echo, Use", "echo, wide", "chi, plain", "chi, Mount", "ServeMux, plain", "ServeMux, StripPrefix"},
		},
		"an empty path is the front page": {
			exempt: func(u *url.URL) bool { return u.Path == "" || u.Path == "/" },
			caught: []string{"chi, plain"},
		},
	}
	probes := corpus(t)
	configs := routerConfigs()
	for name, rule := range weaker {
		for _, config := range rule.caught {
			t.Run(name+": "+config, func(t *testing.T) {
				t.Parallel()
				require.Contains(t, configs, config)
				faults := map[string]string{}
				sweep(t, serve(t, configs[config].build(guardBy(rule.exempt))), probes, func(p probe, a pathReply) {
					if p.method == http.MethodConnect && strings.HasPrefix(p.target, "/") {
						return // no rule about paths knows the method
					}
					if fault := misjudged(p, a, nil); fault != "" {
						faults[p.String()] = fault
					}
				})
				require.NotEmpty(t, faults, "the corpus has nothing that this rule is wrong about")
				shortest := slices.MinFunc(slices.Sorted(maps.Keys(faults)), func(a, b string) int { return len(a) - len(b) })
				t.Logf("%d wrong, for example %s: %s", len(faults), shortest, faults[shortest])
			})
		}
	}
}

// guardBy refuses each path that exempt does not name.
func guardBy(exempt func(*url.URL) bool) guard {
	return guard{
		gin: func(c *gin.Context) {
			if !exempt(c.Request.URL) {
				c.AbortWithStatus(http.StatusServiceUnavailable)
			}
		},
		echo: func(next echo.HandlerFunc) echo.HandlerFunc {
			return func(c echo.Context) error {
				if !exempt(c.Request().URL) {
					return c.NoContent(http.StatusServiceUnavailable)
				}
				return next(c)
			}
		},
		std: func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if !exempt(r.URL) {
					w.WriteHeader(http.StatusServiceUnavailable)
					return
				}
				next.ServeHTTP(w, r)
			})
		},
	}
}

// misjudged says why the handler must not run. "" means that none ran, or that it may.
func misjudged(p probe, a pathReply, exact []string) string {
	if a.ran == "" {
		return ""
	}
	if p.method == http.MethodConnect {
		return fmt.Sprintf("handler %s ran for a tunnel", a.ran)
	}
	if !covered(a.reading, exact) {
		return fmt.Sprintf("handler %s ran for %q, which is not exempt", a.ran, a.reading)
	}
	if !within(a.reading, exact) {
		return fmt.Sprintf("handler %s was given %q, which leads out of what is exempt", a.ran, a.reading)
	}
	return ""
}

// covered reports whether a path is exempt, taken literally.
func covered(p string, exact []string) bool {
	return slices.Contains(exemptExact, p) || slices.Contains(exact, p) || slices.ContainsFunc(exemptTrees, func(tree string) bool {
		return p == tree || strings.HasPrefix(p, tree+"/")
	})
}

// within reports whether a path stays exempt however a handler, or a backend behind it, resolves
// it: decoded again, with backslashes for slashes, without the tails that some backends cut off,
// with dot segments followed.
func within(p string, exact []string) bool {
	for range 5 {
		resolved := path.Clean(withoutTails(strings.ReplaceAll(p, `\`, "/")))
		// A tree's own root, and an exact entry with its slash, are within.
		if !covered(resolved, exact) && !covered(resolved+"/", exact) {
			return false
		}
		p = anEscape.ReplaceAllStringFunc(p, func(e string) string { d, _ := url.PathUnescape(e); return d })
	}
	return true
}

var anEscape = regexp.MustCompile("%[0-9a-fA-F]{2}")

// withoutTails cuts each segment at a semicolon (a matrix parameter), at the end of a URL's path,
// at a space or at a control byte, if the rest is a dot segment.
func withoutTails(p string) string {
	segments := strings.Split(p, "/")
	for i, s := range segments {
		if end := strings.IndexAny(s, ";?# \x00\t\r\n"); end >= 0 && (s[:end] == "." || s[:end] == "..") {
			segments[i] = s[:end]
		}
	}
	return strings.Join(segments, "/")
}

// tally counts the results.
type tally struct {
	mu                             sync.Mutex
	asked, ran, refused, otherwise int
}

func (n *tally) count(a pathReply) {
	n.asked++
	switch {
	case a.ran != "":
		n.ran++
	case a.refused:
		n.refused++
	default:
		n.otherwise++
	}
}

func (n *tally) add(o *tally) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.asked += o.asked
	n.ran += o.ran
	n.refused += o.refused
	n.otherwise += o.otherwise
}

func (n *tally) String() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return fmt.Sprintf("%d requests: %d refused, %d reached a handler, %d answered by router or server", n.asked, n.refused, n.ran, n.otherwise)
}
