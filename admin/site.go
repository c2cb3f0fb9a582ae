package admin

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/store"
)

// site is the page and its API over one gate.
type site struct {
	gate  *core.Gate
	store store.Store // of the gate, never nil
	cfg   Config      // checked; Path without a slash at its end, Zone and Logger never nil
	log   *slog.Logger
	cross *http.CrossOriginProtection
	// routes are the pages by path within the mount.
	routes map[string]route
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
	errs := []error{cfg.faults()}
	switch {
	case gate == nil:
		errs = append(errs, &core.FieldError{Field: "gate", Problem: "is nil; make one with core.New"})
	case gate.Store() == nil:
		errs = append(errs, &core.FieldError{Field: "gate", Problem: "has no store to operate on; set core.Config.Store"})
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
			return nil, fmt.Errorf("admin: %w", err) // cannot happen: faults has checked it
		}
	}
	s.routes = s.pages()
	s.warnUnreachable()
	return s, nil
}
