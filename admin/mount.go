package admin

import (
	"context"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-downtime/downtime/core"
)

// Exempt adds the mount to cfg.ExemptPaths, so that the page stays reachable while the site is
// down. Authorize alone then decides which clients reach it. path is [Config.Path]. Call it
// before [core.New].
func Exempt(cfg *core.Config, path string) {
	cfg.ExemptPaths = append(slices.Clone(cfg.ExemptPaths), mountPath(path))
}

// mountPath is path without a slash at its end; "/" stays.
func mountPath(path string) string {
	if len(path) > 1 {
		return strings.TrimSuffix(path, "/")
	}
	return path
}

// pathProblem says why path is not valid as a mount; "" if it is.
func pathProblem(path string) string {
	switch {
	case path == "":
		return `is empty; want the path of the page, such as "/ops/downtime"`
	case path[0] != '/':
		return `want a path that begins with "/"`
	case strings.ContainsAny(path, `?#*\;%`):
		return `contains one of ? # * \ ; %; want a literal path, decoded`
	case strings.ContainsFunc(path, func(r rune) bool { return r < 0x20 || r == 0x7f }), !utf8.ValidString(path):
		return "want UTF-8 without control bytes"
	}
	for segment := range strings.SplitSeq(mountPath(path)[1:], "/") {
		if path != "/" && (segment == "" || strings.HasPrefix(segment, ".")) {
			return `contains an empty segment, or one that begins with "."`
		}
	}
	return ""
}

// inside is the path within the mount. It begins with "/", and has no slash at its end, except
// for "/". A path that is not below the mount was stripped by a router.
func inside(mount, path string) string {
	if rest, ok := strings.CutPrefix(path, mount); ok && mount != "/" && (rest == "" || rest[0] == '/') {
		path = rest
	}
	return "/" + strings.TrimSuffix(strings.TrimPrefix(path, "/"), "/")
}

// warnUnreachable logs a warning if the gate will refuse the page while the site is down.
func (s *site) warnUnreachable() {
	if s.gate.Bypasses(s.cfg.Authorize) {
		return
	}
	if _, ok := s.gate.Exempts(&url.URL{Path: s.cfg.Path + "/"}); ok {
		return
	}
	s.log.LogAttrs(context.Background(), slog.LevelWarn, "operator's page is out of reach while down",
		slog.String("path", s.cfg.Path), slog.String("authorize", s.cfg.Authorize.Name()),
		slog.String("fix", "call admin.Exempt before core.New, or add Authorize to core.Config.Bypass, or mount the page outside of the gate"))
}
