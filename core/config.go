package core

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Config says when a [Gate] is closed, who may pass then, and what the others are told.
// The zero Config is valid, and open, unless DOWNTIME in the environment says otherwise.
// New reads it once; later changes have no effect.
type Config struct {
	// Store keeps the periods. Nil means that there are none: only the overrides (Down,
	// OverrideFile, DOWNTIME) close the gate; a nil pointer is refused. The caller owns the store and closes it
	// after Shutdown.
	Store Store

	// ExemptExact are paths that are served while down: this path, nothing below it.
	// Written decoded ("/café"), case-sensitive. Nil means none.
	ExemptExact []string
	// ExemptPaths are paths that are served while down together with everything below
	// them: "/admin" covers "/admin" and "/admin/…", never "/administrator". "/" is
	// refused. Nil means none.
	ExemptPaths []string
	// Bypass lists who may pass while down; one that says yes is enough. Nil means nobody.
	Bypass []Predicate

	// StatusCode of a refusal, 400 to 599. Zero means 503.
	StatusCode int
	// RedirectURL sends a GET or HEAD that accepts HTML there, by 302, instead of
	// answering it: a path of this site, which must be exempt, or an absolute http(s)
	// URL. Everything else is refused as usual. "" means no redirect.
	RedirectURL string
	// PageTemplate renders the HTML answer, executed with [PageData] for the first visitor
	// who needs it in a language after downtime began or changed, never per request. Nil means the built-in page.
	PageTemplate *template.Template
	// PageBytes is the HTML answer, sent as it is. Nil means the built-in page; not
	// together with PageTemplate.
	PageBytes []byte
	// PageCSP is the Content-Security-Policy of PageTemplate or PageBytes. "" means
	// none: the page's author knows what it loads.
	PageCSP string

	// Down closes the gate whatever the store says, for an application whose database is
	// what is down.
	Down bool
	// OverrideFile is a file that holds "up", "down" or nothing, read every second. It
	// goes before DOWNTIME in the environment ("up" or "down", read once by New), which
	// goes before Down, which goes before the store. A file that cannot be read, or says
	// anything else, keeps its last value; before it had one, the gate refuses, or not, as
	// FirstStart says. A file that is not there says nothing. "" means no file.
	OverrideFile string

	// PollInterval is the time between two reads of the store, 10 ms to 1 h. Zero means
	// the store's own choice (a [Pacer]: a file asks for 100 ms), else 5 s, spread by 20 %.
	// A value given here is kept as it is, but where the store keeps rows of instances
	// (a [Fleet]): there every interval is spread by 20 %, and is at most 1 s while
	// requests that were let in before still run, and from 30 s before a period begins,
	// ends or becomes overdue.
	PollInterval time.Duration
	// OnStoreLost says what happens when the store was not readable for MaxStale. Zero
	// means Keep.
	OnStoreLost StoreLostPolicy
	// MaxStale is how long the last known state is good under OnStoreLost: Refuse; it has
	// no effect under Keep. Zero means one minute.
	MaxStale time.Duration
	// FirstStart says what happens before the store was ever read. Zero means
	// FirstStartRefuse. A store that may begin empty and is empty has been read.
	FirstStart FirstStartPolicy

	// Logger gets one line for each transition, none for requests. Nil means
	// slog.Default().
	Logger *slog.Logger
	// OnDecision is called for each decision that is not open, on the request's
	// goroutine, before the answer is written; it must be quick. A panic in it is
	// recovered and logged. Nil means none.
	OnDecision func(ctx context.Context, r *http.Request, d Decision)
}

const (
	defaultPoll     = 5 * time.Second
	defaultMaxStale = time.Minute
	overridePoll    = time.Second
	readTimeout     = 2 * time.Second // of one Load; New waits no longer either
)

