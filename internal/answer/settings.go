package answer

import (
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"github.com/go-downtime/downtime/period"
)

const (
	minStatus = 400
	maxStatus = 599
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
	s := &Settings{status: o.Status}
	var errs []error
	if s.status == 0 {
		s.status = defaultStatus
	}
	if s.status < minStatus || s.status > maxStatus {
		errs = append(errs, &period.FieldError{
			Field: "StatusCode", Value: o.Status,
			Problem: "want 400 to 599, or 0 for 503; with another status clients and caches take the refusal for the page",
		})
	}
	var err error
	if s.catalog, err = newCatalog(o); err != nil {
		errs = append(errs, err)
		s.catalog = builtinCatalog() // for the next checks
	}
	s.about, err = newAbout(o)
	errs = append(errs, err)
	data := func(f Facts, sent bool) Page { return s.newPage(f, &s.catalog.languages[0], sent) }
	s.page, err = newOwnPage(o, data)
	errs = append(errs, err)
	s.refused, s.page.sample = refusedFiles(s.page.sample, o.Exempt), nil
	s.page.frames, err = newFrames(o)
	errs = append(errs, err)
	s.redirect, err = newRedirect(o.RedirectURL, o.Exempt)
	errs = append(errs, err)
	s.cors, err = newCORS(o)
	errs = append(errs, err)
	switch o.DefaultFormat {
	case "", "text":
	case "html":
		s.fallback = formatHTML
	case "json":
		s.fallback = formatJSON
	default:
		errs = append(errs, &period.FieldError{Field: "DefaultFormat", Value: o.DefaultFormat, Problem: `want "text", "html" or "json", or "" for text`})
	}
	const day = 24 * time.Hour
	s.retry = retryRule{o.RetryAfterMax, o.RetryAfterSpread}
	if o.RetryAfterMax != 0 && (o.RetryAfterMax < time.Second || o.RetryAfterMax > day) {
		errs = append(errs, &period.FieldError{Field: "RetryAfterMax", Value: o.RetryAfterMax, Problem: "want 1s to 24h, or 0 for 300s"})
	}
	if o.RetryAfterSpread > day {
		errs = append(errs, &period.FieldError{Field: "RetryAfterSpread", Value: o.RetryAfterSpread, Problem: "want at most 24h, 0 for a fifth of the wait, or less than 0 for none"})
	}
	if err := errors.Join(errs...); err != nil {
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
