package admin

import (
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/internal/wire"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
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

// Headline claims only what was observed: the store as it was read, this instance, and what the
// others last reported. If a live instance differs from the store, the headline names it.
func (v seen) Headline() headline {
	h := v.here()
	if differs := v.settled().Disagreement(); v.Err == nil && !v.Gate.Regressed && v.WentBack == "" && differs != "" {
		if h.State != isMixed {
			h.Lead = ""
		}
		h.State, h.Title = isMixed, "Up, but "+differs
		if v.Verdict.Down {
			h.Title = "Down, but " + differs
		}
	} else if doubt := wire.Count(v.Fleet).Doubt(); h.State == isDown && v.Rows && v.Err == nil && doubt != "" {
		h.Title += ", by the store: " + doubt
	}
	return h
}

// settling is how long after a change the headline names no instance that has only not reported it yet.
const settling = 5 * time.Second

// settled are the instances that the headline may name.
func (v seen) settled() operator.Judgment {
	changed := v.Verdict.Since
	if v.Document != nil {
		if entries, _ := v.Document.Log.Entries(); len(entries) > 0 && entries[0].Time.After(changed) {
			changed = entries[0].Time
		}
	}
	if v.Time.Sub(changed) < settling {
		return v.Fleet.Settled()
	}
	return v.Fleet
}

// here is the headline by the store and this instance.
func (v seen) here() headline {
	g, down := v.Gate, v.Verdict.Down
	from := overrideSource(g)
	switch {
	case v.Err != nil && g.Override != "":
		return v.last()
	case g.Override == "down" && down:
		return headline{isDown, "The site is down for visitors", "This instance is held down by " + from + " as well: ending everything below does not open it."}
	case g.Override == "down":
		return headline{isMixed, "This instance refuses visitors", "This instance is held down by " + from + ", independent of the store. Nothing on this page opens it. The store itself says that the site is up."}
	case g.Override == "up" && down:
		return headline{isMixed, "This instance serves visitors, though the store says down", "This instance is held up by " + from + ". Other instances refuse visitors, unless they are held up too."}
	case g.Regressed && v.Err == nil:
		return headline{isMixed, "The store has gone back in time", "This instance refuses what either state refuses, until an operator reconciles the store."}
	case v.WentBack != "" && v.Err == nil:
		return headline{isMixed, "The store has gone back in time", "This instance has not noticed it: " + v.WentBack + ". Put the newer document back, or run downtime reconcile."}
	case g.Closure != nil && g.Closure.Cause == core.CauseStarting:
		return headline{isUnknown, "This instance refuses visitors: it has never read its store", "It is not known whether the site should be up. This instance decides as soon as the store answers."}
	case g.Closure != nil && g.Closure.Cause == core.CauseStoreLost:
		return headline{isUnknown, "This instance refuses visitors: it has lost its store", "Its configuration says to refuse when the last known state is too old. It opens again with the next good read."}
	case v.Err != nil:
		return v.last()
	case !g.Open:
		h := headline{isDown, "The site is down for visitors", ""}
		if until := v.HeldUntil(); until != "" {
			h.Lead = "This instance lets new requests wait until " + until + ", and then refuses them."
		}
		return h
	case down:
		return headline{isMixed, "The store says down, and this instance does not refuse yet", "It refuses as soon as it has read the store's last write."}
	case g.Override == "up":
		return headline{isUp, "The site is up", "This instance is held up by " + from + ": taking the site down below would not take this instance down."}
	}
	return headline{isUp, "The site is up", "Visitors are served."}
}

// HeldUntil is when this instance no longer lets new requests wait; "" if it does not.
func (v seen) HeldUntil() string {
	if c := v.Gate.Closure; c != nil && c.HoldUntil.After(v.Time) {
		return v.Clock.TimeOfDay(c.HoldUntil)
	}
	return ""
}

// last is the headline while the store cannot be read: the state at the last read, with its time.
func (v seen) last() headline {
	was, does := "up", "serves visitors"
	if v.Verdict.Down {
		was = "down"
	}
	if !v.Gate.Open {
		does = "refuses visitors"
	}
	at := v.Clock.TimeOfDay(v.Time.Add(-v.Gate.Age))
	h := headline{isUnknown, "The site was " + was + " at " + at, "The store could not be read since. This instance " + does + " now."}
	if v.Gate.Health == core.StoreNeverRead {
		h.Title, h.Lead = "It is not known whether the site should be up", "This instance has never read its store. It "+does+" now."
	}
	if v.Gate.Override != "" {
		h.Lead += " It is held " + v.Gate.Override + " by " + overrideSource(v.Gate) + "."
	}
	return h
}

// overrideSource is the source of an override, for people.
func overrideSource(g core.Status) string {
	switch g.OverrideFrom {
	case "file":
		return "its override file"
	case "env":
		return g.OverrideEnv + " in its environment"
	}
	return "its configuration (Down)"
}

// FleetLine is a sentence about all instances; "" if their rows or the document could not be
// read. It never says "safe": a silent instance may still serve.
func (v seen) FleetLine() string {
	if !v.Rows || v.Err != nil {
		return ""
	}
	c := wire.Count(v.Fleet)
	if c.Live == 0 && c.Silent == 0 {
		return "No instance has reported to this store."
	}
	var parts []string
	add := func(n int, one, many string) {
		switch {
		case n == 1:
			parts = append(parts, "1 "+one)
		case n > 1:
			parts = append(parts, fmt.Sprintf("%d %s", n, many))
		}
	}
	add(c.Open, "serves visitors", "serve visitors")
	add(c.Refusing, "refuses visitors and has not drained", "refuse visitors and have not drained")
	add(c.Drained, "refuses visitors and has drained", "refuse visitors and have drained")
	add(c.Outdated, "last reported before this downtime began: its state is not known", "last reported before this downtime began: their state is not known")
	line := count(int64(c.Live), "live instance")
	if len(parts) > 0 {
		line += ": " + strings.Join(parts, ", ")
	}
	line += "."
	switch {
	case c.Silent == 1:
		line += " 1 is silent: its state is not known."
	case c.Silent > 1:
		line += fmt.Sprintf(" %d are silent: their state is not known.", c.Silent)
	}
	return line
}

// opens returns when the site opens by itself. From t on it follows the periods that join each other
// without a gap, to the end of the last one. It returns t if no period is in force, and the zero
// Time if one of these periods has no end.
func opens(periods iter.Seq[period.Period], t time.Time) time.Time {
	type stretch struct{ from, to time.Time }
	var ahead []stretch
	for p := range periods {
		switch {
		case !p.Enabled, p.Finished(t):
		case p.Kind == period.Deployment:
			ahead = append(ahead, stretch{t, p.End}) // in force since its write, see Period.InForce
		default:
			ahead = append(ahead, stretch{p.Start, p.End})
		}
	}
	slices.SortFunc(ahead, func(a, b stretch) int { return a.from.Compare(b.from) })
	for _, s := range ahead {
		switch {
		case s.from.After(t):
			return t
		case s.to.IsZero():
			return time.Time{}
		case s.to.After(t):
			t = s.to
		}
	}
	return t
}
