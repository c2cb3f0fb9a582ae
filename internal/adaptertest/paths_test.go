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
	"github.com/go-downtime/downtime/internal/gatetest"
	"github.com/go-downtime/downtime/internal/pathtest"
	"github.com/go-downtime/downtime/internal/rawhttp"
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
	probes := pathtest.Corpus(t)
	t.Logf("%d targets, seed %d", len(probes), pathtest.Seed(t))
	var total tally
	t.Cleanup(func() { t.Logf("all: %v", &total) })
	for name, config := range routerConfigs() {
		gate := gatetest.NewGate(t, core.Config{Down: true, ExemptExact: slices.Concat(pathtest.Exact, config.exact), ExemptPaths: pathtest.Trees})
		native := guard{gin: gindowntime.Middleware(gate), echo: echodowntime.Middleware(gate), std: chidowntime.Middleware(gate)}
		for form, h := range map[string]http.Handler{
			"middleware": config.build(native),
			"wrapped":    gate.Handler(config.build(unguarded)),
		} {
			t.Run(name+", "+form, func(t *testing.T) {
				t.Parallel()
				var got tally
				pathtest.Sweep(t, rawhttp.Serve(t, h), probes, func(p pathtest.Probe, a pathtest.Reply) {
					got.count(a)
					if fault := pathtest.Misjudged(p, a, config.exact); fault != "" {
						t.Errorf("%s: %s", p, fault)
					}
					if a.Dropped && !config.drops {
						t.Errorf("%s: the connection was dropped", p)
					}
					if a.Refused && p.Method == http.MethodGet && slices.Contains(pathtest.Usable, p.Target) {
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
	within := func(p string) bool { return pathtest.Covered(p, nil) }
	rules, err := exempt.New(pathtest.Exact, pathtest.Trees)
	require.NoError(t, err)
	overlooked, overlookedRaw := regexp.MustCompile("(?i)%(3b|3f|23|00|09|0a|0d|20)"), regexp.MustCompile("(?i)%25(3b|3f|23|00|09|0a|0d|20)")
	weaker := map[string]struct {
		exempt func(u *url.URL) bool
		caught []string // routers that show it
	}{
		"string prefix of the path": {
			exempt: func(u *url.URL) bool {
				return slices.ContainsFunc(slices.Concat(pathtest.Exact[1:], pathtest.Trees), func(p string) bool { return strings.HasPrefix(u.Path, p) })
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
	probes := pathtest.Corpus(t)
	configs := routerConfigs()
	for name, rule := range weaker {
		for _, config := range rule.caught {
			t.Run(name+": "+config, func(t *testing.T) {
				t.Parallel()
				require.Contains(t, configs, config)
				faults := map[string]string{}
				pathtest.Sweep(t, rawhttp.Serve(t, configs[config].build(guardBy(rule.exempt))), probes, func(p pathtest.Probe, a pathtest.Reply) {
					if p.Method == http.MethodConnect && strings.HasPrefix(p.Target, "/") {
						return // no rule about paths knows the method
					}
					if fault := pathtest.Misjudged(p, a, nil); fault != "" {
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

// tally counts the results.
type tally struct {
	mu                             sync.Mutex
	asked, ran, refused, otherwise int
}

func (n *tally) count(a pathtest.Reply) {
	n.asked++
	switch {
	case a.Ran != "":
		n.ran++
	case a.Refused:
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
