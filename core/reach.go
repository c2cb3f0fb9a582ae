package core

import (
	"net/url"
	"slices"

	"github.com/go-downtime/downtime/store"
)

// Store returns the store of the Config; nil if it has none. It is for a program that
// operates the gate, such as an admin page. The caller does not close it.
func (g *Gate) Store() store.Store { return g.set.Store }

// Exempts reports whether the path of u is exempt, and by which entry of the Config. The result
// does not depend on whether g is open.
func (g *Gate) Exempts(u *url.URL) (entry string, ok bool) { return g.set.exempt.Match(u) }

// Bypasses reports whether Config.Bypass holds a predicate with the name of p. It does not find a
// member of a group ([Any], [All]). Use it for hints to operators, and not for decisions.
func (g *Gate) Bypasses(p Predicate) bool {
	return slices.ContainsFunc(g.set.Bypass, func(own Predicate) bool { return own.Name() == p.Name() })
}
