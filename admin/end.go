package admin

import (
	"errors"
	"net/http"

	"github.com/go-downtime/downtime/core"
)

// end is POST /end: one period is over, if it is still as the operator saw it.
func (s *site) end(w http.ResponseWriter, r *http.Request) {
	id, version, ok := s.readTarget(w, r)
	if !ok {
		return
	}
	actor, origin := s.who(r)
	res, err := core.End(r.Context(), marked{s.store}, core.EndOptions{ID: id, Version: version, Actor: actor, Origin: origin})
	s.ended(w, r, res, err)
}

// endAll is POST /end-all: everything in force is over, if nothing was begun since the
// operator looked. Over a document that is lost it begins anew: if it is still lost, that is, of which
// no revision is left.
func (s *site) endAll(w http.ResponseWriter, r *http.Request) {
	f, err := readForm(r, "revision", "anew")
	if err != nil {
		s.refuseForm(w, r, err)
		return
	}
	actor, origin := s.who(r)
	var revision int64
	if !f.checked("anew") {
		if revision, err = f.number("revision"); err != nil {
			s.refuseForm(w, r, err)
			return
		}
	}
	res, err := core.End(r.Context(), marked{s.store}, core.EndOptions{All: true, Revision: &revision, Actor: actor, Origin: origin})
	if err == nil && res.Before == nil {
		s.done(w, r, "./", "anew", res)
		return
	}
	s.ended(w, r, res, err)
}

func (s *site) ended(w http.ResponseWriter, r *http.Request, res core.Result, err error) {
	if err == nil {
		s.done(w, r, "./", "ended", res, res.Ended...)
		return
	}
	p := nowPage{page: s.page(w, r, "now", ""), Start: newForm()}
	status, conflict, failure := explain(err, "Nothing was ended. Below is how things stand now.")
	if errors.Is(err, core.ErrNothingToEnd) || errors.Is(err, core.ErrNotInForce) {
		status, conflict, failure = http.StatusConflict, "It is not in force any more: somebody else has ended it, or it has run out. Nothing was ended.", ""
	}
	p.Conflict, p.Failure = conflict, failure
	s.showNow(w, status, p)
}
