package answer

import (
	"cmp"
	"errors"
	"slices"
	"sync/atomic"
	"time"
)

// Settings are checked Options. They are safe for concurrent use.
type Settings struct {
	status    int
	catalog   *catalog
	about     about
	page      ownPage
	redirect  *redirect // nil: none
	cors      cors
	fallback  format
	retry     retryRule
	refused   []string     // files that the page loads and that are not exempt
	lingering atomic.Int32 // connections whose body is being read
}

// New checks o and copies the values that the caller could still change. The error joins a
// [*period.FieldError] for each fault. Its field is the name in core.Config: StatusCode for Status,
// PageTemplate, PageBytes and PageCSP for the page, and otherwise the name in Options, as in
// Languages[2].
func New(o Options) (*Settings, error) {
	s := &Settings{status: cmp.Or(o.Status, defaultStatus), retry: retryRule{o.RetryAfterMax, o.RetryAfterSpread}}
	var f faults
	if s.status < 400 || s.status > 599 {
		f.add("StatusCode", o.Status, "want 400 to 599, or 0 for 503; with another status clients and caches take the refusal for the page")
	}
	s.catalog = newCatalog(o, &f)
	s.about = newAbout(o, &f)
	var sample []byte
	s.page, sample = newOwnPage(o, func(f Facts, sent bool) Page { return s.newPage(f, &s.catalog.languages[0], sent) }, &f)
	s.page.frames = newFrames(o, &f)
	s.refused = refusedFiles(sample, o.Exempt)
	s.redirect = newRedirect(o.RedirectURL, o.Exempt, &f)
	s.cors = newCORS(o, &f)
	var known bool
	if s.fallback, known = formatNames[o.DefaultFormat]; !known {
		f.add("DefaultFormat", o.DefaultFormat, `want "text", "html" or "json", or "" for text`)
	}
	const day = 24 * time.Hour
	if o.RetryAfterMax != 0 && (o.RetryAfterMax < time.Second || o.RetryAfterMax > day) {
		f.add("RetryAfterMax", o.RetryAfterMax, "want 1s to 24h, or 0 for 300s")
	}
	if o.RetryAfterSpread > day {
		f.add("RetryAfterSpread", o.RetryAfterSpread, "want at most 24h, 0 for a fifth of the wait, or less than 0 for none")
	}
	if err := errors.Join(f...); err != nil {
		return nil, err
	}
	return s, nil
}

// RefusedFiles are the files of this site that the own page loads although they are not exempt, as
// the page writes them. A path that is not absolute counts as refused, because it depends on the
// address that the visitor asked for. Nil means none.
func (s *Settings) RefusedFiles() []string { return s.refused }

// Languages are the tags of the languages of the refusals, the default language first (RFC 5646).
func (s *Settings) Languages() []string { return slices.Clone(s.catalog.lookup.tags) }

// Status is the status of a refusal, 400 to 599.
func (s *Settings) Status() int { return s.status }
