package admin

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/go-downtime/downtime/period"
)

// fewEntries is how many entries of the log are shown by default.
const fewEntries = 50

// logPage lists the last writes: who, what, when, from where, and old and new values.
type logPage struct {
	page

	Failure string
	Entries []entryView
	More    bool // there are older entries
}

// entryView is an entry as the page shows it.
type entryView struct {
	period.Entry

	Clock clock
}

// journal is GET /log.
func (s *site) journal(w http.ResponseWriter, r *http.Request) {
	p := logPage{page: s.page(w, r, "log", "Log")}
	err := p.Err
	var entries []period.Entry
	if p.Document != nil {
		entries, err = p.Document.Log.Entries()
	}
	if err != nil {
		p.Failure = err.Error()
	}
	most := fewEntries
	if r.URL.Query().Get("all") != "" {
		most, p.Query = period.MaxEntries, "all=yes"
	}
	p.More = len(entries) > most
	for _, e := range entries[:min(len(entries), most)] {
		p.Entries = append(p.Entries, entryView{e, p.Clock})
	}
	s.render(w, http.StatusOK, "log.html", p)
}

// What is the action with its periods and, if it ended downtime, how long that lasted.
func (e entryView) What() string {
	words := []string{cmp.Or(deeds[e.Action].did, string(e.Action))}
	for _, c := range e.Changes[:min(len(e.Changes), fewIDs)] {
		words = append(words, c.ID())
	}
	text := strings.Join(words, " ")
	if more := len(e.Changes) + e.Omitted - fewIDs; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	if e.Action == period.ActionEnd && len(e.Changes) == 1 && e.Changes[0].Before != nil {
		began := cmp.Or(e.Changes[0].Before.DownSince, e.Changes[0].Before.Start)
		text += ", after " + span(e.Time.Sub(began))
	}
	return text
}

// changeView is a change of one period, by field.
type changeView struct {
	ID             string
	Added, Removed bool
	Fields         []fieldView
}

// fieldView is a field's values before and after, for people.
type fieldView struct{ Label, Before, After string }

// Changed are the periods that the write changed, field by field.
func (e entryView) Changed() []changeView {
	var out []changeView
	for _, c := range e.Changes {
		v := changeView{ID: c.ID(), Added: c.Before == nil, Removed: c.After == nil}
		for _, f := range c.Fields() {
			view := fieldView{fieldLabels[f.Name], f.Before, f.After}
			if tag, ok := strings.CutPrefix(f.Name, "reasons."); ok {
				view.Label = labelOf(inLanguage + tag)
			}
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

// unremarkable reports whether a field of an added or removed period has its usual value, or
// one that the line shows already.
func (e entryView) unremarkable(c changeView, f period.FieldChange) bool {
	if !c.Added && !c.Removed {
		return false
	}
	switch value := f.After + f.Before; f.Name {
	case "enabled":
		return value == "true"
	case "emergency":
		return value == "false"
	case "holder", "job":
		return value == e.Actor
	case "kind":
		return e.Action == period.ActionStart || e.Action == period.ActionSchedule || value == string(period.Deployment)
	}
	return false
}

var fieldLabels = map[string]string{
	"kind": "Kind", "start": "Start", "end": "End", "expected_end": "Expected end", "enabled": "Enabled",
	"emergency": "Emergency", "hold": "Hold", "reason": "Reason", "reason_lang": "Language", "holder": "Holder", "job": "Job", "bypass": "Bypasses",
}

// instant is an instant of the log in the operator's time zone.
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
