package core

import (
	"context"
	"log/slog"
	"net/url"
	"strings"
)

// Routed is a context for [Gate.Admit] under a framework that chooses the route before its
// middleware runs. Middleware before the gate can rewrite the path after that choice. The handler
// of another route would then run for an exempt path. Admit therefore checks each exempt path
// against the chosen route. The exemption counts only if the router read this path for the route,
// or if every path of the route is exempt. Routed is for authors of adapters.
type Routed interface {
	context.Context
	// Route returns the pattern of the chosen route, in which ":name" stands for a part of the
	// path, and "*name" or "*" for the rest of it. It is "" if the router found no route; then
	// only the path decides. If known is false, handlers of another route may run, and no path is
	// exempt.
	Route() (pattern string, known bool)
	// Param returns the value that the router read for a name. The name begins with ":" or "*".
	// If found is false, ":name" is a literal part of the path and not a parameter. "*name" then
	// matches any rest, because the router would choose the same route for the present path.
	Param(name string) (value string, found bool)
}

// routed reports whether the handlers behind the context belong to the exempt path of u.
func (g *Gate) routed(ctx func() context.Context, s *snapshot, u *url.URL, entry string) bool {
	r, ok := ctx().(Routed)
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

// below reports whether every path of pattern is exempt by entry. If path equals entry, the entry
// may be an exact one, which covers no other path.
func below(pattern, path, entry string) bool {
	rest, ok := strings.CutPrefix(pattern, strings.TrimSuffix(entry, "/"))
	return ok && path != entry && (rest == "" || rest[0] == '/') && !strings.Contains(entry, ":")
}

// spells reports whether pattern, with its parameters replaced by their values, equals path.
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
