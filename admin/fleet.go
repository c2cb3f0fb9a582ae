package admin

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/core/wire"
)

// fleetPage is what the instances have reported.
type fleetPage struct {
	page

	Keeps     bool // the store keeps rows of instances
	Instances []instanceView
	Mixed     bool // instances have other rules than others
}

// instanceView is a row as the page shows it.
type instanceView struct {
	wire.Instance

	Clock clock
	This  bool // the one that made the page
}

// fleet is GET /fleet.
func (s *site) fleet(w http.ResponseWriter, r *http.Request) {
	p := fleetPage{page: s.page(w, r, "fleet", "Fleet")}
	p.Keeps = p.Rows != nil || p.RowsErr != nil
	in := p.Fleet(p.Rows)
	for _, i := range in.Instances {
		p.Instances = append(p.Instances, instanceView{i, p.Clock, i.ID == p.Gate.Instance})
	}
	slices.SortStableFunc(p.Instances, func(a, b instanceView) int { return cmp.Compare(lives[a.Life], lives[b.Life]) })
	p.Mixed = len(in.Rules) > 1
	s.render(w, http.StatusOK, "fleet.html", p)
}

// lives is the order of the list: the dead do not serve.
var lives = map[string]int{wire.Live: 0, wire.Silent: 1, wire.Dead: 2}

// Name is host and process.
func (i instanceView) Name() string { return i.Host + "/" + strconv.Itoa(i.PID) }

// Doing is what it does, or did when it was last heard of.
func (i instanceView) Doing() string {
	word := map[string]string{
		wire.Open: "serves visitors", wire.Refusing: "refuses, and finishes requests", wire.Drained: "refuses, drained",
	}[i.State]
	switch i.Life {
	case wire.Dead:
		return "its process is gone"
	case wire.Silent:
		return "dead or cut off; last: " + word
	}
	return word
}

// Standing is how what it has read stands to the store; "" where it is the same.
func (i instanceView) Standing() string {
	return map[string]string{
		wire.Behind: "behind the store", wire.Ahead: "ahead of the store, which went back", wire.Other: "another document", wire.None: "none",
	}[i.Document]
}

// Oddities are what an operator should know of it.
func (i instanceView) Oddities() []string {
	var out []string
	if i.Override != "" {
		out = append(out, "held "+i.Override+" by an override, whatever the store says")
	}
	if i.Regressed {
		out = append(out, "has seen a later state than the store holds")
	}
	if !i.Open && (i.Cause == core.CauseStarting.String() || i.Cause == core.CauseStoreLost.String()) {
		out = append(out, "refuses because of: "+i.Cause)
	}
	return out
}
