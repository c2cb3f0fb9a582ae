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
	"io/fs"
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
	"github.com/go-downtime/downtime/internal/logs"
	"github.com/go-downtime/downtime/internal/trust"
	"github.com/go-downtime/downtime/store"
)

// Config says when a [Gate] is closed, which requests pass while it is closed, and how it answers
// the others. The zero Config is valid. Its gate is open unless the environment variable DOWNTIME
// is "down". New reads the Config once, so later changes have no effect.
type Config struct {
	// Store keeps the periods. Nil means no store: only the overrides (Down, OverrideFile,
	// OverrideEnv) close the gate. A nil pointer in the interface is a fault. The caller owns the
	// store and closes it after Shutdown.
	Store store.Store

	// ExemptExact lists paths that are served while down. An entry covers this path and no path
	// below it. Entries are decoded ("/café") and case-sensitive. Nil means none.
	ExemptExact []string
	// ExemptPaths lists paths that are served while down, together with all paths below them.
	// "/admin" covers "/admin" and "/admin/…", but not "/administrator". The entry "/" is a
	// fault. Nil means none.
	ExemptPaths []string
	// Bypass lists the predicates that let requests pass while down. A request passes if one of
	// them says yes. Nil means none.
	Bypass []Predicate
	// PredicateTimeout limits one call of a function in Bypass, 1 ms to 1 m. The context of the
	// call has this deadline; see [Predicate]. A yes after the deadline does not bypass. Zero
	// means 1 s.
	PredicateTimeout time.Duration

	// MaxHeld is how many requests can wait at the same time while a period holds them, see [Held].
	// Further requests are refused at once. Each waiting request keeps its connection and its
	// goroutine. Zero means 1,000. A negative value means that no request waits.
	MaxHeld int

	// StatusCode is the status of a refusal, 400 to 599. Zero means 503.
	StatusCode int
	// RedirectURL redirects a refused GET or HEAD that accepts HTML, with status 302. It is an
	// exempt path of this site or an absolute http(s) URL. All other requests are refused as
	// usual. A request for the path of the target is refused on every host: behind a proxy that
	// replaces Host, the target could be this site, and the redirect would loop. "" means no
	// redirect.
	RedirectURL string
	// PageTemplate renders the HTML answer. The gate executes it with [PageData] once for each
	// language after downtime begins or changes, and not for each request. Nil means the built-in
	// page.
	PageTemplate *template.Template
	// PageBytes is the HTML answer, sent unchanged. Nil means the built-in page. Set at most one
	// of PageBytes and PageTemplate.
	PageBytes []byte
	// PageCSP is the Content-Security-Policy of PageTemplate or PageBytes. "" means no such
	// header: only the page's author knows what the page loads.
	PageCSP string

	// Messages changes the texts of refusals, and adds languages. Each file *.json, in any folder,
	// holds the texts of the language that it is named after: "de.json", "zh-Hant.json". A language
	// that the gate knows ("de"), and a variant of one ("de-AT"), needs only the texts that differ.
	// Another language must be complete. New reads the files once. Nil means the built-in texts.
	Messages fs.FS
	// Languages lists the tags of the languages that are used ("de", "pt-BR"). Nil means all.
	Languages []string
	// DefaultLanguage is the language for clients that ask for none of Languages. "" means the
	// first of Languages, or "en" if Languages is nil.
	DefaultLanguage string

	// SiteName is the name of the site, shown on the built-in page and in its title. One line, at
	// most 256 bytes. "" means none.
	SiteName string
	// Contact is where visitors can ask while the site is down: "mailto:" and an address, an
	// absolute http(s) URL, or another text, such as a telephone number. The built-in page and the
	// text answer show it. One line, at most 256 bytes. "" means none.
	Contact string
	// StatusURL is a page about the state of the site: an absolute http(s) URL, or an exempt path
	// of this site. The built-in page links to it, and the text answer shows it. "" means none.
	StatusURL string
	// FrameAncestors lists the origins whose pages may show the built-in page in a frame
	// ("https://app.example.com", "https://*.example.com"), or "self" for the origin of the site.
	// Nil means none. With PageTemplate or PageBytes, PageCSP says it.
	FrameAncestors []string

	// CarryTickets puts the ticket of each request into its context. Handlers need it for [Stream]
	// and for [Gate.Inside], and [Gate.Go] then also takes work while the gate closes. It costs
	// three allocations a request. If it is false, only requests for another protocol, such as
	// WebSockets, carry their ticket.
	CarryTickets bool

	// DefaultFormat is the answer to clients that accept anything (Accept: */*) or nothing that
	// the gate has: "text", "html" or "json". "" means text. Use "json" for an API.
	DefaultFormat string
	// RetryAfterMax is the longest wait that Retry-After asks for, before its spread: 1 s to 24 h.
	// Zero means 5 m. A client that comes back early finds a site that is back early.
	RetryAfterMax time.Duration
	// RetryAfterSpread is the largest random addition to Retry-After, at most 24 h, so that
	// clients do not all return at once. Zero means a fifth of the wait, and at least 5 s. A
	// negative value means none.
	RetryAfterSpread time.Duration
	// CORSOrigins lists origins whose scripts may read refusals ("https://app.example.com"), or
	// "*" for all. The gate then sets the CORS headers of refusals, and answers preflights of
	// these origins by 204, so that the script gets the refusal of its own request. Use it if the
	// site's CORS middleware runs behind the gate. Headers of a CORS middleware before the gate
	// have priority. In both cases scripts can read Retry-After and Downtime. Nil means none.
	CORSOrigins []string
	// CORSCredentials allows scripts of CORSOrigins to send cookies. It does not go together with
	// "*".
	CORSCredentials bool

	// Down closes the gate regardless of the store, as planned downtime. Use it, for example,
	// while the database that holds the store is down.
	Down bool
	// OverrideFile is a file that holds "up", "down" or "none". The gate reads it every second.
	// "down" in the file announces an emergency, and in the environment variable planned downtime.
	// The order of priority is: the file, the environment variable of OverrideEnv, Down, the
	// store. If the file cannot be read, is empty or holds another text, its
	// last value stays. To end the override, write "none" or remove the file. Before the first good
	// read, FirstStart applies. OverrideFile "" means no file.
	//
	// The gate refuses to read a file that every user of the system can write. It also refuses a
	// file in a directory that is writable for all users, because every user can replace the file
	// there. The same holds for each link that leads to the file. In a sticky directory that is
	// writable for all users, such as /tmp, the file and each link must belong to root or to the
	// directory's owner. A read-only mount is trusted.
	OverrideFile string
	// TrustWritableOverride accepts OverrideFile even if every user can write or replace it. Use
	// it on file systems without permissions, or if every user of the system may open the site.
	TrustWritableOverride bool
	// OverrideEnv names the environment variable that holds "up", "down" or "none". New reads it
	// once. "" means "DOWNTIME". "-" means that no variable overrides the store.
	OverrideEnv string

	// PollInterval is the time between two reads of the store, 10 ms to 1 h. Zero means the
	// store's own choice, see [store.Info]. If the store keeps rows of instances, every interval
	// is spread by 20 %. It is then at most 1 s in two cases: while requests of an older snapshot
	// run, and from 30 s before a period begins, ends or becomes overdue.
	PollInterval time.Duration
	// OnStoreLost says what happens when the store could not be read for MaxStale. Zero means
	// Keep.
	OnStoreLost StoreLostPolicy
	// MaxStale is how long the last known state stays valid under OnStoreLost: Refuse. Under
	// Keep it never closes the gate. Zero means one minute.
	MaxStale time.Duration
	// FirstStart says what happens before the first successful read of the store. Zero means
	// FirstStartRefuse. A read also succeeds if the store proves that no document was ever
	// written.
	FirstStart FirstStartPolicy

	// Logger gets one line for each transition, and for each change of reason, kind or expected
	// end while the gate is closed. It gets no lines for requests. Each message begins with
	// "downtime: ". Nil means slog.Default().
	Logger *slog.Logger
	// OnDecision is called for each decision that is not open. The call runs on the request's
	// goroutine before the answer is written, so it must be quick. The gate recovers and logs a
	// panic in it. Nil means none.
	OnDecision func(ctx context.Context, r *http.Request, d Decision)
	// OnTransition is called for each [Transition] of the gate, for example to notify a chat. The
	// gate makes one call at a time, in order, on a goroutine of its own, and holds no lock. A slow
	// call delays no request and no later change of the gate. While a call runs, at most 64
	// transitions wait. Beyond that the gate drops the oldest one that waits, logs that, and counts
	// it in Transition.Dropped. The gate recovers and logs a panic. It can call before New has
	// returned. Shutdown is no transition, and does not wait for a call. Nil means none.
	OnTransition func(Transition)
}

