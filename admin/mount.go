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

// Exempt adds the mount to cfg.ExemptPaths, so that the page stays reachable while the site
// is down; it is then Authorise alone that keeps others out. path is that of [Config.Path].
// Call it before [core.New]; nothing is exempt that a configuration does not name.
func Exempt(cfg *core.Config, path string) {
	cfg.ExemptPaths = append(slices.Clone(cfg.ExemptPaths), mountPath(path))
}

// mountPath is path without the slash at its end; "/" stays.
func mountPath(path string) string {
	if len(path) > 1 {
		return strings.TrimSuffix(path, "/")
	}
	return path
}

// pathProblem says why nothing can be mounted at path; "" if it is fine.
func pathProblem(path string) string {
	switch {
	case path == "":
		return `is empty; want where the page is mounted, such as "/ops/downtime"`
	case path[0] != '/':
		return `want a path that begins with "/"`
	case strings.ContainsAny(path, `?#*\;%`):
		return `holds one of ? # * \ ; %; want a literal path, decoded`
	case strings.ContainsFunc(path, func(r rune) bool { return r < 0x20 || r == 0x7f }), !utf8.ValidString(path):
		return "want UTF-8 without control bytes"
	}
	for segment := range strings.SplitSeq(mountPath(path)[1:], "/") {
		if path != "/" && (segment == "" || strings.HasPrefix(segment, ".")) {
			return `holds an empty segment, or one that begins with "."`
		}
	}
	return ""
}

// inside is the path within the mount: "" for the mount itself without a slash, else it
// begins with "/". A path that is not below the mount is one that a router has stripped.
func inside(mount, path string) string {
	if mount == "/" {
		return path
	}
	if rest, ok := strings.CutPrefix(path, mount); ok && (rest == "" || rest[0] == '/') {
		return rest
	}
	return path
}

// upTo is the way from a path within the mount to its root, relative, so that it is right
// behind any proxy: "./" from "/schedule", "../" from "/a/b".
func upTo(path string) string {
	if depth := strings.Count(path, "/"); depth > 1 {
		return strings.Repeat("../", depth-1)
	}
	return "./"
}

// warnUnreachable says so if nobody can reach the page once the site is down.
func (s *site) warnUnreachable() {
	if s.gate.Bypasses(s.cfg.Authorise) {
		return
	}
	if _, ok := s.gate.Exempts(&url.URL{Path: s.cfg.Path + "/"}); ok {
		return
	}
	s.log.LogAttrs(context.Background(), slog.LevelWarn, "operator's page is out of reach while down",
		slog.String("path", s.cfg.Path), slog.String("authorise", s.cfg.Authorise.Name()),
		slog.String("mend", "admin.Exempt before core.New, or Authorise among core.Config.Bypass, or mount it outside of the gate"))
}
