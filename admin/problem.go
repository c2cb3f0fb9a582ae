package admin

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"github.com/go-downtime/downtime/internal/visible"
	"github.com/go-downtime/downtime/internal/wire"
	"github.com/go-downtime/downtime/operator"
)

// Codes of problems that are not a code of package operator. docs/api.md lists all.
const (
	codeForbidden      = "forbidden"                   // 403: not authorized, or sent from another site
	codeNotFound       = string(operator.CodeNotFound) // 404: no such path, period or fleet
	codeMethod         = "method-not-allowed"          // 405: see Allow
	codeTooLarge       = "too-large"                   // 413: a body of more than 64 KiB
	codeMediaType      = "media-type"                  // 415: want application/json
	codeNoPrecondition = "no-precondition"             // 428: want If-Match
)

// statuses are the HTTP statuses of the codes of package operator. Other codes are 500.
var statuses = map[operator.Code]int{
	operator.CodeInvalid:          http.StatusBadRequest,
	operator.CodeNotFound:         http.StatusNotFound,
	operator.CodeStale:            http.StatusConflict,
	operator.CodeInForce:          http.StatusConflict,
	operator.CodeNotInForce:       http.StatusConflict,
	operator.CodeNothingToEnd:     http.StatusConflict,
	operator.CodeInitialized:      http.StatusConflict,
	operator.CodeNothingWritten:   http.StatusConflict,
	operator.CodeReadOnly:         http.StatusConflict,
	operator.CodeFull:             http.StatusConflict,
	operator.CodeNotReadableByAll: http.StatusConflict,
	operator.CodeLost:             http.StatusServiceUnavailable,
	operator.CodeUnreadable:       http.StatusServiceUnavailable,
	operator.CodeUnavailable:      http.StatusServiceUnavailable,
}

// raced are the codes of writes that failed because the state is another than the client
// has seen.
var raced = map[operator.Code]bool{
	operator.CodeStale: true, operator.CodeNotFound: true, operator.CodeInForce: true,
	operator.CodeNotInForce: true, operator.CodeNothingToEnd: true,
}

// problem is an error in JSON (RFC 9457). Its type is about:blank. Programs look at the code.
type problem struct {
	Title  string  `json:"title"`
	Status int     `json:"status"`
	Detail string  `json:"detail"`
	Code   string  `json:"code"`
	Errors []fault `json:"errors,omitempty"`
	// Period and State are the present ones, beside a 409; State if the request was not
	// about one period. Gate is the status of this instance, beside a store that cannot be read.
	Period *wire.Period `json:"period,omitempty"`
	State  *stateJSON   `json:"state,omitempty"`
	Gate   *gateJSON    `json:"gate,omitempty"`
}

// fault is one fault of one member, parameter or header of a request.
type fault struct {
	Field   string `json:"field"`
	Value   string `json:"value,omitzero"`
	Problem string `json:"problem"`
}

func newProblem(status int, code, detail string) *problem {
	return &problem{Title: http.StatusText(status), Status: status, Code: code, Detail: visible.Line(detail)}
}

// explained is the problem of err. The client gets no text of the store.
func explained(err error) *problem {
	f := operator.Explain(err)
	p := newProblem(cmp.Or(statuses[f.Code], http.StatusInternalServerError), string(f.Code), f.Text)
	for _, e := range f.Fields {
		value := ""
		if e.Value != nil {
			value = visible.Line(clip(fmt.Sprint(e.Value)))
		}
		p.Errors = append(p.Errors, fault{Field: e.Field, Value: value, Problem: visible.Line(e.Problem)})
	}
	return p
}

// failedPrecondition is p as the answer to an If-Match that is false.
func (p *problem) failedPrecondition() *problem {
	p.Status = http.StatusPreconditionFailed
	p.Title = http.StatusText(p.Status)
	return p
}

// complain logs an error whose text clients do not get.
func (s *site) complain(r *http.Request, err error) {
	s.log.LogAttrs(context.WithoutCancel(r.Context()), slog.LevelError, "operator's API failed", slog.String("store", s.store.Info().Name), slog.Any("error", err))
}

// write sends p. The caller has set the headers that belong to the status, such as Allow.
func (p *problem) write(w http.ResponseWriter, r *http.Request) {
	if p.Status == http.StatusPreconditionFailed && p.Period != nil {
		w.Header().Set("ETag", periodTag(*p.Period))
	}
	sendJSON(w, r, p.Status, "application/problem+json", p)
}

// sendJSON answers with v. A HEAD gets the headers alone. Characters that are not visible are
// escaped, so that a terminal shows them.
func sendJSON(w http.ResponseWriter, r *http.Request, status int, mediaType string, v any) {
	body, err := json.MarshalIndent(v, "", "  ")
	if err != nil { // an instant outside of the years of JSON, which no store accepts
		status, mediaType = http.StatusInternalServerError, "application/problem+json"
		body = []byte(`{"title":"Internal Server Error","status":500,"detail":"The answer cannot be written as JSON.","code":"` + string(operator.CodeInternal) + `"}`)
	}
	text := visible.JSON(string(body)) + "\n"
	h := w.Header()
	h.Set("Content-Type", mediaType)
	h.Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = io.WriteString(w, text) // an error means that the client has gone
	}
}

// isAPI reports whether a path within the mount belongs to the API, known or unknown.
func isAPI(path string) bool { return path == "/api" || strings.HasPrefix(path, "/api/") }
