package admin

import (
	"bytes"
	"net/http"
	"strings"
	"time"

	"github.com/go-downtime/downtime/core"
)

// visitorsPage shows the answers that visitors get, or would get.
type visitorsPage struct {
	page

	Status   int
	Headers  []string
	JSON     string
	Text     string
	Redirect string // the target for browsers; "" if they get a page
}

// visitors is GET /visitors: the answers of the gate itself.
func (s *site) visitors(w http.ResponseWriter, r *http.Request) {
	p := visitorsPage{page: s.page(w, r, "visitors", "What visitors get")}
	text, json, html := s.answer(r, "text/plain"), s.answer(r, "application/json"), s.answer(r, "text/html")
	p.Status, p.Text, p.JSON = text.code, text.body.String(), json.body.String()
	p.Redirect = html.Header().Get("Location")
	for _, name := range []string{"Retry-After", "Downtime", "Cache-Control", "Vary"} {
		if value := text.Header().Get(name); value != "" {
			p.Headers = append(p.Headers, name+": "+value)
		}
	}
	w.Header().Set("Content-Security-Policy", framed)
	s.render(w, http.StatusOK, "visitors.html", p)
}

// visitorsPage is GET /visitors.htm: the page that browsers get, for the frame. With the query
// of a preview, it is the page that they would get. It is markup of the application, so it is
// shown without scripts, forms and an origin.
func (s *site) visitorsPage(w http.ResponseWriter, r *http.Request) {
	answer := s.answer(r, "text/html")
	if c := previewed(r); c != nil {
		answer = s.answerTo(r, "text/html", r.URL.Query().Get("lang"), c)
	}
	h := w.Header()
	h.Set("Content-Security-Policy", sandboxed(answer.Header().Values("Content-Security-Policy")))
	h.Set("X-Frame-Options", "SAMEORIGIN")
	h.Set("Content-Type", answer.Header().Get("Content-Type"))
	if r.Method != http.MethodHead {
		_, _ = w.Write(answer.body.Bytes()) // an error means that the client has gone
	}
}

// sandboxed are the policies of a page in a sandbox that only this site may frame. The page's own
// policies stay, without their directives about sandbox and frame: if a policy has a directive
// twice, browsers follow the first.
func sandboxed(policies []string) string {
	var out []string
	for policy := range strings.SplitSeq(strings.Join(policies, ","), ",") {
		var kept []string
		for directive := range strings.SplitSeq(policy, ";") {
			words := strings.Fields(directive)
			if len(words) > 0 && !strings.EqualFold(words[0], "frame-ancestors") && !strings.EqualFold(words[0], "sandbox") {
				kept = append(kept, strings.Join(words, " "))
			}
		}
		if kept != nil {
			out = append(out, strings.Join(kept, "; "))
		}
	}
	return strings.Join(append(out, "sandbox; frame-ancestors 'self'"), ", ")
}

// answer is the gate's answer to a visitor who accepts this type. If the site is up, it is
// the answer to a downtime that begins now and has no reason.
func (s *site) answer(r *http.Request, accept string) *recorder {
	closure := s.gate.Status().Closure
	if closure == nil {
		closure = &core.Closure{Cause: core.CausePeriod, Since: time.Now().UTC()}
	}
	return s.answerTo(r, accept, "", closure)
}

// answerTo is the gate's answer under this closure. language "" is the operator's.
func (s *site) answerTo(r *http.Request, accept, language string, closure *core.Closure) *recorder {
	w := &recorder{header: http.Header{}}
	visitor := r.Clone(r.Context())
	visitor.Method = http.MethodGet
	visitor.Header = http.Header{"Accept": {accept}, "Accept-Language": r.Header["Accept-Language"]}
	if language != "" {
		visitor.Header.Set("Accept-Language", language)
	}
	s.gate.Respond(w, visitor, core.Decision{Outcome: core.Blocked, Closure: closure})
	return w
}

// recorder keeps an answer instead of sending it.
type recorder struct {
	header http.Header
	code   int
	body   bytes.Buffer
}

func (w *recorder) Header() http.Header { return w.header }

func (w *recorder) WriteHeader(code int) {
	if w.code == 0 {
		w.code = code
	}
}

func (w *recorder) Write(b []byte) (int, error) { return w.body.Write(b) }
