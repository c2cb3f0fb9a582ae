package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"time"
	"unicode/utf16"

	"github.com/go-downtime/downtime/core/wire"
)

// resultJSON is what the commands that write print with --json.
type resultJSON struct {
	wire.Result // its Result is the word after RESULT

	ExitCode    int             `json:"exit_code"`
	Reconciled  *reconciledJSON `json:"reconciled,omitempty"`  // reconcile only
	Initialised *bool           `json:"initialised,omitempty"` // init only: it wrote the first document
}

// checkJSON is what check --json prints.
type checkJSON struct {
	Method   string    `json:"method"`
	Target   string    `json:"target"`
	At       time.Time `json:"at"`
	Outcome  string    `json:"outcome"` // "open", "exempt", "bypassed" or "blocked"
	Passes   bool      `json:"passes"`
	Rule     string    `json:"rule,omitzero"`
	Cause    string    `json:"cause,omitzero"`
	Override string    `json:"override,omitzero"`
	Period   string    `json:"period,omitzero"`
	Reason   string    `json:"reason,omitzero"`
	Since    time.Time `json:"since,omitzero"`
	Until    time.Time `json:"until,omitzero"`
	Redirect string    `json:"redirect,omitzero"`
}

// writeJSON writes v, indented or as one line, with everything escaped that a terminal
// would act upon.
func writeJSON(w io.Writer, v any, indent bool) error {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if indent {
		enc.SetIndent("", "  ")
	}
	if err := enc.Encode(v); err != nil {
		return err
	}
	var out bytes.Buffer
	for _, r := range buf.String() {
		switch {
		case r == '\n' || !unsafeRune(r):
			out.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&out, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&out, `\u%04x`, r)
		}
	}
	_, err := w.Write(out.Bytes())
	return err
}
