package admin

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"unicode/utf8"

	"github.com/go-downtime/downtime/core"
)

// identity is who sent a request, and from where.
type identity struct{ actor, origin string }

// identityKey is where the context of a request that was let in has its identity.
type identityKey struct{}

// admit is r as it goes on, if it is authorised and somebody's; false if not. Who it
// comes from is asked once, here: what is done is done by who was let in, even if the session has run
// out by then.
func (s *site) admit(r *http.Request) (*http.Request, bool) {
	if !s.cfg.Authorise.Allows(r.Context(), r) {
		return r, false
	}
	who := s.ask(r)
	if who.actor == "" {
		return r, false
	}
	return r.WithContext(context.WithValue(r.Context(), identityKey{}, who)), true
}

// who is who sent r, which was let in, and from where.
func (s *site) who(r *http.Request) (actor, origin string) {
	who, _ := r.Context().Value(identityKey{}).(identity)
	return who.actor, who.origin
}

// ask has the application say who sent r; an actor "" is nobody, who may do nothing.
func (s *site) ask(r *http.Request) (who identity) {
	defer func() {
		if v := recover(); v != nil {
			who = identity{}
			if s.complained.CompareAndSwap(false, true) {
				// A value of the application's own may hold what the request holds: its type will do.
				s.log.LogAttrs(context.WithoutCancel(r.Context()), slog.LevelError, "admin: Actor or Origin panicked, and nobody is let in", slog.String("panic", fmt.Sprintf("%T", v)))
			}
		}
	}()
	who.actor = asName(s.cfg.Actor(r.Context(), r))
	if s.cfg.Origin != nil {
		who.origin = asName(s.cfg.Origin(r.Context(), r))
		return who
	}
	who.origin = "page from " + address(r.RemoteAddr)
	return who
}

// asName makes text a name that core takes: UTF-8, without blanks around it, cut to length.
func asName(text string) string {
	text = strings.TrimSpace(strings.ToValidUTF8(text, "?"))
	for len(text) > core.MaxNameLen {
		_, size := utf8.DecodeLastRuneInString(text)
		text = text[:len(text)-size]
	}
	return text
}

// address is the other end of the connection, without its port.
func address(remote string) string {
	if ap, err := netip.ParseAddrPort(remote); err == nil {
		return ap.Addr().Unmap().String()
	}
	if a, err := netip.ParseAddr(remote); err == nil {
		return a.Unmap().String()
	}
	return "an unknown address" // a local socket's is "@" or ""
}
