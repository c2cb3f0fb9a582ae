// Package answer writes refusals: it negotiates form and language, renders bodies and
// Retry-After, redirects, and replaces headers of outer middleware. The caller gives the content
// as [Facts]. The package knows no gate, no period and no store.
package answer

import (
	"io"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Answers are the refusals of one closed state, rendered once for each form and language that a
// client asks for: whole bodies, and header values that are assigned as they are. All responses share
// these slices: middleware may Set or Add a header, but must not write to their elements.
// Answers are safe for concurrent use.
type Answers struct {
	settings  *Settings
	facts     Facts
	reasons   reasons
	onFault   func(error)
	downtime  []string     // of the Downtime header, an item of RFC 9651
	languages []localized  // by the language of the page, then by that of the reason
	rare      atomic.Int64 // how many rare pairs of languages were asked for
	retry     atomic.Pointer[retryAfter]
}

// localized are the answers in one language. Index 0 is for requests that sent nothing, and 1 for
// those that sent something.
type localized struct {
	forms [2]lazy[[formats]answer] // without the page; of HTML: the fragment
	pages [2]lazy[answer]
	first sync.Once // the first request for a rare pair
	kept  bool      // of a rare pair: its answers are kept
}

// maxRare is for how many rare pairs answers are kept: the pairs whose reason is not the usual one
// for the language of the page. Clients choose the pairs. With 32 reasons of 4 KiB, the answers of all
// pairs are 66 MB.
const maxRare = 64

// keeps reports whether the answers in this language with this reason are kept.
func (a *Answers) keeps(l, reason language) bool {
	if a.reasons.texts == nil || a.reasons.usual[l] == reason {
		return true
	}
	v := a.in(l, reason)
	v.first.Do(func() { v.kept = a.rare.Add(1) <= maxRare })
	return v.kept
}

// lazy is rendered for the first client that needs it: a gate must close without delay, and few sites
// need all languages.
type lazy[T any] struct {
	once  sync.Once
	value *T
}

// answer is one refusal in one form and language. With the headers that all refusals
// share it has at most eight. A ninth would grow the header map of every response.
type answer struct {
	contentType     []string
	contentLanguage []string // nil for a page of the application, which may be in any language
	csp             []string // nil for none
	// contentLength is indexed by the digits of Retry-After, which the JSON body holds.
	// Other forms use index 0.
	contentLength [maxRetryDigits + 1][]string
	body          []byte // of JSON: without the last member
}

const maxRetryDigits = 6 // of a day and its spread

var (
	contentTypes = [formats][]string{
		formatText: {"text/plain; charset=utf-8"},
		formatHTML: {"text/html; charset=utf-8"},
		formatJSON: {"application/problem+json"},
	}
	cacheNoStore  = []string{"no-store"}
	optionNosniff = []string{"nosniff"}
	lengthZero    = []string{"0"}
)

// Prepare renders the answers for f, with the Retry-After of now. onFault is called when
// an own template fails that had passed New, at most once for each page, on the
// goroutine of the request that needed it. The built-in page is sent instead. A nil
// onFault drops the fault.
func (s *Settings) Prepare(f Facts, now time.Time, onFault func(error)) *Answers {
	a := &Answers{settings: s, facts: f, onFault: onFault, downtime: []string{"down;kind=" + f.Kind}}
	a.reasons = newReasons(f, s.catalog)
	a.languages = make([]localized, len(s.catalog.languages)*a.reasons.count())
	a.Tick(now)
	return a
}

// sends reports whether a request of this method asks the application to do something, which the
// refusal prevents. An unknown method does.
func sends(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace, "QUERY", "PROPFIND", "REPORT":
		return false
	}
	return true
}

// form is the answer in this form and language, with this reason, but not the page.
func (a *Answers) form(f format, l, reason language, sent bool) *answer {
	if !a.keeps(l, reason) {
		return &a.renderForms(l, reason, sent)[f]
	}
	v := &a.in(l, reason).forms[index(sent)]
	v.once.Do(func() { v.value = a.renderForms(l, reason, sent) })
	return &v.value[f]
}

func (a *Answers) renderForms(l, reason language, sent bool) *[formats]answer {
	m := &a.settings.catalog.languages[l]
	p := a.settings.newPage(a.reasons.apply(a.facts, reason), m, sent)
	tag := []string{m.tag}
	return &[formats]answer{
		formatText: newAnswer(formatText, renderText(m, p), tag),
		formatHTML: newAnswer(formatHTML, renderFragment(m, p), tag),
		formatJSON: newAnswer(formatJSON, renderProblem(m, p), tag),
	}
}

// in are the answers in this language with this reason.
func (a *Answers) in(l, reason language) *localized {
	return &a.languages[int(l)*a.reasons.count()+int(reason)]
}

func index(sent bool) int {
	if sent {
		return 1
	}
	return 0
}

// Tick prepares Retry-After for now, and returns when it changes next. Zero means never.
func (a *Answers) Tick(now time.Time) (next time.Time) {
	r, next := a.settings.retry.at(a.facts.Until, now)
	a.retry.Store(r)
	return next
}

