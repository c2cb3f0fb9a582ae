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

// body reads the body of a request whose path takes no parameters.
func body(r *http.Request, members ...period.Member) *problem {
	if _, p := query(r); p != nil {
		return p
	}
	return decode(r, members...)
}

// decode reads a body that is JSON and is declared as JSON. A form of another site cannot
// send one.
func decode(r *http.Request, members ...period.Member) *problem {
	if p := wantJSON(r); p != nil {
		return p
	}
	body, err := io.ReadAll(r.Body)
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return newProblem(http.StatusRequestEntityTooLarge, codeTooLarge, fmt.Sprintf("Nothing was changed: the body is longer than %d bytes.", maxBody))
	}
	if err != nil {
		return invalid("body", "", "could not be read to its end")
	}
	if err := period.DecodeObject(body, members...); err != nil {
		return explained(err)
	}
	return nil
}

// wantJSON refuses another media type than JSON. A PATCH may also be a merge patch.
func wantJSON(r *http.Request) *problem {
	h, want := r.Header, "want Content-Type: application/json."
	if r.Method == http.MethodPatch {
		want = "want Content-Type: " + mergePatch + " or application/json."
	}
	wrong := func(detail string) *problem {
		return newProblem(http.StatusUnsupportedMediaType, codeMediaType, "Nothing was changed: "+detail)
	}
	if len(h.Values("Content-Encoding")) > 0 {
		return wrong("send the body without a Content-Encoding.")
	}
	values := h.Values("Content-Type")
	if len(values) != 1 {
		return wrong(want)
	}
	kind, params, err := mime.ParseMediaType(values[0])
	if err != nil || kind != "application/json" && (kind != mergePatch || r.Method != http.MethodPatch) {
		return wrong(want)
	}
	for name, value := range params {
		if name != "charset" || !strings.EqualFold(value, "utf-8") {
			return wrong("want JSON in UTF-8, and no other parameter in Content-Type.")
		}
	}
	return nil
}

// query reads the parameters of r. Each must be in known, and may be given once.
func query(r *http.Request, known ...string) (url.Values, *problem) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, invalid("query", r.URL.RawQuery, "is not a list of parameters")
	}
	unknown := "unknown parameter; known are " + strings.Join(known, ", ")
	if len(known) == 0 {
		unknown = "unknown parameter; this path takes none"
	}
	var errs []error
	for name, given := range values {
		switch {
		case !slices.Contains(known, name):
			errs = append(errs, &period.FieldError{Field: "query", Value: name, Problem: unknown})
		case len(given) > 1:
			errs = append(errs, &period.FieldError{Field: name, Problem: "is given twice; keep one"})
		}
	}
	if len(errs) == 0 {
		return values, nil
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return nil, explained(errors.Join(errs[:min(len(errs), 10)]...))
}

// limit reads the parameter "limit".
func limit(values url.Values) (int, *problem) {
	if !values.Has("limit") {
		return fewItems, nil
	}
	text := values.Get("limit")
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxItems || strconv.Itoa(n) != text {
		return 0, invalid("limit", text, fmt.Sprintf("want a number from 1 to %d", maxItems))
	}
	return n, nil
}

// mergePatch is the media type of a JSON merge patch (RFC 7396), and acceptPatch are the types that
// a PATCH takes (RFC 5789, section 3.1).
const (
	mergePatch  = "application/merge-patch+json"
	acceptPatch = mergePatch + ", application/json"
)
