package admin

import (
	"log/slog"
	"net/http"
	"slices"

	"github.com/go-downtime/downtime/internal/visible"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
)

// done redirects after a write to a page that tells of it.
func (s *site) done(w http.ResponseWriter, r *http.Request, to string, res operator.Result) {
	if e, ok := entryOf(res); ok {
		s.setCookie(w, noticeCookie, e.Write, noticeTime)
	}
	s.note(r, res)
	s.redirect(w, to)
}

// entryOf is the entry of the log that a write made.
func entryOf(res operator.Result) (period.Entry, bool) {
	entries, _ := res.After.Log.Entries() // the other entries are still valid
	made := res.Before.Mark().Revision + 1
	i := slices.IndexFunc(entries, func(e period.Entry) bool { return e.Revision == made })
	if i < 0 {
		return period.Entry{}, false
	}
	return entries[i], true
}

// note logs a write and has this instance read it.
func (s *site) note(r *http.Request, res operator.Result) {
	done := "written"
	if e, ok := entryOf(res); ok {
		done = deedOf(e).code
	}
	ids := []string{}
	periods := res.Ended
	if res.Period.ID != "" {
		periods = []period.Period{res.Period}
	}
	for _, p := range periods[:min(len(periods), maxShown)] {
		ids = append(ids, p.ID)
	}
	who := s.operator(r)
	attrs := []slog.Attr{
		slog.String("done", done), slog.Any("periods", ids), slog.Int64("revision", res.After.Mark().Revision),
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
