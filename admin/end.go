package admin

import (
	"net/http"

	"github.com/go-downtime/downtime/operator"
)

// end is POST /end: it ends one period, if that still has the version of the form.
func (s *site) end(w http.ResponseWriter, r *http.Request) {
	id, version, ok := s.readTarget(w, r)
	if !ok {
		return
	}
	res, err := s.operator(r).End(r.Context(), operator.EndOptions{ID: id, IfVersion: &version})
	s.ended(w, r, res, err)
}

// endAll is POST /end-all: it ends all periods in force, if the document still has the
// revision of the form. If the document is lost, the revision is 0, and a new document is begun.
func (s *site) endAll(w http.ResponseWriter, r *http.Request) {
	f, err := readForm(r, "revision", "anew")
	if err != nil {
		s.refuseForm(w, r, err)
		return
	}
	var revision int64
	if !f.checked("anew") {
		if revision, err = f.number("revision"); err != nil {
			s.refuseForm(w, r, err)
			return
		}
	}
	res, err := s.operator(r).End(r.Context(), operator.EndOptions{All: true, IfRevision: &revision})
	if err == nil && res.Before == nil {
		s.done(w, r, "./", "anew", res)
		return
	}
	s.ended(w, r, res, err)
}

func (s *site) ended(w http.ResponseWriter, r *http.Request, res operator.Result, err error) {
	if err == nil {
		s.done(w, r, "./", "ended", res, res.Ended...)
		return
	}
	p := nowPage{page: s.page(w, r, "now", ""), Start: newForm()}
	var status int
	status, p.Conflict, p.Failure = explain(err, "Below is the current state.")
	s.showNow(w, status, p)
}
