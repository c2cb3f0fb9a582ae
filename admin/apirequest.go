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

	"github.com/go-downtime/downtime/core"
)

// decode reads the body of r, which must be JSON and say so: no form of another site can.
func decode(r *http.Request, members ...core.Member) *problem {
	if p := wantJSON(r.Header); p != nil {
		return p
	}
	body, err := io.ReadAll(r.Body)
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return newProblem(http.StatusRequestEntityTooLarge, codeTooLarge, fmt.Sprintf("Nothing was done: the body is longer than %d bytes.", maxBody))
	}
	if err != nil {
		return invalid(fault{Field: "body", Problem: "could not be read to its end"})
	}
	if err := core.DecodeObject(body, members...); err != nil {
		return invalid(faultsOf(err)...)
	}
	return nil
}

func wantJSON(h http.Header) *problem {
	wrong := func(detail string) *problem {
		return newProblem(http.StatusUnsupportedMediaType, codeMediaType, "Nothing was done: "+detail)
	}
	if len(h.Values("Content-Encoding")) > 0 {
		return wrong("send the body without a Content-Encoding.")
	}
	const want = "want Content-Type: application/json."
	values := h.Values("Content-Type")
	if len(values) != 1 {
		return wrong(want)
	}
	kind, params, err := mime.ParseMediaType(values[0])
	if err != nil || kind != "application/json" {
		return wrong(want)
	}
	for name, value := range params {
		if name != "charset" || !strings.EqualFold(value, "utf-8") {
			return wrong("want JSON in UTF-8, without other parameters of its type.")
		}
	}
	return nil
}

// query reads the parameters of r, of which only those in known may be there, each once.
func query(r *http.Request, known ...string) (url.Values, *problem) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, invalid(fault{Field: "query", Value: r.URL.RawQuery, Problem: "is not a list of parameters"})
	}
	var faults []fault
	for name, given := range values {
		switch {
		case !slices.Contains(known, name):
			faults = append(faults, fault{Field: "query", Value: name, Problem: unknownParameter(known)})
		case len(given) > 1:
			faults = append(faults, fault{Field: name, Problem: "is given twice; keep one"})
		}
	}
	if len(faults) > 0 {
		slices.SortFunc(faults, func(a, b fault) int { return strings.Compare(a.Field+a.Value, b.Field+b.Value) })
		return nil, invalid(faults[:min(len(faults), 10)]...)
	}
	return values, nil
}

func unknownParameter(known []string) string {
	if len(known) == 0 {
		return "unknown parameter; this path takes none"
	}
	return "unknown parameter; known are " + strings.Join(known, ", ")
}

// maxItems is the most that a list holds, and fewItems what it holds unless more is asked for.
const (
	maxItems = 1000
	fewItems = 100
)

// limit reads the parameter of that name.
func limit(values url.Values) (int, *problem) {
	if !values.Has("limit") {
		return fewItems, nil
	}
	text := values.Get("limit")
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxItems || strconv.Itoa(n) != text {
		return 0, invalid(fault{Field: "limit", Value: text, Problem: fmt.Sprintf("want a number from 1 to %d", maxItems)})
	}
	return n, nil
}
