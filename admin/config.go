package admin

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/go-downtime/downtime/core"
)

// Config says where the page is, and who may use it. Path, Authorise and Actor are required.
type Config struct {
	// Path is where the handler is mounted, as the browser sees it or as the application
	// does: "/ops/downtime". It begins with "/"; a slash at its end is dropped; "/" is a
	// host of its own. A router that strips it before (http.StripPrefix) is fine.
	Path string
	// Authorise says who may use it, and is asked about every request: pages, API and
	// assets alike. One that panics says no. There is no open default: the zero Predicate is
	// an error.
	Authorise core.Predicate
	// Actor is who this is, for periods and the log: a name that people know, at most
	// core.MaxNameLen bytes, of which more is cut off. "", and a panic, mean nobody, who is
	// denied.
	Actor func(ctx context.Context, r *http.Request) string
	// Origin is from where, for the log. Nil means "page from ADDRESS", where ADDRESS is the
	// connection's: behind a proxy the proxy's. No header is believed.
	Origin func(ctx context.Context, r *http.Request) string
	// Denied answers whom Authorise or Actor denies: with the application's login, say. Nil
	// means 403. The page's security headers are set before it is called; it may replace them.
	Denied http.Handler
	// Zone is the time zone of operators who have picked none. Nil means UTC. Times are
	// shown in UTC beside it. Zones are those that this program finds: where the machine has
	// no zone database, import _ "time/tzdata", else there is only UTC.
	Zone *time.Location
	// TrustedOrigins may send forms to this page beside its own origin, each as
	// "https://host" or "https://host:port": see [http.CrossOriginProtection.AddTrustedOrigin].
	// For a proxy that does not pass the Host header on. Nil means none.
	TrustedOrigins []string
	// Logger gets a line for each write, and for what is wrong. Nil means slog.Default().
	Logger *slog.Logger
}

// faults are everything that is wrong about the Config, joined, each a [*core.FieldError].
func (c Config) faults() error {
	var errs []error
	if problem := pathProblem(c.Path); problem != "" {
		errs = append(errs, &core.FieldError{Field: "Path", Value: c.Path, Problem: problem})
	}
	errs = append(errs, inField("Authorise", c.Authorise.Validate()))
	if c.Actor == nil {
		errs = append(errs, &core.FieldError{Field: "Actor", Problem: "is nil; say who is acting, the log needs a name"})
	}
	for _, origin := range c.TrustedOrigins {
		if err := new(http.CrossOriginProtection).AddTrustedOrigin(origin); err != nil {
			errs = append(errs, &core.FieldError{Field: "TrustedOrigins", Value: origin, Problem: "want an origin such as https://ops.example: " + err.Error()})
		}
	}
	return errors.Join(errs...)
}

// inField puts the faults of a predicate under the field that holds it.
func inField(field string, err error) error {
	f, ok := errors.AsType[*core.FieldError](err)
	if !ok {
		return err
	}
	return &core.FieldError{Field: field + strings.TrimPrefix(f.Field, "Predicate"), Value: f.Value, Problem: f.Problem}
}
