package core

import (
	"context"
	"log/slog"
	"net/url"
	"strings"
)

// Routed is a context for [Gate.Admit] under a framework that chooses the route before its
// middleware runs. Middleware before the gate can rewrite the path after that choice. The
// handler of another route would then run for an exempt path. So Admit asks a Routed context
// about each exempt path, and refuses the exemption unless the path is one that the router read
// for this route, or every path of the route is exempt. It is for authors of adapters.
type Routed interface {
	context.Context
	// Route returns the pattern of the chosen route, in which ":name" stands for a part of the
	// path, and "*name" or "*" for the rest of it. It is "" if the router found no route: the
	// path alone decides. If known is false, handlers of another route may run, and no path is
	// exempt.
	Route() (pattern string, known bool)
	// Param returns what the router read for a name, which begins with its ":" or "*". If found
	// is false, ":name" is no parameter but a literal part of the path, and "*name" stands for
	// any rest: the router would choose the same route for the path as it is now.
	Param(name string) (value string, found bool)
}

// routed reports whether the handlers behind ctx belong to the exempt path of u.
func (g *Gate) routed(ctx context.Context, s *snapshot, u *url.URL, entry string) bool {
	r, ok := ctx.(Routed)
	if !ok {
		return true
	}
	if pattern, known := r.Route(); known && (pattern == "" || below(pattern, u.Path, entry) ||
		spells(r, pattern, u.Path) || (u.RawPath != "" && spells(r, pattern, u.RawPath))) {
		return true
	}
	g.set.warnOnce(s, "an exempt path was rewritten after routing, and is refused", slog.String("exempt", entry))
	return false
}

// below reports whether every path of pattern is exempt by entry. A path that equals its entry
// may be all that the entry covers.
func below(pattern, path, entry string) bool {
	rest, ok := strings.CutPrefix(pattern, strings.TrimSuffix(entry, "/"))
	return ok && path != entry && (rest == "" || rest[0] == '/') && !strings.Contains(entry, ":")
}

// spells reports whether pattern, with the values of its parameters, is path.
func spells(r Routed, pattern, path string) bool {
	for {
		i := strings.IndexAny(pattern, ":*")
		if i < 0 || !strings.HasPrefix(path, pattern[:i]) {
			return path == pattern
		}
		path, pattern = path[i:], pattern[i:]
		name, _, _ := strings.Cut(pattern, "/")
		value, found := r.Param(name)
		if name[0] == '*' {
			return !found || strings.TrimPrefix(value, "/") == strings.TrimPrefix(path, "/")
		}
		if !found {
			value = name
		}
		if path, found = strings.CutPrefix(path, value); !found {
			return false
		}
		pattern = pattern[len(name):]
	}
}
