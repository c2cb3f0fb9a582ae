package admin

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/go-downtime/downtime/core"
)

// fewEntries is how many entries of the log are shown at first.
const fewEntries = 50

// logPage is who did what, when, from where, and what it was before and after.
type logPage struct {
	page

	Keeps   bool // the store keeps a log
	Failure string
	Entries []entryView
	More    bool // there are older ones
}

// entryView is an entry as the page shows it.
type entryView struct {
	core.Entry

	Clock clock
}

// journal is GET /log.
func (s *site) journal(w http.ResponseWriter, r *http.Request) {
	p := logPage{page: s.page(w, r, "log", "Log"), Keeps: true}
	limit := fewEntries
	if r.URL.Query().Get("all") != "" {
		limit = core.MaxEntries
	}
	ctx, cancel := context.WithTimeout(r.Context(), lookTimeout)
	defer cancel()
	entries, err := core.Log(ctx, s.store, min(limit+1, core.MaxEntries))
	switch {
	case errors.Is(err, core.ErrNoLog):
		p.Keeps = false
	case err != nil:
		p.Failure = err.Error()
	}
	if p.More = len(entries) > limit; p.More {
		entries = entries[:limit]
	}
	for _, e := range entries {
		p.Entries = append(p.Entries, entryView{e, p.Clock})
	}
	s.render(w, http.StatusOK, "log.html", p)
}

// Did is the action in words.
func (e entryView) Did() string {
	switch e.Action {
	case core.ActionStart:
		return "took the site down"
	case core.ActionChange:
		return "changed a deployment"
	case core.ActionEnd:
		return "ended"
	case core.ActionSchedule:
		return "scheduled a window"
	case core.ActionEdit:
		return "changed a period"
	case core.ActionCancel:
		return "deleted"
	case core.ActionReconcile:
		return "reconciled the store"
	case core.ActionInit:
		return "initialised the store"
	}
	return string(e.Action)
}

// changeView is a change of one period, by field.
type changeView struct {
	ID             string
	Added, Removed bool
	Fields         []fieldView
}

// fieldView is a field's values before and after, for people.
type fieldView struct{ Label, Before, After string }

// Changed are the periods that the write has changed, field by field.
func (e entryView) Changed() []changeView {
	var out []changeView
	for _, c := range e.Changes {
		v := changeView{ID: c.ID(), Added: c.Before == nil, Removed: c.After == nil}
		for _, f := range c.Fields() {
			view := fieldView{fieldLabels[f.Name], f.Before, f.After}
			if f.Instant() {
				view.Before, view.After = e.instant(f.Before), e.instant(f.After)
			} else if f.Name == "enabled" || f.Name == "emergency" {
				view.Before, view.After = yesNo(f.Before), yesNo(f.After)
			}
			if e.unremarkable(v, f) {
				continue
			}
			v.Fields = append(v.Fields, view)
		}
		out = append(out, v)
	}
	return out
}

// unremarkable reports whether a field of a period that is new or gone says only what the
// line says anyway.
func (e entryView) unremarkable(c changeView, f core.FieldChange) bool {
	if !c.Added && !c.Removed {
		return false
	}
	switch value := f.After + f.Before; f.Name {
	case "enabled":
		return value == "true"
	case "emergency":
		return value == "false"
	case "holder":
		return value == e.Actor
	case "kind":
		return e.Action == core.ActionStart || e.Action == core.ActionSchedule || value == string(core.Deployment)
	}
	return false
}

var fieldLabels = map[string]string{
	"kind": "Kind", "start": "Start", "end": "End", "expected_end": "Expected end", "enabled": "Enabled",
	"emergency": "Emergency", "reason": "Reason", "holder": "Holder",
}

// instant is an instant of the log in the operator's zone.
func (e entryView) instant(text string) string {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return text
	}
	at := e.Clock.At(t)
	if utc := e.Clock.UTC(t); utc != "" {
		at += " (" + utc + ")"
	}
	return at
}

func yesNo(text string) string {
	switch text {
	case "true":
		return "yes"
	case "false":
		return "no"
	}
	return text
}
