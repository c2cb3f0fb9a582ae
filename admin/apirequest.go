package admin

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/go-downtime/downtime/period"
)

// body reads a body that is JSON and is declared as JSON. A form of another site cannot send one.
// After a problem, the values of the members are not valid.
func (c *call) body(members ...period.Member) {
	if wrong := c.notJSON(); wrong != "" {
		c.fail(newProblem(http.StatusUnsupportedMediaType, codeMediaType, "Nothing was changed: "+wrong))
		return
	}
	body, err := io.ReadAll(c.Body)
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		c.fail(newProblem(http.StatusRequestEntityTooLarge, codeTooLarge, fmt.Sprintf("Nothing was changed: the body is longer than %d bytes.", maxBody)))
	} else if err != nil {
		c.invalid("body", "", "could not be read to its end")
	} else if err := period.DecodeObject(body, members...); err != nil {
		c.fail(explained(err))
	}
}

// notJSON says what is wrong with a media type other than JSON; "" for JSON. A PATCH may also be a
// merge patch.
func (c *call) notJSON() string {
	want := "want Content-Type: application/json."
	if c.Method == http.MethodPatch {
		want = "want Content-Type: " + mergePatch + " or application/json."
	}
	if len(c.Header.Values("Content-Encoding")) > 0 {
		return "send the body without a Content-Encoding."
	}
	values := c.Header.Values("Content-Type")
	if len(values) != 1 {
		return want
	}
	kind, params, err := mime.ParseMediaType(values[0])
	if err != nil || kind != "application/json" && (kind != mergePatch || c.Method != http.MethodPatch) {
		return want
	}
	for name, value := range params {
		if name != "charset" || !strings.EqualFold(value, "utf-8") {
			return "want JSON in UTF-8, and no other parameter in Content-Type."
		}
	}
	return ""
}

// readQuery reads the parameters. Each must be in known, and may be given once.
func (c *call) readQuery(known []string) {
	var err error
	if c.query, err = url.ParseQuery(c.URL.RawQuery); err != nil {
		c.invalid("query", c.URL.RawQuery, "is not a list of parameters")
		return
	}
	unknown := "unknown parameter; known are " + strings.Join(known, ", ")
	if len(known) == 0 {
		unknown = "unknown parameter; this path takes none"
	}
	var errs []error
	for name, given := range c.query {
		switch {
		case !slices.Contains(known, name):
			errs = append(errs, &period.FieldError{Field: "query", Value: name, Problem: unknown})
		case len(given) > 1:
			errs = append(errs, &period.FieldError{Field: name, Problem: "is given twice; keep one"})
		}
	}
	if len(errs) > 0 {
		slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
		c.fail(explained(errors.Join(errs[:min(len(errs), 10)]...)))
	}
}

// limit reads the parameter "limit".
func (c *call) limit() int {
	if !c.query.Has("limit") {
		return fewItems
	}
	text := c.query.Get("limit")
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxItems || strconv.Itoa(n) != text {
		c.invalid("limit", text, fmt.Sprintf("want a number from 1 to %d", maxItems))
	}
	return n
}

// mergePatch is the media type of a JSON merge patch (RFC 7396), and acceptPatch are the types that
// a PATCH takes (RFC 5789, section 3.1).
const (
	mergePatch  = "application/merge-patch+json"
	acceptPatch = mergePatch + ", application/json"
)
