package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/core/wire"
)

// Codes of problems: what a program looks at. docs/api.md lists them.
const (
	codeInvalid          = "invalid"            // 400: the request has faults, named in errors
	codeForbidden        = "forbidden"          // 403: not let in, or sent from another site
	codeNotFound         = "not-found"          // 404: no such path, period, fleet or log
	codeMethod           = "method-not-allowed" // 405: see Allow
	codeStale            = "stale"              // 409: somebody else was faster
	codeInForce          = "in-force"           // 409: end it instead
	codeNotInForce       = "not-in-force"       // 409: delete it instead
	codeNothingToEnd     = "nothing-to-end"     // 409: none of it is in force
	codeReadOnly         = "read-only"          // 409: the application may not write to its store
	codeTooLarge         = "too-large"          // 413: a body of more than 64 KiB
	codeMediaType        = "media-type"         // 415: want application/json
	codeNoPrecondition   = "no-precondition"    // 428: want If-Match
	codeInternal         = "internal"           // 500: a fault of this program
	codeUnconfirmed      = "unconfirmed"        // 500: nobody knows whether it was written
	codeStoreUnavailable = "store-unavailable"  // 503: the store cannot be read or written
	codeStoreLost        = "store-lost"         // 503: the store's document is gone
)

// problem is an error as the API says it (RFC 9457). Its type is about:blank, which stands
// for the status; what a program tells apart is the code.
type problem struct {
	Title  string  `json:"title"`
	Status int     `json:"status"`
	Detail string  `json:"detail"`
	Code   string  `json:"code"`
	Errors []fault `json:"errors,omitempty"`
	// Period and State are what there is now, beside a 409; State where the request was not
	// about one period. Gate is what this instance does, where the store cannot be read.
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
	return &problem{Title: http.StatusText(status), Status: status, Code: code, Detail: detail}
}

// invalid is the problem of a request that has these faults.
func invalid(faults ...fault) *problem {
	p := newProblem(http.StatusBadRequest, codeInvalid, "")
	for i, f := range faults {
		faults[i].Value = clip(f.Value)
		if p.Detail == "" {
			p.Detail = "Nothing was done: " + f.Field + ": " + f.Problem + "."
		}
	}
	p.Errors = faults
	return p
}

// clip keeps what is echoed short.
func clip(text string) string {
	const limit = 200
	if len(text) <= limit {
		return text
	}
	text = text[:limit]
	for !utf8.ValidString(text) {
		text = text[:len(text)-1]
	}
	return text + "…"
}

// write sends p. Beside status and body it sets the media type; what else belongs to the
// status, such as Allow, the caller has set.
func (p *problem) write(w http.ResponseWriter, r *http.Request) {
	sendJSON(w, r, p.Status, "application/problem+json", p)
}

// refuseAPI is refuse for the API.
func refuseAPI(w http.ResponseWriter, r *http.Request, status int, detail string) {
	code := codeForbidden
	switch status {
	case http.StatusNotFound:
		code = codeNotFound
	case http.StatusMethodNotAllowed:
		code = codeMethod
	}
	newProblem(status, code, detail).write(w, r)
}

// faultsOf are the faults of a request that err holds; none if it is about something else.
func faultsOf(err error) []fault {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var out []fault
		for _, err := range joined.Unwrap() {
			out = append(out, faultsOf(err)...)
		}
		return out
	}
	f, ok := errors.AsType[*core.FieldError](err)
	if !ok {
		return nil
	}
	out := fault{Field: f.Field, Problem: f.Problem}
	if f.Value != nil {
		out.Value = fmt.Sprint(f.Value)
	}
	return []fault{out}
}

// problemOf is what an error of an operator function means to a client. What the store
// itself says is not for clients, and is logged.
func (s *site) problemOf(ctx context.Context, err error) *problem {
	switch {
	case errors.Is(err, core.ErrUnconfirmed):
		s.complain(ctx, err)
		return newProblem(http.StatusInternalServerError, codeUnconfirmed, "The write is not confirmed: it may have taken place or not. Look at the state before doing it again.")
	case errors.Is(err, core.ErrReadOnly):
		return newProblem(http.StatusConflict, codeReadOnly, "Nothing was done: the application cannot write to its store.")
	case errors.Is(err, core.ErrConflict):
		return newProblem(http.StatusConflict, codeStale, "Nothing was done: somebody else has changed it meanwhile. Look at what it is now, and decide anew.")
	case errors.Is(err, core.ErrLost):
		s.complain(ctx, err)
		return newProblem(http.StatusServiceUnavailable, codeStoreLost, "Nothing was done: the store has lost its document. Instances keep what they had.")
	case isStoreFault(err), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		s.complain(ctx, err)
		return newProblem(http.StatusServiceUnavailable, codeStoreUnavailable, "Nothing was done: the store cannot be read or written. The application's log says why.")
	case errors.Is(err, core.ErrNotFound):
		return newProblem(http.StatusNotFound, codeNotFound, "No period has this id.")
	case errors.Is(err, core.ErrInForce):
		return newProblem(http.StatusConflict, codeInForce, "Nothing was done: it is in force. End it instead.")
	case errors.Is(err, core.ErrNotInForce):
		return newProblem(http.StatusConflict, codeNotInForce, "Nothing was done: it is not in force. Delete it, or leave it.")
	case errors.Is(err, core.ErrNothingToEnd):
		return newProblem(http.StatusConflict, codeNothingToEnd, "Nothing was done: nothing of it is in force.")
	}
	if faults := faultsOf(err); len(faults) > 0 {
		return invalid(faults...)
	}
	s.complain(ctx, err)
	return newProblem(http.StatusInternalServerError, codeInternal, "An error that nobody has foreseen. The application's log has it.")
}

// complain logs what clients are not told.
func (s *site) complain(ctx context.Context, err error) {
	s.log.LogAttrs(context.WithoutCancel(ctx), slog.LevelError, "operator's API failed", slog.String("store", s.store.String()), slog.Any("error", err))
}

// sendJSON answers with v. A HEAD gets the headers alone.
func sendJSON(w http.ResponseWriter, r *http.Request, status int, mediaType string, v any) {
	body, err := json.MarshalIndent(v, "", "  ")
	if err != nil { // an instant outside of JSON's years, which no store takes
		status, mediaType = http.StatusInternalServerError, "application/problem+json"
		body = []byte(`{"title":"Internal Server Error","status":500,"detail":"The answer cannot be written as JSON.","code":"` + codeInternal + `"}`)
	}
	body = append(body, '\n')
	h := w.Header()
	h.Set("Content-Type", mediaType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // an error means that the client has gone
	}
}

// isAPI reports whether a path within the mount belongs to the API, whether there is
// anything or not.
func isAPI(path string) bool { return path == "/api" || strings.HasPrefix(path, "/api/") }
