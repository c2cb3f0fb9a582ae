package admin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/internal/logs"
	"github.com/go-downtime/downtime/store"
)

// Config says where the page is mounted and who may use it. Path, Authorize and Actor are
// required.
type Config struct {
	// Path is where the handler is mounted, as the browser sees it: "/ops/downtime". It begins
	// with "/". A slash at its end is dropped. "/" is a host of its own. A router or a proxy may
	// strip it or a part of it (http.StripPrefix).
	Path string
	// Authorize decides for every request whether it is allowed: pages, API and assets. A
	// panic denies the request. There is no default: the zero Predicate is an error.
	Authorize core.Predicate
	// Actor returns the name of the operator, for periods and the log. A name longer than
	// period.MaxNameLen bytes is cut. "" and a panic deny the request.
	Actor func(ctx context.Context, r *http.Request) string
	// Origin returns where the request comes from, for the log. Nil means "page from ADDRESS",
	// with the peer address of the connection. Behind a proxy this is the address of the proxy.
	// Forwarded headers are ignored.
	Origin func(ctx context.Context, r *http.Request) string
	// Denied answers requests that Authorize or Actor denied, for example with a login page. Nil
	// means 403. The page's security headers are set before the call; Denied may replace them.
	Denied http.Handler
	// Name is the name of the application, for title and header of each page. "" means the name in
	// the document (operator.InitOptions), else that of the application in a store that several
	// share, else none.
	Name string
	// Environment is the name of the environment, such as "production" or "staging". It stands
	// beside the name, so that two environments cannot be mistaken, and reviews name it as well.
	// "production", "prod" and "live", in any case, are shown on red. "" means that of the document,
	// else none.
	Environment string
	// Zone is the time zone of operators who have picked none. Nil means UTC. Times are also
	// shown in UTC. Zones come from the time zone database of the machine; if it has none,
	// import _ "time/tzdata".
	Zone *time.Location
	// TrustedOrigins are origins beside the page's own that may send forms, each as
	// "https://host" or "https://host:port": see [http.CrossOriginProtection.AddTrustedOrigin].
	// It is for a proxy that replaces the Host header. Nil means none.
	TrustedOrigins []string
	// InsecureCookies is for browsers that load the page by plain HTTP: from a host other than
	// localhost, or Safari from any host. False means that cookies are Secure, and that their
	// names begin with "__Host-". Such browsers do not keep these cookies: the operator cannot
	// pick a time zone, and no page reports the last action. True means that sibling hosts can
	// set the operator's time zone.
	InsecureCookies bool
	// Logger gets a line for each write and for each fault. Each message begins with "downtime: ".
	// Nil means slog.Default().
	Logger *slog.Logger
}

// inField replaces the field "Predicate" in a fault of a predicate.
func inField(field string, err error) error {
	f, ok := errors.AsType[*core.FieldError](err)
	if !ok {
		return err
	}
	return &core.FieldError{Field: field + strings.TrimPrefix(f.Field, "Predicate"), Value: f.Value, Problem: f.Problem}
}

// site is the page and its API over one gate.
type site struct {
	gate  *core.Gate
	store store.Store // of the gate, never nil
	cfg   Config      // checked; Path without a slash at its end, Zone and Logger never nil
	log   *slog.Logger
	cross *http.CrossOriginProtection
	// base is the path of the mount with a slash at its end, escaped. Links are absolute: a
	// router can add or remove the slash of the path that the browser has.
	base      string
	templates *template.Template
	mux       *http.ServeMux // of the paths within the mount
	// lastNames are the names in the document that was read last; nil if none was read.
	lastNames atomic.Pointer[names]
	// complained: a panic of Actor or Origin was logged. It recurs with every request.
	complained atomic.Bool
}

// New returns the operator's page of gate, and its JSON API. It operates the gate's store
// through package operator, as the command does. The handler is safe for concurrent use and
// needs no closing.
//
// The error holds every fault, joined, each a [*core.FieldError]. A nil gate and a gate without
// a store are faults. New logs a warning if the gate would refuse the page while the site is
// down: the path is not exempt ([Exempt]), and Authorize is not among the gate's Bypass. Ignore the
// warning if the page is not behind the gate.
func New(gate *core.Gate, cfg Config) (http.Handler, error) {
	var errs []error
	fault := func(field string, value any, problem string) {
		errs = append(errs, &core.FieldError{Field: field, Value: value, Problem: problem})
	}
	if problem := pathProblem(cfg.Path); problem != "" {
		fault("Path", cfg.Path, problem)
	}
	errs = append(errs, inField("Authorize", cfg.Authorize.Validate()))
	if cfg.Actor == nil {
		fault("Actor", nil, "is nil; return the name of the operator, for the log")
	}
	cross := http.NewCrossOriginProtection()
	for _, origin := range cfg.TrustedOrigins {
		if err := cross.AddTrustedOrigin(origin); err != nil {
			fault("TrustedOrigins", origin, "want an origin such as https://ops.example: "+err.Error())
		}
	}
	switch {
	case gate == nil:
		fault("gate", nil, "is nil; make one with core.New")
	case gate.Store() == nil:
		fault("gate", nil, "has no store to operate on; set core.Config.Store")
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("admin: %w", err)
	}
	cfg.Path, cfg.Zone = mountPath(cfg.Path), cmp.Or(cfg.Zone, time.UTC)
	s := &site{gate: gate, store: gate.Store(), cfg: cfg, log: logs.New(cfg.Logger), cross: cross}
	s.base = (&url.URL{Path: strings.TrimSuffix(cfg.Path, "/") + "/"}).EscapedPath()
	s.templates, s.mux = templatesAt(s.base), s.routes()
	s.warnUnreachable()
	return s, nil
}
