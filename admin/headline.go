package admin

import (
	"github.com/go-downtime/downtime/core"
)

// Values of data-state.
const (
	isUp      = "up"      // visitors are served
	isDown    = "down"    // visitors are refused
	isMixed   = "mixed"   // this instance and the store differ
	isUnknown = "unknown" // the store cannot be read
)

// headline is the state of the site in one line, and a second line about its meaning.
type headline struct {
	State string // isUp, isDown, isMixed or isUnknown
	Title string
	Lead  string // "" for none
}

// Headline claims only what was observed: the store as it was read, and this instance.
func (v seen) Headline() headline {
	g, down := v.Gate, v.Verdict.Down
	from := overrideSource(g.OverrideFrom)
	switch {
	case g.Override == "down" && down:
		return headline{isDown, "The site is down for visitors", "This instance is held down by " + from + " as well: ending everything below does not open it."}
	case g.Override == "down":
		return headline{isMixed, "This instance refuses visitors", "It is held down by " + from + ", independent of the store. Nothing on this page opens it. The store itself says that the site is up."}
	case g.Override == "up" && down:
		return headline{isMixed, "This instance serves visitors, though the store says down", "It is held up by " + from + ". Other instances refuse visitors, unless they are held up too."}
	case g.Closure != nil && g.Closure.Cause == core.CauseStarting:
		return headline{isUnknown, "This instance refuses visitors: it has never read its store", "It is not known whether the site should be up. This instance decides as soon as the store answers."}
	case g.Closure != nil && g.Closure.Cause == core.CauseStoreLost:
		return headline{isUnknown, "This instance refuses visitors: it has lost its store", "Its configuration says to refuse when the last known state is too old. It opens again with the next good read."}
	case v.Err != nil && g.Open:
		return headline{isUnknown, "The site was up when the store was last read", "The store does not answer now, so it is not known whether the site should still be up."}
	case v.Err != nil:
		return headline{isDown, "The site is down for visitors, as far as is known", "The store does not answer now. This instance keeps the last known state: it goes on refusing."}
	case g.Regressed:
		return headline{isMixed, "The store has gone back in time", "This instance refuses what either state refuses, until an operator reconciles the store."}
	case !g.Open:
		return headline{isDown, "The site is down for visitors", ""}
	case down:
		return headline{isMixed, "The store says down, and this instance does not refuse yet", "It refuses as soon as it has read the store's last write."}
	case g.Override == "up":
		return headline{isUp, "The site is up", "This instance is held up by " + from + ": taking the site down below would not take this instance down."}
	}
	return headline{isUp, "The site is up", "Visitors are served."}
}

// overrideSource is the source of an override, for people.
func overrideSource(from string) string {
	switch from {
	case "file":
		return "its override file"
	case "env":
		return "DOWNTIME in its environment"
	}
	return "its configuration (Down)"
}
