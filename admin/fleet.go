package admin

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/internal/wire"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
)

// fleetPage lists the instances, without those that have left.
type fleetPage struct {
	page

	Instances []instanceView
	All       int    // instances without a filter
	Find      string // text that the listed instances contain
	Only      string // what they do; "" for all, see fleetChoices
	More      int    // instances that are not listed
	Mixed     bool   // instances have different rules
}

// instanceView is an instance as the page shows it.
type instanceView struct {
	operator.Instance

	LifeWord  string // wire.Live, wire.Silent or wire.Dead
	IsDrained bool   // of all periods in force
	Clock     clock
	This      bool // the instance that made the page
}

// fleet is GET /fleet.
func (s *site) fleet(w http.ResponseWriter, r *http.Request) {
	p := fleetPage{page: s.page(w, r, "fleet", "Fleet"), Find: clip(r.URL.Query().Get("find")), Only: r.URL.Query().Get("only")}
	for _, i := range p.Fleet.Instances {
		life := wire.LifeOf(i)
		if life == wire.Left {
			continue
		}
		p.All++
		if v := (instanceView{i, life, p.Fleet.IsDrained(i), p.Clock, i.ID == p.Gate.Instance}); v.matches(p.Find, p.Only) {
			p.Instances = append(p.Instances, v)
		}
	}
	if p.Find != "" || p.Only != "" {
		p.Query = url.Values{"find": {p.Find}, "only": {p.Only}}.Encode()
	}
	slices.SortStableFunc(p.Instances, func(a, b instanceView) int { return cmp.Compare(a.rank(), b.rank()) })
	if p.More = max(0, len(p.Instances)-maxItems); p.More > 0 {
		p.Instances = p.Instances[:maxItems]
	}
	p.Mixed = len(wire.FleetOf(s.store, p.Fleet).Rules) > 1
	s.render(w, http.StatusOK, "fleet.html", p)
}

// matches reports whether the instance passes the filter.
func (i instanceView) matches(find, only string) bool {
	silent := i.LifeWord != wire.Live
	switch only {
	case "differs":
		if i.Disagrees == "" {
			return false
		}
	case "serves", "refuses":
		if silent || i.Serves() != (only == "serves") {
			return false
		}
	case wire.Silent:
		if !silent {
			return false
		}
	}
	text := strings.ToLower(strings.Join([]string{i.Name(), i.ID, i.App, i.Rules, i.Doing()}, " "))
	return strings.Contains(text, strings.ToLower(find))
}

// rank orders the instances: first those that differ from the store, then those that serve, that
// refuse and have not drained, that are drained, silent, and dead.
func (i instanceView) rank() int {
	switch {
	case i.LifeWord == wire.Dead:
		return 5
	case i.LifeWord == wire.Silent:
		return 4
	case i.Disagrees != "":
		return 0
	case i.Serves():
		return 1
	case !i.IsDrained:
		return 2
	}
	return 3
}

// Name is host and process.
func (i instanceView) Name() string {
	if i.Err != nil {
		return "unreadable row"
	}
	return i.Host + "/" + strconv.Itoa(i.PID)
}

// Doing is the activity of the instance in a word, at its last report.
func (i instanceView) Doing() string {
	if i.LifeWord == wire.Dead {
		return "its process is gone"
	}
	word := i.stateWord()
	switch {
	case i.Err != nil:
		return "its row cannot be read: " + i.Err.Error()
	case i.LifeWord == wire.Silent:
		return "dead or cut off; last: " + word
	}
	return word
}

func (i instanceView) stateWord() string {
	switch {
	case i.State == period.Open:
		return "serves visitors"
	case i.State == period.Leaving:
		return "refuses, is shutting down"
	case i.IsDrained:
		return "refuses, drained"
	case i.Outdated:
		return "not known; it last reported before this downtime began, and said that it refuses"
	case i.InFlight > 0:
		return "refuses, and finishes requests"
	}
	return "refuses"
}

// StreamNames lists the running streams, by name.
func (i instanceView) StreamNames() string { return wire.Streams(i.Instance) }

// Standing compares the instance's document with the one in the store; "" if it is the same.
func (i instanceView) Standing() string {
	return map[operator.Standing]string{
		operator.Behind: "behind the store", operator.Ahead: "ahead of the store, which went back",
		operator.Different: "another document", operator.Without: "none",
	}[i.Instance.Standing]
}

// Oddities are facts about the instance that an operator should know.
func (i instanceView) Oddities() []string {
	var out []string
	if i.Override != "" {
		out = append(out, "held "+i.Override+" by an override, independent of the store")
	}
	if i.Regressed {
		out = append(out, "has seen a later state than the store holds")
	}
	if i.Cause == core.CauseStarting.String() || i.Cause == core.CauseStoreLost.String() {
		out = append(out, "refuses because of: "+i.Cause)
	}
	return out
}