// settings is a checked Config. MaxHeld and MaxStale have their defaults, and MaxHeld is 0 if no request
// waits. The own fields hold the other defaults, except that of PollInterval, see follower.info.
type settings struct {
	Config

	exempt      exempt.Rules
	paths       []string // the entries of exempt
	asker       *asker
	answer      *answer.Settings
	env         direction
	envName     string // of the variable; "" if no variable overrides the store
	fileRule    trust.Rule
	spread      bool // spread the polls, also without rows
	log         *slog.Logger
	description string // of the store, for logs
	rules       string // digest of the rules that decide which requests pass
}

// Validate returns every fault of c, joined, each a [*FieldError] with field and value; nil if
// there is none. It has no side effects. Its only input beside c is the environment variable of
// OverrideEnv. New makes the same checks.
func (c Config) Validate() error {
	_, err := c.resolve()
	return err
}

func (c Config) resolve() (*settings, error) { return c.resolveIn(os.Getenv) }

// resolveIn is resolve in an environment with these variables.
func (c Config) resolveIn(environment func(variable string) string) (*settings, error) {
	var errs []error
	var bad faults
	s := &settings{
		Config:   c,
		paths:    slices.Concat(c.ExemptExact, c.ExemptPaths),
		asker:    &asker{timeout: cmp.Or(c.PredicateTimeout, defaultPredicateTimeout), log: logs.New(c.Logger)},
		fileRule: trust.Rule{Lifted: c.TrustWritableOverride, Option: "Config.TrustWritableOverride"},
		log:      logs.New(c.Logger),
		rules:    c.digest(),
	}
	s.Bypass = slices.Clone(c.Bypass)
	s.MaxHeld = max(cmp.Or(c.MaxHeld, defaultMaxHeld), 0)
	s.MaxStale = cmp.Or(c.MaxStale, defaultMaxStale)
	if v := reflect.ValueOf(c.Store); v.Kind() == reflect.Pointer && v.IsNil() {
		bad.add("Store", fmt.Sprintf("(%T)(nil)", c.Store),
			"is a nil pointer; check the error of the function that made the store, or leave Store unset")
	}
	var err error
	s.exempt, err = exempt.New(c.ExemptExact, c.ExemptPaths)
	errs = append(errs, err)
	for i, p := range c.Bypass {
		errs = append(errs, p.fault(fmt.Sprintf("Bypass[%d]", i)))
	}
	s.answer, err = answer.New(answer.Options{
		Status: c.StatusCode, RedirectURL: c.RedirectURL,
		Template: c.PageTemplate, TemplateData: pageData, Bytes: c.PageBytes, CSP: c.PageCSP,
		Messages: c.Messages, Languages: c.Languages, DefaultLanguage: c.DefaultLanguage,
		SiteName: c.SiteName, Contact: c.Contact, StatusURL: c.StatusURL, FrameAncestors: c.FrameAncestors,
		DefaultFormat: c.DefaultFormat, RetryAfterMax: c.RetryAfterMax, RetryAfterSpread: c.RetryAfterSpread,
		CORSOrigins: c.CORSOrigins, CORSCredentials: c.CORSCredentials,
		Exempt: func(u *url.URL) bool {
			_, ok := s.exempt.Match(u)
			return ok
		},
	})
	errs = append(errs, err)
	s.envName = cmp.Or(c.OverrideEnv, defaultEnv)
	switch {
	case s.envName == "-":
		s.envName = ""
	case !isVariableName(s.envName):
		bad.add("OverrideEnv", s.envName,
			`want the name of an environment variable (letters, digits and _), "-" for none, or "" for "`+defaultEnv+`"`)
	default:
		value := environment(s.envName)
		if s.env, err = parseOverride(value); err != nil {
			bad.add("environment variable "+s.envName, value, err.Error())
		}
	}
	bad.unless(c.PredicateTimeout == 0 || time.Millisecond <= c.PredicateTimeout && c.PredicateTimeout <= time.Minute,
		"PredicateTimeout", c.PredicateTimeout, "want 1ms to 1m, or 0 for 1s")
	bad.unless(!strings.ContainsRune(c.OverrideFile, 0), "OverrideFile", c.OverrideFile, "want a path without NUL")
	bad.unless(c.PollInterval == 0 || 10*time.Millisecond <= c.PollInterval && c.PollInterval <= time.Hour,
		"PollInterval", c.PollInterval, "want 10ms to 1h, or 0 for the store's own")
	bad.unless(c.OnStoreLost <= Refuse, "OnStoreLost", c.OnStoreLost, "want Keep or Refuse")
	bad.unless(c.MaxStale == 0 || c.MaxStale >= time.Second, "MaxStale", c.MaxStale, "want 1s or more, or 0 for 1m")
	bad.unless(c.FirstStart <= FirstStartFail,
		"FirstStart", c.FirstStart, "want FirstStartRefuse, FirstStartOpen or FirstStartFail")
	if err := errors.Join(append(errs, bad.under(""))...); err != nil {
		return nil, err
	}
	if c.Store != nil {
		info := c.Store.Info()
		s.description = info.Name
		s.spread = s.PollInterval == 0 && info.Poll == 0
	}
	return s, nil
}

// digest returns 12 hexadecimal digits over all options that decide which requests pass. A
// predicate counts by its name, because a function has no digest.
func (c Config) digest() string {
	names := []string{}
	for _, p := range c.Bypass {
		names = append(names, p.Name())
	}
	// Marshal never fails for strings, numbers and booleans.
	b, _ := json.Marshal([]any{
		slices.Sorted(slices.Values(c.ExemptExact)), slices.Sorted(slices.Values(c.ExemptPaths)), slices.Sorted(slices.Values(names)),
		c.OnStoreLost, c.MaxStale, c.FirstStart, c.OverrideFile, c.TrustWritableOverride, c.OverrideEnv, c.Down,
	})
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:6])
}
