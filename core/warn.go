package core

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"weak"
)

// warn logs a fault of the set-up that is no fault of the Config alone.
func (set *settings) warn(msg string, attrs ...slog.Attr) {
	set.log.LogAttrs(context.Background(), slog.LevelWarn, msg, attrs...)
}

// warnOfPage logs a warning if the own page loads files that the gate refuses.
func (g *Gate) warnOfPage() {
	if files := g.set.answer.RefusedFiles(); len(files) > 0 {
		g.set.warn("own page loads files that the gate refuses while down", slog.Any("files", files),
			slog.String("remedy", "put them into the page, or use absolute paths that are exempt"))
	}
}

// noteProbes logs a line if the gate can close and no exempt path looks like a health check. The gate
// cannot know which paths are checked, so the line is no warning.
func (g *Gate) noteProbes() {
	if g.set.Store == nil && g.set.OverrideFile == "" || slices.ContainsFunc(g.set.paths, looksLikeProbe) {
		return
	}
	f := g.follower
	f.mu.Lock()
	f.logs.add(logLine{slog.LevelInfo, "no exempt path looks like a health check", []slog.Attr{slog.String("remedy",
		"if an orchestrator or a load balancer checks a path behind this gate, put it into ExemptExact: the check would fail during downtime")}})
	f.mu.Unlock()
	f.logs.flush(&f.mu)
}

// looksLikeProbe reports whether a segment of path has a name that is usual for health checks.
func looksLikeProbe(path string) bool {
	for segment := range strings.SplitSeq(strings.ToLower(path), "/") {
		segment = strings.TrimLeft(segment, "_-.")
		for _, usual := range []string{"health", "live", "alive", "ready", "readi", "startup", "status", "ping", "probe", "heartbeat"} {
			if strings.HasPrefix(segment, usual) || segment == "up" {
				return true
			}
		}
	}
	return false
}

// gates are the gates of this process that have a store.
var gates struct {
	sync.Mutex
	list []weak.Pointer[Gate]
}

// warnOfTwin logs a warning if another gate of this process uses the same store and exempts other
// paths. The application then often wants one gate: a page that only the second gate exempts is
// refused by the first.
func (g *Gate) warnOfTwin() {
	if g.set.Store == nil || !reflect.ValueOf(g.set.Store).Comparable() {
		return
	}
	gates.Lock()
	defer gates.Unlock()
	gates.list = slices.DeleteFunc(gates.list, func(w weak.Pointer[Gate]) bool {
		other := w.Value()
		return other == nil || other.shutDown()
	})
	var paths []string // exempt in one only
	for _, w := range gates.list {
		if other := w.Value(); other != nil && other.set.Store == g.set.Store {
			paths = append(paths, without(g.set.paths, other.set.paths)...)
			paths = append(paths, without(other.set.paths, g.set.paths)...)
		}
	}
	gates.list = append(gates.list, weak.Make(g))
	if len(paths) > 0 {
		slices.Sort(paths)
		g.set.warn("two gates of this process use the same store and exempt different paths",
			slog.Any("exempt_in_one_only", slices.Compact(paths)),
			slog.String("remedy", "make one gate with New, and pass it to the middleware and to the operator's page"))
	}
}

// shutDown reports whether Shutdown was called.
func (g *Gate) shutDown() bool {
	c := g.current.Load().closure
	return c != nil && c.Cause == CauseShutdown
}

// without returns the elements of a that are not in b.
func without(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return slices.Contains(b, s) })
}

// warnOfHandler logs a warning in two cases. First, next is an http.TimeoutHandler, which returns
// while its handler still runs; its type is not exported. Second, a predicate reads a framework's own
// context, which a request does not have before it reaches next.
func (g *Gate) warnOfHandler(next http.Handler) {
	if fmt.Sprintf("%T", next) == "*http.timeoutHandler" {
		g.set.warn("an http.TimeoutHandler is inside the gate, so handlers can run on while the gate is drained",
			slog.String("remedy", "put the TimeoutHandler around the gate, or Gate.Inside around its handler"))
	}
	for _, p := range g.set.Bypass {
		for _, w := range p.watches {
			if w.framework != "" {
				g.set.warn("predicate lets no request pass under Gate.Handler, which runs before the framework",
					slog.String("predicate", w.name), slog.String("framework", w.framework),
					slog.String("remedy", "use Behind of the framework's adapter, or its Middleware in place of Handler"))
			}
		}
	}
}

// warnOfType logs a warning, once for each predicate, if the value under its key has another type
// than it asks for.
func (w *watch) warnOfType(a *asker, want reflect.Type, found any) {
	if a == nil || found == nil || reflect.TypeOf(found).AssignableTo(want) || !w.mistyped.CompareAndSwap(false, true) {
		return
	}
	a.log.LogAttrs(context.Background(), slog.LevelWarn, "predicate found a value of another type, which does not bypass",
		slog.String("predicate", w.name), slog.String("found", fmt.Sprintf("%T", found)), slog.String("want", want.String()))
}
