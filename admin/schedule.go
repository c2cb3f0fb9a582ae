package admin

import (
	"net/http"
	"strconv"

	"github.com/go-downtime/downtime/internal/wire"
	"github.com/go-downtime/downtime/operator"
)

// perPage is how many periods the schedule lists on a page.
const perPage = 25

// schedulePage lists the periods in the store, at most perPage of them.
type schedulePage struct {
	page

	Groups []group
	// From is how many of All come before those that are listed, and To how many come before
	// or are listed. Previous and Next are links to the others; "" if there are none.
	From, To, All  int
	Previous, Next string

	Conflict string
	Failure  string
}

// First is the number of the first listed period, from 1.
func (p schedulePage) First() int { return p.From + 1 }

// group is the periods of one status and, in a long schedule, of one month.
type group struct {
	ID      string // of the element
	Status  string // as in package wire
	Title   string
	Periods []periodView
}

// schedule is GET /schedule.
func (s *site) schedule(w http.ResponseWriter, r *http.Request) {
	from, _ := strconv.Atoi(r.URL.Query().Get("from"))
	s.showSchedule(w, http.StatusOK, schedulePage{page: s.page(w, r, "schedule", "Schedule"), From: from})
}

// showGone answers a request about a period that is not there, or not in the right state.
func (s *site) showGone(w http.ResponseWriter, p page, text string) {
	p.Name, p.Title = "schedule", "Schedule"
	s.showSchedule(w, http.StatusNotFound, schedulePage{page: p, Conflict: text})
}

func (s *site) showSchedule(w http.ResponseWriter, status int, p schedulePage) {
	all := p.Sorted()
	p.All = len(all)
	p.From = max(0, min(p.From, p.All-1))
	p.To = min(p.From+perPage, p.All)
	if p.From > 0 {
		p.Query, p.Previous = fromQuery(p.From), "schedule?"+fromQuery(max(0, p.From-perPage))
	}
	if p.To < p.All {
		p.Next = "schedule?" + fromQuery(p.To)
	}
	for _, one := range all[p.From:p.To] {
		v := p.View(one)
		v.Overlaps = v.overlaps(all)
		id, title := v.Status, groupTitles[v.Status]
		if v.Status == wire.Upcoming && p.All > perPage {
			start := v.Start.In(p.Clock.Zone)
			id, title = id+start.Format("-2006-01"), title+" in "+start.Format("January 2006")
		}
		if n := len(p.Groups); n == 0 || p.Groups[n-1].ID != id {
			p.Groups = append(p.Groups, group{ID: id, Status: v.Status, Title: title})
		}
		g := &p.Groups[len(p.Groups)-1]
		g.Periods = append(g.Periods, v)
	}
	s.render(w, status, "schedule.html", p)
}

var groupTitles = map[string]string{wire.InForce: "In force", wire.Upcoming: "Coming", wire.Disabled: "Disabled", wire.Finished: "Over"}

// fromQuery is the query of the schedule after so many periods.
func fromQuery(n int) string { return "from=" + strconv.Itoa(n) }

// toggle is POST /enable, /enable-now and /disable.
func (s *site) toggle(o operator.EditOptions) func(w http.ResponseWriter, r *http.Request, f form, version int64) {
	return func(w http.ResponseWriter, r *http.Request, f form, version int64) {
		o := o
		o.IfVersion = &version
		s.change(w, r, f, func(by operator.Operator) (operator.Result, error) { return by.Edit(r.Context(), f.Values["id"], o) })
	}
}

// remove is POST /delete: it removes a period that is not in force.
func (s *site) remove(w http.ResponseWriter, r *http.Request, f form, version int64) {
	s.change(w, r, f, func(by operator.Operator) (operator.Result, error) {
		return by.Cancel(r.Context(), f.Values["id"], operator.CancelOptions{IfVersion: &version})
	})
}

// change makes a change, and shows the schedule after it or the reason why it failed.
func (s *site) change(w http.ResponseWriter, r *http.Request, f form, do func(by operator.Operator) (operator.Result, error)) {
	s.perform(w, r, f, act{do: do, to: "schedule", next: "Below is the current schedule.", show: func(status int, conflict, failure string) {
		s.showSchedule(w, status, schedulePage{page: s.page(w, r, "schedule", "Schedule"), Conflict: conflict, Failure: failure})
	}})
}
