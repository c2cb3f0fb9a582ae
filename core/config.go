package core

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/go-downtime/downtime/internal/answer"
	"github.com/go-downtime/downtime/internal/exempt"
	"github.com/go-downtime/downtime/internal/trust"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

// Config says when a [Gate] is closed, which requests pass while it is, and what the others
// are answered. The zero Config is valid, and open unless the environment variable DOWNTIME
// says otherwise. New reads it once, so that later changes have no effect.
type Config struct {
	// Store keeps the periods. Nil means that there are none: only the overrides (Down,
	// OverrideFile, DOWNTIME) close the gate. A nil pointer is a fault. The caller owns the
	// store and closes it after Shutdown.
	Store store.Store

	// ExemptExact are paths that are served while down: this path, nothing below it.
	// Written decoded ("/café"), case-sensitive. Nil means none.
	ExemptExact []string
	// ExemptPaths are paths that are served while down together with everything below
	// them: "/admin" covers "/admin" and "/admin/…", never "/administrator". "/" is
	// refused. Nil means none.
	ExemptPaths []string
	// Bypass lists the predicates that let requests pass while down. One that says yes is
	// enough. Nil means none.
	Bypass []Predicate
	// PredicateTimeout is the deadline of one call of a function in Bypass, 1 ms to 1 m, in
	// the context that it gets; see [Predicate]. A yes that comes later does not bypass. Zero
	// means 1 s.
	PredicateTimeout time.Duration

	// StatusCode of a refusal, 400 to 599. Zero means 503.
	StatusCode int
	// RedirectURL sends a GET or HEAD that accepts HTML there, by 302, instead of
	// answering it: a path of this site, which must be exempt, or an absolute http(s)
	// URL. Everything else is refused as usual, and so is a request for the target's path on
	// any host: behind a proxy that replaces Host it may be the target itself, and a redirect
	// would loop. "" means no redirect.
	RedirectURL string
	// PageTemplate renders the HTML answer. It is executed with [PageData], once for each
	// language after downtime began or changed, and not for each request. Nil means the
	// built-in page.
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
	// OverrideFile is a file that holds "up", "down" or nothing. It is read every second. It
	// beats the environment variable DOWNTIME ("up" or "down", read once by New), which
	// beats Down, which beats the store. A file that cannot be read or says anything else
	// keeps its last value. Before it had a value, the gate does what FirstStart says. A
	// missing file says nothing. "" means no file.
	//
	// A file cannot be read either if every user of the system can write it, or can replace it
	// or a link that leads to it, because the directory is writable for all. In a sticky
	// directory that is writable for all, like /tmp, it has to belong to root or to the
	// directory's owner, and every link too. A place that is mounted read-only is believed.
	OverrideFile string
	// TrustWritableOverride believes OverrideFile whoever can write or replace it: for file
	// systems without permissions, or where every user of the system may open the site.
	TrustWritableOverride bool

	// PollInterval is the time between two reads of the store, 10 ms to 1 h. Zero means
	// the store's own choice, see [store.Info]. If the store keeps rows of instances, every
	// interval is spread by 20 %, and is at most 1 s while requests of an older snapshot
	// run, and from 30 s before a period begins, ends or becomes overdue.
	PollInterval time.Duration
	// OnStoreLost says what happens when the store was not readable for MaxStale. Zero
	// means Keep.
	OnStoreLost StoreLostPolicy
	// MaxStale is how long the last known state is good under OnStoreLost: Refuse; it has
	// no effect under Keep. Zero means one minute.
	MaxStale time.Duration
	// FirstStart says what happens before the store was ever read. Zero means
	// FirstStartRefuse. A store that proves that it was never written has been read.
	FirstStart FirstStartPolicy

	// Logger gets one line for each transition, and none for requests. Nil means
	// slog.Default().
	Logger *slog.Logger
	// OnDecision is called for each decision that is not open, on the request's
	// goroutine, before the answer is written; it must be quick. A panic in it is
	// recovered and logged. Nil means none.
	OnDecision func(ctx context.Context, r *http.Request, d Decision)
}

// FieldError is one fault of one field of a [Config]. errors.As finds it in the joined error
// of New.
type FieldError = period.FieldError

const (
	defaultPoll     = 5 * time.Second
	defaultMaxStale = time.Minute
)

// settings is a checked Config with its defaults resolved.
type settings struct {
	store       store.Store
	exempt      exempt.Rules
	bypass      []Predicate
	asker       *asker
	answer      *answer.Settings
	down        bool
	env         direction
	file        string
	fileRule    trust.Rule
	poll        time.Duration // between two reads; zero: the store says
	spread      bool          // spread the polls, also without rows
	onLost      StoreLostPolicy
	maxStale    time.Duration
	firstStart  FirstStartPolicy
	log         *slog.Logger
	onDecision  func(ctx context.Context, r *http.Request, d Decision)
	description string // of the store, for logs
	rules       string // digest of what decides which requests pass
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
		fileRule:   trust.Rule{Lifted: c.TrustWritableOverride, Option: "Config.TrustWritableOverride"},
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
	if s.exempt, err = exempt.New(c.ExemptExact, c.ExemptPaths); err != nil {
		errs = append(errs, err)
	}
	for i, p := range c.Bypass {
		if err := p.fault(fmt.Sprintf("Bypass[%d]", i)); err != nil {
			errs = append(errs, err)
		}
	}
	if c.PredicateTimeout != 0 && (c.PredicateTimeout < time.Millisecond || c.PredicateTimeout > time.Minute) {
		errs = append(errs, &FieldError{Field: "PredicateTimeout", Value: c.PredicateTimeout, Problem: "want 1ms to 1m, or 0 for 1s"})
	}
	s.answer, err = answer.New(answer.Options{
		Status: c.StatusCode, RedirectURL: c.RedirectURL,
		Template: c.PageTemplate, TemplateData: pageData, Bytes: c.PageBytes, CSP: c.PageCSP,
		Exempt: func(u *url.URL) bool {
			_, ok := s.exempt.Match(u)
			return ok
		},
	})
	if err != nil {
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
	s.asker = &asker{timeout: cmp.Or(c.PredicateTimeout, defaultPredicateTimeout), log: s.log}
	if s.maxStale == 0 {
		s.maxStale = defaultMaxStale
	}
	if c.Store != nil {
		info := c.Store.Info()
		s.description = info.Name
		s.spread = s.poll == 0 && info.Poll == 0
	}
	return s, nil
}

// digest is over everything in the code that decides which requests pass. The name of a
// predicate stands for its function. 12 hexadecimal digits.
func (c Config) digest() string {
	names := []string{}
	for _, p := range c.Bypass {
		names = append(names, p.Name())
	}
	// Marshal never fails for strings, numbers and booleans.
	b, _ := json.Marshal([]any{
		slices.Sorted(slices.Values(c.ExemptExact)), slices.Sorted(slices.Values(c.ExemptPaths)), slices.Sorted(slices.Values(names)),
		c.OnStoreLost, c.MaxStale, c.FirstStart, c.OverrideFile, c.TrustWritableOverride, c.Down,
	})
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:6])
}
