package gindowntime

import (
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/go-downtime/downtime/core"
)

// Behind is [core.Behind] for gin's own middleware, such as gin-contrib/sessions. It runs mw on a
// gin context of its own, and then asks ok with it. The session middleware can then come after
// the gate, and the predicate runs it only while the gate is closed. If the database of the
// sessions is down, the client gets the refusal. It also works under gate.Handler. ok may only
// read c.
func Behind(name string, ok func(c *gin.Context) bool, mw ...gin.HandlerFunc) core.Predicate {
	if ok == nil || len(mw) == 0 || slices.ContainsFunc(mw, func(h gin.HandlerFunc) bool { return h == nil }) {
		return core.Behind(name, nil, nil)
	}
	chain := func(next http.Handler) http.Handler {
		engine := gin.New()
		engine.Use(mw...)
		engine.NoRoute(Wrap(next))
		return engine
	}
	return core.Behind(name, chain, func(r *http.Request) bool {
		c, found := From(r.Context())
		return found && ok(c)
	})
}
