package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"time"
	"unicode/utf16"

	"github.com/go-downtime/downtime/core"
)

// periodJSON is a period as a command prints it: the members of the document, and what
// they amount to at the store's time.
type periodJSON struct {
	core.Period

	Status  string `json:"status"`
	Overdue bool   `json:"overdue"`
}

// stateJSON is what status --json prints.
type stateJSON struct {
	State      string       `json:"state"` // "up" or "down"
	Since      time.Time    `json:"since,omitzero"`
	Until      time.Time    `json:"until,omitzero"`
	Overdue    bool         `json:"overdue"`
	Emergency  bool         `json:"emergency"`
	Next       time.Time    `json:"next,omitzero"`
	InForce    []periodJSON `json:"in_force"`
	Upcoming   []periodJSON `json:"upcoming"`
	Time       time.Time    `json:"time"`
	Store      string       `json:"store"`
	App        string       `json:"application,omitzero"`
	Written    bool         `json:"written"`
	StoreID    string       `json:"store_id,omitzero"`
	Revision   int64        `json:"revision"`
	CloseRev   int64        `json:"close_rev"`
	WriteID    string       `json:"write_id,omitzero"`
	HandEdited bool         `json:"hand_edited"`
}

// listJSON is what list --json prints.
type listJSON struct {
	Store    string       `json:"store"`
	Time     time.Time    `json:"time"`
	Written  bool         `json:"written"`
	Revision int64        `json:"revision"`
	Periods  []periodJSON `json:"periods"`
}

// resultJSON is what the commands that write print with --json.
type resultJSON struct {
	Result   string       `json:"result"` // as after RESULT
	ExitCode int          `json:"exit_code"`
	Period   *periodJSON  `json:"period,omitempty"`
	Ended    []periodJSON `json:"ended,omitzero"`
	State    stateJSON    `json:"state"`
	Fleet    *countsJSON  `json:"fleet,omitempty"`

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

func (s state) periodJSON(p core.Period) periodJSON {
	return periodJSON{Period: p, Status: statusOf(p, s.now), Overdue: p.Overdue(s.now)}
}

// periodsJSON is never nil: an empty list is [].
func (s state) periodsJSON(ps []core.Period) []periodJSON {
	out := make([]periodJSON, 0, len(ps))
	for _, p := range ps {
		out = append(out, s.periodJSON(p))
	}
	return out
}

func (s state) json() stateJSON {
	v := s.verdict()
	out := stateJSON{
		State: "up", Since: v.Since, Until: v.Until, Overdue: v.Overdue(s.now), Emergency: v.Emergency, Next: v.Next,
		InForce: s.periodsJSON(s.doc.InForce(s.now)), Upcoming: s.periodsJSON(s.upcoming()),
		Time: s.now, Store: s.store, App: s.app,
	}
	if v.Down {
		out.State = "down"
	}
	if d := s.doc; d != nil {
		out.Written, out.StoreID, out.Revision, out.CloseRev, out.WriteID = true, d.StoreID, d.Revision, d.CloseRev, d.WriteID
		out.HandEdited = d.HandEdited()
	}
	return out
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
