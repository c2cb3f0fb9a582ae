package admin

import (
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/go-downtime/downtime/internal/visible"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
)

// done redirects after a write to a page that tells of it.
func (s *site) done(w http.ResponseWriter, r *http.Request, to string, res operator.Result) {
	periods := res.Ended
	if res.Period.ID != "" {
		periods = []period.Period{res.Period}
	}
	s.note(r, s.leaveNotice(w, res), res, periods...)
	s.redirect(w, to)
}

// note logs a write and has this instance read it.
func (s *site) note(r *http.Request, code string, res operator.Result, periods ...period.Period) {
	ids := []string{}
	for _, p := range periods[:min(len(periods), maxShown)] {
		ids = append(ids, p.ID)
	}
	who := s.operator(r)
	attrs := []slog.Attr{
		slog.String("done", code), slog.Any("periods", ids), slog.Int64("revision", res.After.Mark().Revision),
		slog.String("actor", visible.Line(who.Actor)), slog.String("origin", visible.Line(who.Origin)),
	}
	if more := len(periods) - len(ids); more > 0 {
		attrs = append(attrs, slog.Int("omitted", more))
	}
	if res.Kept != "" {
		attrs = append(attrs, slog.String("kept", res.Kept))
	}
	s.log.LogAttrs(r.Context(), slog.LevelInfo, "operator's page", attrs...)
	_ = s.gate.Refresh(r.Context()) // Status holds the error
}

// explain says why a write failed: as a conflict, or as a failure. next is added to a conflict
// and describes the page below it. The page is for operators, so a failure includes the text of
// the store.
func explain(err error, next string) (status int, conflict, failure string) {
	fault := operator.Explain(err)
	switch {
	case fault.Code == operator.CodeNotFound:
		return http.StatusConflict, fault.Text + " It was ended or deleted since you loaded the page. " + next, ""
	case raced[fault.Code]:
		return http.StatusConflict, fault.Text + " " + next, ""
	case fault.Code == operator.CodeInvalid:
		return http.StatusUnprocessableEntity, "", fault.Text
	}
	return http.StatusServiceUnavailable, "", fault.Text + " " + err.Error()
}

// refuseForm answers a body that is not a form of this page.
func (s *site) refuseForm(w http.ResponseWriter, r *http.Request, err error) {
	status := http.StatusBadRequest
	if f, ok := errors.AsType[*formError](err); ok {
		status = f.status
	}
	s.refuse(w, r, inside(s.cfg.Path, r.URL.Path), status, err.Error())
}

const (
	noticeCookie = "downtime_notice"
	// noticeTime is how long after a write a page tells of it.
	noticeTime = time.Minute
	// noticeZone tells of the operator's time zone and not of a write.
	noticeZone = "zone"
)

// notice reports the operator's last write. The next page shows it once. The cookie only names
// the write, by a random half of its id, and the text comes from the document's log. So a forged
// cookie tells of nothing, and every instance can show the notice.
type notice struct {
	Code string
	Text string
	IDs  []string
	More int // periods that are not in IDs
}

// noticeTexts are the texts of notices by code.
var noticeTexts = map[string]string{
	"started":  "The site was taken down",
	"changed":  "Your downtime was changed",
	"ended":    "Ended",
	"anew":     "The store has a new, empty document",
	"planned":  "A window was scheduled",
	"edited":   "Saved",
	"enabled":  "Enabled",
	"disabled": "Disabled",
	"deleted":  "Deleted",
}

// leaveNotice leaves a notice of a write for the next page, and returns its code.
func (s *site) leaveNotice(w http.ResponseWriter, res operator.Result) (code string) {
	entries, _ := res.After.Log.Entries() // the other entries are still valid
	written := res.Before.Mark().Revision + 1
	i := slices.IndexFunc(entries, func(e period.Entry) bool { return e.Revision == written })
	if i < 0 {
		return "written"
	}
	s.setCookie(w, noticeCookie, entries[i].Write, noticeTime)
	if n := noticeOf(entries[i]); n != nil {
		code = n.Code
	}
	return code
}

// takeNotice returns the notice that was left for this operator and removes it; nil if there
// is none.
func (s *site) takeNotice(w http.ResponseWriter, r *http.Request, v seen) *notice {
	left := s.cookie(r, noticeCookie)
	if left == "" {
		return nil
	}
	s.setCookie(w, noticeCookie, "", -time.Second)
	if left == noticeZone {
		return &notice{Code: noticeZone, Text: "Times are shown in " + v.Clock.ZoneName()}
	}
	if v.Document == nil {
		return nil
	}
	entries, _ := v.Document.Log.Entries()
	i := slices.IndexFunc(entries, func(e period.Entry) bool {
		return e.Write == left && e.Actor == s.operator(r).Actor && v.Time.Sub(e.Time).Abs() <= noticeTime
	})
	if i < 0 {
		return nil
	}
	return noticeOf(entries[i])
}

// noticeOf is the notice of a write; nil if no page makes such writes.
func noticeOf(e period.Entry) *notice {
	n := &notice{More: e.Omitted}
	switch e.Action {
	case period.ActionStart:
		n.Code = "started"
	case period.ActionChange:
		n.Code = "changed"
	case period.ActionEnd:
		if n.Code = "ended"; e.Anew != "" {
			n.Code = "anew"
		}
	case period.ActionSchedule:
		n.Code = "planned"
	case period.ActionEdit:
		n.Code = editCode(e)
	case period.ActionCancel:
		n.Code = "deleted"
	default:
		return nil
	}
	n.Text = noticeTexts[n.Code]
	for _, c := range e.Changes {
		n.IDs = append(n.IDs, c.ID())
	}
	return n
}

// editCode is "enabled" or "disabled" if the edit changed nothing else.
func editCode(e period.Entry) string {
	if len(e.Changes) == 1 {
		if f := e.Changes[0].Fields(); len(f) == 1 && f[0].Name == "enabled" {
			return map[string]string{"true": "enabled", "false": "disabled"}[f[0].After]
		}
	}
	return "edited"
}
