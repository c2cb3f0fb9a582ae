package admin

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"

	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
)

// operatorKey is the context key of the operator of an admitted request.
type operatorKey struct{}

// admit returns r with its operator in the context, and whether r is authorized and has an
// actor. It asks the application once per request: a session that ends later changes nothing.
func (s *site) admit(r *http.Request) (*http.Request, bool) {
	if !s.cfg.Authorize.Allows(r.Context(), r) {
		return r, false
	}
	op := operator.Operator{Store: s.store}
	op.Actor, op.Origin = s.ask(r)
	return r.WithContext(context.WithValue(r.Context(), operatorKey{}, op)), op.Actor != ""
}

// operator is the operator who sent r, which was admitted.
func (s *site) operator(r *http.Request) operator.Operator {
	op, _ := r.Context().Value(operatorKey{}).(operator.Operator)
	return op
}

// ask asks the application who sent r, and from where. An actor "" is denied.
func (s *site) ask(r *http.Request) (actor, origin string) {
	defer func() {
		if v := recover(); v != nil {
			actor = ""
			if s.complained.CompareAndSwap(false, true) {
				// Only the type is logged: the value may hold a secret of the request.
				s.log.LogAttrs(context.WithoutCancel(r.Context()), slog.LevelError, "Actor or Origin panicked, and the request is denied", slog.String("panic", fmt.Sprintf("%T", v)))
			}
		}
	}()
	actor = asName(s.cfg.Actor(r.Context(), r))
	if s.cfg.Origin != nil {
		return actor, asName(s.cfg.Origin(r.Context(), r))
	}
	return actor, "page from " + address(r.RemoteAddr)
}

// asName makes text a valid name: UTF-8, without space around it, cut to the allowed length.
func asName(text string) string {
	text = strings.TrimSpace(strings.ToValidUTF8(text, "?"))
	return strings.ToValidUTF8(text[:min(len(text), period.MaxNameLen)], "")
}

// address is the peer of the connection, without its port.
func address(remote string) string {
	if ap, err := netip.ParseAddrPort(remote); err == nil {
		return ap.Addr().Unmap().String()
	}
	if a, err := netip.ParseAddr(remote); err == nil {
		return a.Unmap().String()
	}
	return "an unknown address" // RemoteAddr of a Unix socket is "@" or ""
}
