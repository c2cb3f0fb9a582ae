package core

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	defaultStatus = http.StatusServiceUnavailable
	minStatus     = 400
	maxStatus     = 599
)

// answerSettings is what a [Config] says about answers, checked.
type answerSettings struct {
	status   int
	page     ownPage
	redirect *redirect // nil: none
}

// newAnswerSettings checks the part of c that is about answers. The error joins a
// [*FieldError] for each fault.
func newAnswerSettings(c Config, exempt exemptions) (answerSettings, error) {
	s := answerSettings{status: c.StatusCode}
	var errs []error
	if s.status == 0 {
		s.status = defaultStatus
	}
	if s.status < minStatus || s.status > maxStatus {
		errs = append(errs, &FieldError{
			Field: "StatusCode", Value: c.StatusCode,
			Problem: "want 400 to 599, or 0 for 503: anything else tells clients and caches that all is well",
		})
	}
	var err error
	if s.page, err = newOwnPage(c); err != nil {
		errs = append(errs, err)
	}
	if s.redirect, err = newRedirect(c.RedirectURL, exempt); err != nil {
		errs = append(errs, err)
	}
	return s, errors.Join(errs...)
}

// answers are the refusals of one closed snapshot, rendered once: whole bodies in each
// form and language, and header values that are assigned as they are. The slices are
// shared by all responses: a middleware may Set or Add, but not write to their elements.
type answers struct {
	status   int
	redirect *redirect
	until    time.Time
	downtime []string // of the Downtime header, an item of RFC 8941
	prepared [languages][formats]answer
	retry    atomic.Pointer[retryAfter]
	closure  *Closure
	page     ownPage
	pages    [languages]lazyPage
	// onFault is told of an own template that failed after it had passed New, in whose
	// place the built-in page is sent. nil: nobody is.
	onFault func(err error)
}

// lazyPage is the page in one language, rendered for the first visitor who needs it: a
// gate closes before it has rendered four of them, and seldom needs all.
type lazyPage struct {
	once   sync.Once
	answer answer
}

// answer is one refusal in one form and language. With the headers that all share it
// has eight at most: a ninth would make Go grow the header map of every response.
type answer struct {
	contentType     []string
	contentLanguage []string // nil for HTML, which says so itself
	csp             []string // nil for none
	// contentLength is by the digits of Retry-After, which the JSON body holds; index 0
	// is for the others.
	contentLength [maxRetryDigits + 1][]string
	body          []byte // without the last member, if it is JSON
}

const maxRetryDigits = 3

var (
	contentTypes = [formats][]string{
		formatText: {"text/plain; charset=utf-8"},
		formatHTML: {"text/html; charset=utf-8"},
		formatJSON: {"application/problem+json"},
	}
	cacheNoStore    = []string{"no-store"}
	optionNosniff   = []string{"nosniff"}
	lengthZero      = []string{"0"}
	varyNegotiation = []string{"Accept, Accept-Language"}
)

// newAnswers prepares the answers for cl, with the Retry-After of now.
func newAnswers(s *answerSettings, cl *Closure, now time.Time) *answers {
	a := &answers{
		status:   s.status,
		redirect: s.redirect,
		until:    cl.Until,
		downtime: []string{"down;kind=" + cl.Kind()},
		closure:  cl,
		page:     s.page,
	}
	for l := range languages {
		d := newPageData(cl, s.status, l)
		tag := []string{d.Lang}
		a.prepared[l][formatText] = newAnswer(formatText, renderText(&translations[l], d))
		a.prepared[l][formatText].contentLanguage = tag
		a.prepared[l][formatJSON] = newAnswer(formatJSON, renderProblem(&translations[l], d))
		a.prepared[l][formatJSON].contentLanguage = tag
	}
	a.tick(now)
	return a
}

// in is the answer in this language and form.
func (a *answers) in(l language, f format) *answer {
	if f != formatHTML {
		return &a.prepared[l][f]
	}
	p := &a.pages[l]
	p.once.Do(func() {
		body, csp, err := a.page.render(newPageData(a.closure, a.status, l))
		if err != nil && a.onFault != nil {
			a.onFault(err)
		}
		p.answer = newAnswer(formatHTML, body)
		if csp != "" {
			p.answer.csp = []string{csp}
		}
	})
	return &p.answer
}

