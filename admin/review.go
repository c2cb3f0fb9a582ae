package admin

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/internal/dry"
	"github.com/go-downtime/downtime/internal/wire"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

// act is a change that an operator asks for by a form.
type act struct {
	do func(o operator.Operator) (operator.Result, error)
	to string // the page after it
	// show answers a form with faults, and an error as a conflict or a failure, see [explain].
	show func(status int, conflict, failure string)
	next string // describes the page below a conflict
	// names are the fields of the form by those of a fault, where they differ. Nil means that the form
	// shows no faults of fields.
	names map[string]string
}

// perform does what f asks for. If that takes the site down, opens it, or discards a period, the
// first answer is a review. Only the form of the review makes the change, and only if its effect
// is still the reviewed one.
func (s *site) perform(w http.ResponseWriter, r *http.Request, f form, a act) {
	if !f.ok() {
		a.show(http.StatusUnprocessableEntity, "", "")
		return
	}
	trial := s.operator(r)
	trial.Store = dry.Store(trial.Store)
	res, err := a.do(trial)
	if err == nil {
		if e := effectOf(res); e.Serious() && f.Values["reviewed"] != e.mark() {
			s.review(w, r, f, e)
			return
		}
		res, err = a.do(s.operator(r))
	}
	switch {
	case err == nil:
		s.done(w, r, a.to, res)
	case a.names != nil && f.take(err, a.names):
		a.show(http.StatusUnprocessableEntity, "", "")
	default:
		a.show(explain(err, a.next))
	}
}

// effect is the difference that a change makes for visitors and for the schedule.
type effect struct {
	Was, Is period.Verdict
	// Begun are in force only after the change. A period that the change adds has no id, because each
	// trial gives it another.
	Begun   []period.Period
	Ended   []period.Period // in force only before it
	Removed []period.Period // not in force, and in the document only before it
	Stay    []period.Period // in force before and after it
	// ByItself is when the site opens by itself after the change, as [seen.Opens].
	ByItself time.Time
	Anew     bool // a new document replaces one that is lost or cannot be read
}

func effectOf(res operator.Result) effect {
	before, after := wire.Found{State: operator.State{Document: res.Before, Time: res.Time}}, wire.Found{State: res.State()}
	was, is := before.InForce(), after.InForce()
	e := effect{
		Was: before.Verdict(), Is: after.Verdict(), Anew: res.Before == nil && res.Ended != nil,
		ByItself: opens(slices.Values(after.Periods()), res.Time),
		Begun:    without(is, was), Ended: without(was, is), Removed: without(before.Periods(), slices.Concat(after.Periods(), was)),
	}
	e.Stay = without(was, e.Ended)
	e.Removed = slices.DeleteFunc(e.Removed, func(p period.Period) bool { return p.Finished(res.Time) })
	for i, p := range e.Begun {
		if _, known := res.Before.Find(p.ID); !known {
			e.Begun[i].ID = ""
		}
	}
	return e
}

// without are the periods whose id no other has, as a new slice.
func without(periods, others []period.Period) []period.Period {
	other := map[string]bool{}
	for _, p := range others {
		other[p.ID] = true
	}
	return slices.DeleteFunc(slices.Clone(periods), func(p period.Period) bool { return other[p.ID] })
}

// Serious reports whether the change is to be reviewed.
func (e effect) Serious() bool {
	return e.Anew || len(e.Begun)+len(e.Ended)+len(e.Removed) > 0
}

// TakesDown and Opens report whether the change does so, as far as the store decides it.
func (e effect) TakesDown() bool { return !e.Was.Down && e.Is.Down }

// Opens is the opposite of TakesDown.
func (e effect) Opens() bool { return e.Was.Down && !e.Is.Down }

// Unheld reports that a begun period asks to hold requests, and that another period refuses them.
func (e effect) Unheld() bool {
	return e.Is.Hold == 0 && slices.ContainsFunc(e.Begun, func(p period.Period) bool { return p.HoldSeconds > 0 })
}