// page is the HTML page in this language, with this reason.
func (a *Answers) page(l, reason language, sent bool) *answer {
	if !a.keeps(l, reason) {
		rendered, _ := a.renderPage(l, reason, sent) // a fault of the template is told for a page that is kept
		return rendered
	}
	v := &a.in(l, reason).pages[index(sent)]
	v.once.Do(func() {
		rendered, err := a.renderPage(l, reason, sent)
		if err != nil && a.onFault != nil {
			a.onFault(err)
		}
		v.value = rendered
	})
	return v.value
}

// renderPage returns the built-in page with the error of an own template.
func (a *Answers) renderPage(l, reason language, sent bool) (*answer, error) {
	page := a.settings.newPage(a.reasons.apply(a.facts, reason), &a.settings.catalog.languages[l], sent)
	body, csp, err := a.settings.page.render(page)
	rendered := newAnswer(formatHTML, body, nil)
	if csp != "" {
		rendered.csp = []string{csp}
	}
	if a.settings.page.builtin() || err != nil {
		rendered.contentLanguage = []string{page.Lang}
	}
	return &rendered, err
}

func newAnswer(f format, body []byte, language []string) answer {
	v := answer{contentType: contentTypes[f], contentLanguage: language, body: body}
	for digits := range v.contentLength {
		length := len(body)
		if f == formatJSON {
			length += len(`,"retry_after":`) + digits + len("}\n")
		}
		v.contentLength[digits] = []string{strconv.Itoa(length)}
	}
	return v
}

// Write answers r with the refusal in the form and language that r asks for, or with the
// redirect. It then reads and drops the request's body, see [Settings.Linger].
func (a *Answers) Write(w http.ResponseWriter, r *http.Request) {
	a.write(w, r)
	a.settings.Linger(w, r)
}

func (a *Answers) write(w http.ResponseWriter, r *http.Request) {
	f, page := a.settings.form(r)
	h := w.Header()
	retry, encoded, answered := a.setShared(w, r)
	if answered {
		return
	}
	if to := a.settings.redirect; to != nil && page && to.applies(r) {
		h["Location"] = to.location
		delete(h, "Content-Type") // there is no content
		delete(h, "Retry-After")  // on a 3xx it delays the redirect (RFC 9110 section 10.2.3)
		if !encoded {
			h["Content-Length"] = lengthZero
		}
		w.WriteHeader(http.StatusFound)
		return
	}
	accept := r.Header["Accept-Language"]
	l := a.settings.catalog.lookup.negotiate(accept)
	reason := a.reasons.negotiate(accept, l)
	var v *answer
	if sent := sends(r.Method); page {
		v = a.page(l, reason, sent)
	} else {
		v = a.form(f, l, reason, sent)
	}
	h["Content-Type"] = v.contentType
	if f != formatHTML { // HTML needs no guess about its type, and has other headers
		h["X-Content-Type-Options"] = optionNosniff
	}
	if v.contentLanguage != nil {
		h["Content-Language"] = v.contentLanguage
	}
	if v.csp != nil {
		h["Content-Security-Policy"] = v.csp
	}
	if !encoded {
		h["Content-Length"] = v.contentLength[retry.digits]
	}
	frame := ""
	if f == formatHTML && !page {
		if frame = turboFrame(r); frame != "" {
			delete(h, "Content-Length")
		}
	}
	w.WriteHeader(a.settings.status)
	if r.Method == http.MethodHead {
		return
	}
	if frame != "" {
		_, _ = io.WriteString(w, frame) //nolint:gosec // its id is escaped
	}
	_, _ = w.Write(v.body) // an error means that the client has gone
	if f == formatJSON {
		_, _ = w.Write(retry.member)
	}
}

// Announce sets the headers that every refusal has, for a caller that writes its own
// body: Cache-Control, Retry-After, Vary and Downtime. It removes headers that describe
// another content or let a cache keep the answer, and returns the status of the refusal.
// answered is true if r was a preflight, which Announce answers itself.
func (a *Answers) Announce(w http.ResponseWriter, r *http.Request) (status int, answered bool) {
	if _, _, answered = a.setShared(w, r); answered {
		return http.StatusNoContent, true
	}
	return a.settings.status, false
}

// setShared sets the headers that every refusal has. It returns the Retry-After among
// them, and whether outer middleware encodes the body. It answers a preflight that is allowed.
func (a *Answers) setShared(w http.ResponseWriter, r *http.Request) (retry *retryVariant, encoded, answered bool) {
	h := w.Header()
	retry = a.retry.Load().pick()
	vary := varyNegotiation
	outer := len(h) != 0
	if outer {
		vary, encoded = takeOver(h)
	}
	h["Cache-Control"] = cacheNoStore
	h["Retry-After"] = retry.header
	h["Vary"] = vary
	h["Downtime"] = a.downtime
	announceClose(h, r)
	if answered = (outer || a.settings.cors.origins != nil) && a.settings.cors.share(h, r); answered {
		answerPreflight(w, r)
	}
	return retry, encoded, answered
}
