package admin

import (
	"net/http"
	"slices"
	"time"

	"github.com/go-downtime/downtime/period"
)

const (
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
	d := deedOf(e)
	if d.code == "" {
		return nil
	}
	n := &notice{Code: d.code, Text: d.text, More: e.Omitted}
	for _, c := range e.Changes {
		n.IDs = append(n.IDs, c.ID())
	}
	return n
}