// mark identifies the effect.
func (e effect) mark() string {
	words := []string{fmt.Sprintf("down=%t anew=%t", e.Is.Down, e.Anew)}
	for _, part := range [][]period.Period{e.Begun, e.Ended, e.Removed} {
		words = append(words, ",")
		for _, p := range part {
			words = append(words, p.ID)
		}
	}
	return string(store.TokenOf([]byte(strings.Join(words, " "))))
}

// words are the title of the review, and the text of the button that makes the change.
func (e effect) words() (question, do string) {
	switch {
	case e.Anew:
		return "Begin anew, and open the site?", "Begin anew, and open the site"
	case e.TakesDown():
		return "Take the site down?", "Take the site down now"
	case e.Opens() && len(e.Ended) == 1:
		return "Open the site?", "End it and open the site"
	case e.Opens():
		return "Open the site?", "End all and open the site"
	case len(e.Begun) > 0:
		return "Hold the site down for another reason as well?", "Hold the site down as well"
	case len(e.Ended) == 1:
		return "End this downtime? The site stays down", "End it; the site stays down"
	case len(e.Ended) > 1:
		return "End these periods? The site stays down", "End it; the site stays down"
	}
	return "Delete this period?", "Delete it"
}

// reviewPage shows the effect of a change before it is made.
type reviewPage struct {
	page
	effect

	Do     string // the text of the button
	Action string // of the form
	Form   form
	Mark   string
	Text   string // what programs of visitors get while down, in the first of Languages
	// Languages are those of refusals.
	Languages []string
	Preview   string // the page that browsers get, as a link within the mount; "" if it is too long
}

// Lasts is how long the site is down, counted from now; "" if that is not known.
func (p reviewPage) Lasts() string {
	if p.Is.Until.IsZero() || !p.Is.Until.After(p.Time) {
		return ""
	}
	return span(roughly(p.Is.Until.Sub(p.Time)))
}

// review answers with the effect of a change that was not made.
func (s *site) review(w http.ResponseWriter, r *http.Request, f form, e effect) {
	question, do := e.words()
	p := reviewPage{
		page: s.page(w, r, "review", question), effect: e, Do: do,
		Action: strings.TrimPrefix(r.URL.Path, "/"), Form: f, Mark: e.mark(),
	}
	if f.Values["zone"] != "" {
		p.Clock.Zone = f.zone(p.Clock.Zone)
	}
	delete(p.Form.Values, "reviewed")
	if is := e.Is; is.Down {
		preview := period.Period{
			ID: "preview", Kind: period.Window, Version: 1, Start: is.Since, ExpectedEnd: is.Until, Emergency: is.Emergency,
			Reason: is.Governing.Reason, ReasonLang: is.Governing.ReasonLang, Reasons: is.Governing.Reasons,
		}
		p.Languages = s.gate.Status().Languages
		for _, tag := range preview.Reasons.Languages() {
			if !slices.Contains(p.Languages, tag) {
				p.Languages = append(p.Languages, tag)
			}
		}
		p.Text = s.answerTo(r, "text/plain", p.Languages[0], closureOf(preview)).body.String()
		p.Preview = previewLink(preview)
	}
	w.Header().Set("Content-Security-Policy", framed)
	s.render(w, http.StatusOK, "review.html", p)
}

// maxPreview is the longest link to a preview. Proxies refuse longer lines.
const maxPreview = 4 << 10

// previewLink is the link to the page that visitors get during p; "" if it is too long.
func previewLink(p period.Period) string {
	b, err := json.Marshal(p)
	if link := "visitors.htm?preview=" + url.QueryEscape(string(b)); err == nil && len(link) <= maxPreview {
		return link
	}
	return ""
}

// previewed is the closure of a link of previewLink; nil if r has another one.
func previewed(r *http.Request) *core.Closure {
	var p period.Period
	if json.Unmarshal([]byte(r.URL.Query().Get("preview")), &p) != nil || p.Validate() != nil {
		return nil
	}
	return closureOf(p)
}

// closureOf is the closure that visitors see during p.
func closureOf(p period.Period) *core.Closure {
	return &core.Closure{
		Cause: core.CausePeriod, Reason: p.Reason, ReasonLang: p.ReasonLang, Reasons: p.Reasons,
		Emergency: p.Emergency, Since: p.Start, Until: p.ExpectedEnd,
	}
}
