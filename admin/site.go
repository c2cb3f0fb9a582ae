package admin

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/go-downtime/downtime/core"
)

// site is the page and its API over one gate.
type site struct {
	gate  *core.Gate
	store core.Store // the gate's, never nil
	cfg   Config     // checked; Path without a slash at its end, Zone and Logger never nil
	log   *slog.Logger
	cross *http.CrossOriginProtection
	// routes are the pages, by their path within the mount.
	routes map[string]route
	// complained: a panic of Authorise or Actor was logged; it comes with every request.
	complained atomic.Bool
}

// New returns the operator's page of gate, and its JSON API. It operates the gate's store,
// through the same functions as the command. The handler is safe for concurrent use and
// needs no closing.
//
// The error holds every fault of cfg, joined, each a [*core.FieldError]; a nil gate and a
// gate without a store, which there is nothing to operate on, are among them. New logs a
// warning if the page cannot be reached while the site is down: because its path is not
// exempt ([Exempt]), nor Authorise among the gate's Bypass. Ignore it where the page is not
// behind the gate at all.
func New(gate *core.Gate, cfg Config) (http.Handler, error) {
	errs := []error{cfg.faults()}
	switch {
	case gate == nil:
		errs = append(errs, &core.FieldError{Field: "gate", Problem: "is nil; make one with core.New"})
	case gate.Store() == nil:
		errs = append(errs, &core.FieldError{Field: "gate", Problem: "has no store, so there is nothing to operate; set core.Config.Store"})
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("admin: %w", err)
	}
	cfg.Path = mountPath(cfg.Path)
	if cfg.Zone == nil {
		cfg.Zone = time.UTC
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	s := &site{gate: gate, store: gate.Store(), cfg: cfg, log: cfg.Logger, cross: http.NewCrossOriginProtection()}
	for _, origin := range cfg.TrustedOrigins {
		if err := s.cross.AddTrustedOrigin(origin); err != nil {
			return nil, fmt.Errorf("admin: %w", err) // faults has looked: it cannot be
		}
	}
	s.routes = s.pages()
	s.warnUnreachable()
	return s, nil
}
