package core

import (
	"net/url"
	"slices"
)

// Store returns the store that g reads, as the Config gave it; nil if it has none. It is
// for what operates the gate, an admin page say. The caller does not close it.
func (g *Gate) Store() Store { return g.set.store }

// Exempts reports whether requests for u pass while down because of its path alone, and by
// which entry of the Config. It does not say whether g is open.
func (g *Gate) Exempts(u *url.URL) (entry string, ok bool) { return g.set.exempt.match(u) }

// Bypasses reports whether Config.Bypass holds p, by its name: whoever p says yes to
// passes while down, on every path. A member of a group ([Any], [All]) is not found,
// and another predicate of the same name is: it is for a hint to people, not for a decision.
func (g *Gate) Bypasses(p Predicate) bool {
	return slices.ContainsFunc(g.set.bypass, func(own Predicate) bool { return own.Name() == p.Name() })
}
