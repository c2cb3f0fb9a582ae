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

// may reports whether r is authorised and whose it is.
func (s *site) may(r *http.Request) bool {
	if !s.cfg.Authorise.Allows(r.Context(), r) {
		return false
	}
	actor, _ := s.who(r)
	return actor != ""
}

// who is who sent r, and from where; an actor "" is nobody, who may do nothing.
func (s *site) who(r *http.Request) (actor, origin string) {
	defer func() {
		if v := recover(); v != nil {
			actor, origin = "", ""
			if s.complained.CompareAndSwap(false, true) {
				// A value of the application's own may hold what the request holds: its type will do.
				s.log.LogAttrs(context.WithoutCancel(r.Context()), slog.LevelError, "admin: Actor or Origin panicked, and nobody is let in", slog.String("panic", fmt.Sprintf("%T", v)))
			}
		}
	}()
	actor = asName(s.cfg.Actor(r.Context(), r))
	if s.cfg.Origin != nil {
		return actor, asName(s.cfg.Origin(r.Context(), r))
	}
	return actor, "page from " + address(r.RemoteAddr)
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
