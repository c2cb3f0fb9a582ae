package admin

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
)

// versionTag is the entity tag of a period: its version.
func versionTag(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }

// digestTag is a weak entity tag of what v says. Weak, because what it leaves out, clocks
// and counts, differs with every answer.
func digestTag(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return "" // sendJSON will say so
	}
	sum := sha256.Sum256(b)
	return `W/"` + hex.EncodeToString(sum[:10]) + `"`
}

// ifMatch is the version that a request demands of the period it is about (RFC 9110,
// section 13.1.1). There must be exactly one: a write that would take any version is
// refused, and so are lists and weak tags, with which a client cannot say what it has seen.
func ifMatch(r *http.Request) (int64, *problem) {
	values := r.Header.Values("If-Match")
	if len(values) == 0 {
		return 0, newProblem(http.StatusPreconditionRequired, codeNoPrecondition, `Nothing was done: say in If-Match which version you have seen, as the period's ETag has it: If-Match: "3".`)
	}
	wrong := func(text string) (int64, *problem) {
		return 0, invalid(fault{Field: "If-Match", Value: text, Problem: `want the one version that you have seen, as in the period's ETag: "3"`})
	}
	if len(values) > 1 {
		return wrong(strings.Join(values, ", "))
	}
	text := strings.Trim(values[0], " \t")
	digits, ok := strings.CutPrefix(text, `"`)
	if ok {
		digits, ok = strings.CutSuffix(digits, `"`)
	}
	version, err := strconv.ParseInt(digits, 10, 64)
	if !ok || err != nil || version < 1 || versionTag(version) != text {
		return wrong(text)
	}
	return version, nil
}

// unmatched refuses If-Match where a request is not about one period: a condition that is
// not heeded would let through what the client meant to prevent.
func unmatched(r *http.Request) *problem {
	values := r.Header.Values("If-Match")
	if len(values) == 0 {
		return nil
	}
	return invalid(fault{Field: "If-Match", Value: strings.Join(values, ", "), Problem: "belongs to a write about one period: leave it out, or say the revision of the state that you have seen where the path takes one"})
}

// noneMatch reports whether If-None-Match names tag, by the weak comparison (RFC 9110,
// sections 8.8.3.2 and 13.1.2): the client has it already.
func noneMatch(r *http.Request, tag string) bool {
	opaque := strings.TrimPrefix(tag, "W/")
	for _, line := range r.Header.Values("If-None-Match") {
		if strings.Trim(line, " \t") == "*" {
			return true
		}
		// A tag of ours holds no comma and no quote, so that it cannot be a part of another.
		for part := range strings.SplitSeq(line, ",") {
			if strings.TrimPrefix(strings.Trim(part, " \t"), "W/") == opaque {
				return true
			}
		}
	}
	return false
}
