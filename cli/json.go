package cli

import (
	"bytes"
	"encoding/json"
	"io"
	"time"

	"github.com/go-downtime/downtime/internal/visible"
	"github.com/go-downtime/downtime/internal/wire"
)

// resultJSON is the output of the commands that write.
type resultJSON struct {
	wire.Result // its Result is the word after RESULT

	ExitCode    int             `json:"exit_code"`
	Kept        string          `json:"kept,omitzero"`         // where the store keeps the unreadable document that was replaced
	Reconciled  *reconciledJSON `json:"reconciled,omitempty"`  // reconcile only
	Initialized *bool           `json:"initialized,omitempty"` // init only: it wrote the first document
}

// statusJSON is the output of status.
type statusJSON struct {
	wire.State

	Fleet *wire.Counts `json:"fleet,omitempty"` // nil if the store keeps no rows
}

// reconciledJSON is the effect of reconcile. With --dry-run it is the effect that it would have.
type reconciledJSON struct {
	From     int64    `json:"from"`
	To       int64    `json:"to"`
	Replaces string   `json:"replaces,omitzero"` // the id of the other document that gates give up
	Refusing []string `json:"refusing"`          // ids of the instances that refuse before the write
	Opens    []string `json:"opens"`             // those of them that will open by it
}

// fleetJSON is the output of fleet.
type fleetJSON struct {
	wire.Fleet

	Error string `json:"error,omitzero"` // why the document is lost or cannot be read
}

// checkJSON is the output of check.
type checkJSON struct {
	Method   string    `json:"method"`
	Target   string    `json:"target"`
	At       time.Time `json:"at"`
	Outcome  string    `json:"outcome"` // "open", "exempt", "bypassed", "held" or "blocked"
	Passes   bool      `json:"passes"`
	Rules    string    `json:"rules"` // "site", or "given": only those of the flags
	Rule     string    `json:"rule,omitzero"`
	Cause    string    `json:"cause,omitzero"`
	Override string    `json:"override,omitzero"`
	Period   string    `json:"period,omitzero"`
	Reason   string    `json:"reason,omitzero"`
	Since    time.Time `json:"since,omitzero"`
	Until    time.Time `json:"until,omitzero"`
	Redirect string    `json:"redirect,omitzero"`
}

// writeJSON writes v, indented or as one line. It escapes the characters that a terminal
// would act upon or hide.
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
	_, err := io.WriteString(w, visible.JSON(buf.String()))
	return err
}