// settings is a Config that was checked, with its defaults resolved.
type settings struct {
	store       Store
	exempt      exemptions
	bypass      []Predicate
	answer      answerSettings
	down        bool
	env         override
	file        string
	poll        time.Duration // between two reads, unless the store sets the pace
	pacer       Pacer         // nil: poll counts
	jitter      bool
	onLost      StoreLostPolicy
	maxStale    time.Duration
	firstStart  FirstStartPolicy
	log         *slog.Logger
	onDecision  func(ctx context.Context, r *http.Request, d Decision)
	description string // of the store, for logs
	fleet       Fleet  // the store again, if it keeps rows of instances
	rules       string // digest of what decides who passes
}

// Validate returns every fault of c, joined, each a [*FieldError] with field and value;
// nil if there is none. It changes nothing and reads nothing but the environment
// variable DOWNTIME. New calls it.
func (c Config) Validate() error {
	_, err := c.resolve()
	return err
}

func (c Config) resolve() (*settings, error) {
	var errs []error
	s := &settings{
		store:      c.Store,
		bypass:     slices.Clone(c.Bypass),
		down:       c.Down,
		file:       c.OverrideFile,
		poll:       c.PollInterval,
		onLost:     c.OnStoreLost,
		maxStale:   c.MaxStale,
		firstStart: c.FirstStart,
		log:        c.Logger,
		onDecision: c.OnDecision,
		rules:      c.digest(),
	}
	if v := reflect.ValueOf(c.Store); v.Kind() == reflect.Pointer && v.IsNil() {
		errs = append(errs, &FieldError{Field: "Store", Value: fmt.Sprintf("(%T)(nil)", c.Store), Problem: "is a nil pointer; look at the error of what made it, or leave Store out for none"})
	}
	var err error
	if s.exempt, err = newExemptions(c.ExemptExact, c.ExemptPaths); err != nil {
		errs = append(errs, err)
	}
	for i, p := range c.Bypass {
		if err := p.fault(fmt.Sprintf("Bypass[%d]", i)); err != nil {
			errs = append(errs, err)
		}
	}
	if s.answer, err = newAnswerSettings(c, s.exempt); err != nil {
		errs = append(errs, err)
	}
	if s.env, err = parseOverride(os.Getenv(envOverride)); err != nil {
		errs = append(errs, &FieldError{Field: "environment variable " + envOverride, Value: os.Getenv(envOverride), Problem: err.Error()})
	}
	if strings.ContainsRune(c.OverrideFile, 0) {
		errs = append(errs, &FieldError{Field: "OverrideFile", Value: c.OverrideFile, Problem: "want a path without NUL"})
	}
	if c.PollInterval != 0 && (c.PollInterval < 10*time.Millisecond || c.PollInterval > time.Hour) {
		errs = append(errs, &FieldError{Field: "PollInterval", Value: c.PollInterval, Problem: "want 10ms to 1h, or 0 for the store's own"})
	}
	if c.OnStoreLost > Refuse {
		errs = append(errs, &FieldError{Field: "OnStoreLost", Value: c.OnStoreLost, Problem: "want Keep or Refuse"})
	}
	if c.MaxStale < 0 || (c.MaxStale > 0 && c.MaxStale < time.Second) {
		errs = append(errs, &FieldError{Field: "MaxStale", Value: c.MaxStale, Problem: "want 1s or more, or 0 for 1m"})
	}
	if c.FirstStart > FirstStartOpen {
		errs = append(errs, &FieldError{Field: "FirstStart", Value: c.FirstStart, Problem: "want FirstStartRefuse or FirstStartOpen"})
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if s.log == nil {
		s.log = slog.Default()
	}
	if s.maxStale == 0 {
		s.maxStale = defaultMaxStale
	}
	if c.Store != nil {
		s.description = c.Store.String()
		s.fleet, _ = c.Store.(Fleet)
		if s.poll == 0 {
			s.pacer, _ = c.Store.(Pacer)
			s.poll, s.jitter = defaultPoll, s.pacer == nil
		}
	}
	return s, nil
}
