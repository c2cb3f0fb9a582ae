package admin

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/go-downtime/downtime/internal/wire"
)

// tags finds the entity tags of a list, and tagList matches a whole list.
var (
	tags    = regexp.MustCompile(`(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"`)
	tagList = regexp.MustCompile(`^` + tags.String() + `(?:[ \t]*,[ \t]*` + tags.String() + `)*$`)
)

// versionTag is the entity tag of any period with this version, for clients that know only the
// version.
func versionTag(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }

// periodTag is the strong entity tag of a period. It differs if any member differs: also the
// status, which changes with the time, and a member that was edited by hand.
func periodTag(p wire.Period) string {
	return `"` + strconv.FormatInt(p.Version, 10) + "-" + digest(p)[:8] + `"`
}

// digestTag is a weak entity tag of v. It is weak because the caller leaves out the members
// that differ with every answer, such as clocks and counts.
func digestTag(v any) string { return `W/"` + digest(v)[:20] + `"` }

// digest is a digest of v as JSON, in hexadecimal digits. sendJSON reports an error of the JSON.
func digest(v any) string {
	b, _ := json.Marshal(v)
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// noneMatch reports whether If-None-Match names tag, by the weak comparison (RFC 9110,
// sections 8.8.3.2 and 13.1.2).
func noneMatch(r *http.Request, tag string) bool {
	text := strings.Trim(strings.Join(r.Header.Values("If-None-Match"), ", "), " \t")
	return text == "*" || slices.ContainsFunc(tags.FindAllString(text, -1), func(other string) bool {
		return strings.TrimPrefix(other, "W/") == strings.TrimPrefix(tag, "W/")
	})
}
