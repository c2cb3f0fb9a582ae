package accidents

import (
	"maps"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/e2e/internal/network"
)

// accident breaks a store until mend is called.
type accident func(t *testing.T) (mend func())

// losses are the accidents that make a store unavailable.
func (s *shared) losses() map[string]accident {
	all := map[string]accident{
		"the documents are deleted, and put back": s.empty,
		"another client holds the lock":           s.lock,
	}
	if s.drop != nil {
		all["the table is gone, and comes back"] = s.drop
	}
	if s.server == nil {
		return all
	}
	maps.Copy(all, map[string]accident{
		"stopped gracefully": func(t *testing.T) func() {
			s.server.Stop(t)
			return func() { s.server.Start(t) }
		},
		"killed": func(t *testing.T) func() {
			s.server.Kill(t)
			return func() { s.server.Start(t) }
		},
		"frozen": func(t *testing.T) func() {
			s.server.Freeze(t)
			return func() { s.server.Thaw(t) }
		},
		"every connection is refused":        func(*testing.T) func() { return during(s.network, network.Refusing) },
		"nothing comes but acknowledgements": func(*testing.T) func() { return during(s.network, network.Deaf) },
		"every answer is cut in its middle":  func(*testing.T) func() { return during(s.network, network.Stuttered) },
	})
	return all
}

func during(n *network.Network, w network.Weather) (after func()) {
	n.Set(w)
	return func() { n.Set(network.Fine) }
}

// away: while the store is lost, a closed gate stays closed and an open one open. The log has
// one line for the loss and one for the return, after which the gate follows the store again.
func away(t *testing.T, s *shared) {
	n := 0
	for name, happen := range s.losses() {
		n++
		app := "away" + strconv.Itoa(n)
		t.Run(name, func(t *testing.T) {
			sites := []*site{newSite(t, s, app+"-open", false), newSite(t, s, app+"-closed", true)}
			// A gate that polls once an hour comes back as soon: it tries a lost store again.
			slow := newSite(t, s, app+"-slow", false, func(c *core.Config) { c.PollInterval = time.Hour })
			mend := sync.OnceFunc(happen(t))
			t.Cleanup(mend) // after a failure, too
			for _, x := range sites {
				x.await(t, "the gate has not noticed", func(st core.Status) bool { return st.Health == core.StoreLost })
				x.requireUnmoved(t)
			}
			require.Error(t, slow.refresh(t))
			slow.await(t, "the gate has not noticed", func(st core.Status) bool { return st.Health == core.StoreLost })
			mend()
			for _, x := range append(sites, slow) {
				x.await(t, "the store does not come back", func(st core.Status) bool { return st.Health == core.StoreFresh })
				x.requireUnmoved(t)
				x.requireLogged(t, map[string]int{
					"store lost": 1, "store back": 1, "regressed": 0, "opened": 0, "closed": 0,
				})
			}
			for _, x := range sites {
				x.follows(t)
				x.follows(t)
			}
		})
	}
}

// owed: a gate that polls once an hour reads a write whose only read has failed.
func owed(t *testing.T, s *shared) {
	if s.network == nil {
		return
	}
	for name, w := range map[string]network.Weather{"refused": network.Refusing, "without an answer": network.Deaf, "cut": network.Stuttered} {
		t.Run("one read is "+name, func(t *testing.T) {
			x := newSite(t, s, "owed-"+strings.Fields(name)[0], false, func(c *core.Config) { c.PollInterval = time.Hour })
			mend := sync.OnceFunc(during(s.network, w))
			t.Cleanup(mend)
			x.say(t, true)
			require.Error(t, x.refresh(t))
			mend()
			x.await(t, "the gate does not read again", func(st core.Status) bool { return !st.Open })
		})
	}
}

// cut: after its connections are cut, the gate follows the store again. It may or may not have
// noticed the cut.
func cut(t *testing.T, s *shared) {
	if s.network == nil { // a file has no connections
		return
	}
	t.Run("connections are cut", func(t *testing.T) {
		sites := []*site{newSite(t, s, "cut-open", false), newSite(t, s, "cut-closed", true)}
		for range 10 {
			s.network.Cut()
			for _, x := range sites {
				x.follows(t)
			}
		}
		for _, x := range sites {
			x.await(t, "the store does not come back", func(st core.Status) bool {
				return st.Health == core.StoreFresh && x.log.count("store lost") == x.log.count("store back")
			})
			x.requireLogged(t, map[string]int{"opened": 5, "closed": 5, "regressed": 0})
		}
	})
}
