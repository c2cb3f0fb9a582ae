package admin

import (
	"errors"
	"log/slog"
	"net/http"

	"github.com/go-downtime/downtime/core"
)

// done goes on after a write, with the next page, which says what was done.
func (s *site) done(w http.ResponseWriter, r *http.Request, to, code string, res core.Result, periods ...core.Period) {
	s.note(r, code, res, periods...)
	leaveNotice(w, r, code, periods...)
	redirect(w, to)
}

// note is what follows a write: this instance reads it, and the Logger has a line.
func (s *site) note(r *http.Request, code string, res core.Result, periods ...core.Period) {
	actor, origin := s.who(r)
	ids := []string{}
	for _, p := range periods {
		ids = append(ids, p.ID)
	}
	s.log.LogAttrs(r.Context(), slog.LevelInfo, "operator's page", slog.String("done", code), slog.Any("periods", ids),
		slog.Int64("revision", res.After.Mark().Revision), slog.String("actor", actor), slog.String("origin", origin))
	_ = s.gate.Refresh(r.Context()) // its status says what became of it
}

// explain says what became of a write that failed, in words for the operator: as a
// conflict with somebody else's, or as a failure. kept is what to add to a conflict.
func explain(err error, kept string) (status int, conflict, failure string) {
	switch {
	case errors.Is(err, core.ErrConflict), errors.Is(err, core.ErrNotFound), errors.Is(err, core.ErrInForce), errors.Is(err, core.ErrNotInForce):
		return http.StatusConflict, "Somebody else was faster: this has changed since you loaded the page. " + kept, ""
	case errors.Is(err, core.ErrUnconfirmed):
		return http.StatusServiceUnavailable, "", "Nobody knows whether this was written: it could not be read back. Look at the state and at the log before you do it again. " + err.Error()
	case errors.Is(err, core.ErrReadOnly):
		return http.StatusServiceUnavailable, "", "Nothing was written: this application may only read its store. Use the command, where the store can be written. " + err.Error()
	case errors.Is(err, core.ErrLost):
		return http.StatusServiceUnavailable, "", "Nothing was written: the store has lost its document, and refuses everything but to begin anew. " + err.Error()
	}
	if fault, ok := errors.AsType[*core.FieldError](err); ok && !isStoreFault(err) {
		return http.StatusUnprocessableEntity, "", "Nothing was written: " + fault.Error() + "."
	}
	return http.StatusServiceUnavailable, "", "Nothing was written: the store did not answer as it should. " + err.Error()
}

// refuseForm answers a body that is no form of this page.
func (s *site) refuseForm(w http.ResponseWriter, r *http.Request, err error) {
	status := http.StatusBadRequest
	if f, ok := errors.AsType[*formError](err); ok {
		status = f.status
	}
	s.refuse(w, r, inside(s.cfg.Path, r.URL.Path), status, err.Error())
}