func newAnswer(f format, body []byte) answer {
	v := answer{contentType: contentTypes[f], body: body}
	for digits := range v.contentLength {
		length := len(body)
		if f == formatJSON {
			length += len(`,"retry_after":`) + digits + len("}\n")
		}
		v.contentLength[digits] = []string{strconv.Itoa(length)}
	}
	return v
}

// renderText is the answer for terminals and logs: no line of the reason can pass for
// one of ours.
func renderText(m *messages, d PageData) []byte {
	var b strings.Builder
	b.WriteString(d.Text.Heading + "\n\n" + d.Text.Lead + "\n")
	if reason := strings.Join(strings.Fields(d.Reason), " "); reason != "" {
		b.WriteString("\n  " + reason + "\n")
	}
	b.WriteString("\n")
	if !d.Since.IsZero() {
		b.WriteString(d.Text.Since + m.colon + d.Since.Format(time.RFC3339) + "\n")
	}
	until := d.Text.Unknown
	if !d.Until.IsZero() {
		until = d.Until.Format(time.RFC3339)
	}
	b.WriteString(d.Text.Until + m.colon + until + "\n")
	return []byte(b.String())
}

// problem is the answer for programs: problem details (RFC 9457), with members of ours
// after the standard ones. retry_after follows as the last one.
type problem struct {
	Type   string    `json:"type"`
	Title  string    `json:"title"`
	Status int       `json:"status"`
	Detail string    `json:"detail,omitempty"`
	Kind   string    `json:"kind"`
	Since  time.Time `json:"since,omitzero"`
	Until  time.Time `json:"until,omitzero"`
}

// renderProblem is the JSON body without its last member.
func renderProblem(m *messages, d PageData) []byte {
	p := problem{
		Type: "about:blank", Title: m.unavailable, Status: d.Status,
		Detail: d.Reason, Kind: d.Kind, Since: d.Since, Until: d.Until,
	}
	// RFC 9457 section 4.2.1: the title of about:blank is the phrase of the status.
	if phrase := http.StatusText(d.Status); phrase != "" && d.Status != http.StatusServiceUnavailable {
		p.Title = phrase
	}
	b, err := json.Marshal(p)
	if err != nil {
		// An instant outside of JSON's years, which no valid document holds.
		p.Since, p.Until = time.Time{}, time.Time{}
		b, _ = json.Marshal(p)
	}
	return b[:len(b)-1]
}

// tick prepares Retry-After for now and returns when it changes next; zero means never.
// Safe beside write.
func (a *answers) tick(now time.Time) (next time.Time) {
	r, next := newRetryAfter(a.until, now)
	a.retry.Store(r)
	return next
}

// write answers r with the refusal, in the form and the language it asks for, or with
// the redirect. It does not read the request's body.
func (a *answers) write(w http.ResponseWriter, r *http.Request) {
	f := negotiateFormat(r.Header["Accept"])
	h := w.Header()
	retry, encoded := a.announce(h)
	if a.redirect != nil && f == formatHTML && a.redirect.applies(r) {
		h["Location"] = a.redirect.location
		delete(h, "Content-Type") // there is no content
		delete(h, "Retry-After")  // on a 3xx it means: wait before following (RFC 9110 section 10.2.3)
		if !encoded {
			h["Content-Length"] = lengthZero
		}
		w.WriteHeader(http.StatusFound)
		return
	}
	v := a.in(negotiateLanguage(r.Header["Accept-Language"]), f)
	h["Content-Type"] = v.contentType
	h["X-Content-Type-Options"] = optionNosniff
	if v.contentLanguage != nil {
		h["Content-Language"] = v.contentLanguage
	}
	if v.csp != nil {
		h["Content-Security-Policy"] = v.csp
	}
	if !encoded {
		h["Content-Length"] = v.contentLength[retry.digits]
	}
	w.WriteHeader(a.status)
	if r.Method == http.MethodHead {
		return
	}
	_, _ = w.Write(v.body) // an error means that the client has gone
	if f == formatJSON {
		_, _ = w.Write(retry.member)
	}
}

// announce sets the headers that every refusal has, and returns the Retry-After among
// them, and whether somebody outside encodes what is written.
func (a *answers) announce(h http.Header) (retry *retryVariant, encoded bool) {
	retry = a.retry.Load().pick()
	vary := varyNegotiation
	if len(h) != 0 {
		vary, encoded = takeOver(h)
	}
	h["Cache-Control"] = cacheNoStore
	h["Retry-After"] = retry.header
	h["Vary"] = vary
	h["Downtime"] = a.downtime
	return retry, encoded
}
