package period

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// Row is what an instance, one process with a gate, reports about itself. A store keeps it
// as bytes.
type Row struct {
	// ID is the key of the row, random for each gate.
	ID string `json:"id"`
	// Run is true if the row is the lease of a run ("downtime run") or of a follower ("downtime events
	// --follow"), and not an instance.
	Run bool `json:"run,omitzero"`
	// Host and PID say where the instance runs. Boot identifies one boot of that host; "" means
	// unknown.
	Host string `json:"host"`
	PID  int    `json:"pid"`
	Boot string `json:"boot,omitzero"`
	// App is the version of the application, and Version that of this library, as Go
	// recorded them in the binary. "" means unknown.
	App     string `json:"app,omitzero"`
	Version string `json:"version,omitzero"`
	// Started is when the gate was made, by the clock of its machine.
	Started time.Time `json:"started"`
	// Seq grows with each row that the instance sends.
	Seq int64 `json:"seq"`
	// Reads lists the members of a document that the instance implements, see [Reads].
	Reads []string `json:"reads,omitzero"`
	// Rules is a digest of exemptions, names of predicates and policies. Two instances with
	// different digests do not let the same requests pass.
	Rules string `json:"rules,omitzero"`
	// Policy is the gate's policy while the store is lost: "keep" or "refuse". MaxStale and
	// Patience are the times of that policy, in seconds. FirstStart is its policy before the
	// first read: "refuse" or "open".
	Policy     string  `json:"policy"`
	MaxStale   float64 `json:"max_stale,omitzero"`
	Patience   float64 `json:"patience,omitzero"`
	FirstStart string  `json:"first_start,omitzero"`

	// State is the state of the gate. Cause says why a gate is closed: "period", "override",
	// "starting" or "store-lost". Override is "up", "down" or "".
	State    RowState `json:"state"`
	Cause    string   `json:"cause,omitzero"`
	Override string   `json:"override,omitzero"`
	// StoreID, Revision and WriteID identify the document behind the installed snapshot.
	// All are zero if there is none.
	StoreID  string `json:"store_id,omitzero"`
	Revision int64  `json:"revision"`
	WriteID  string `json:"write_id,omitzero"`
	// Regressed means that the gate has read a document that it cannot adopt, because it
	// does not continue the adopted one.
	Regressed bool `json:"regressed,omitzero"`
	// Problem says why the gate cannot read the document; "" means that it can.
	Problem string `json:"problem,omitzero"`
	// Warning says why changes may not reach the instance, although it can read the document: its
	// store has noticed it, or its override file cannot be read. "" means that nothing was noticed.
	Warning string `json:"warning,omitzero"`
	// Drained lists the ids of the periods that are drained: the installed snapshot refuses
	// the whole scope of the period, and every request that an earlier snapshot admitted
	// has ended. DrainedUntil is when the first of these periods ends, by the store's
	// clock; zero means that none of them has an end.
	Drained      []string  `json:"drained"`
	DrainedUntil time.Time `json:"drained_until,omitzero"`
	// InFlight counts running requests that an open snapshot admitted; Bypassed and Exempt
	// those that a closed one admitted. Judged counts all requests since the start.
	InFlight int64 `json:"in_flight"`
	Bypassed int64 `json:"bypassed"`
	Exempt   int64 `json:"exempt"`
	Judged   int64 `json:"judged"`
	// Held counts the requests that wait until the gate opens. They are not among the requests
	// above.
	Held int64 `json:"held"`
	// Streams counts the running streams that handlers have declared, by name. They are not among
	// the requests above, and no drain waits for them. Nil means none.
	Streams map[string]int64 `json:"streams,omitzero"`
}

// NoteLeft is the note on the tombstone of an instance that was shut down. A tombstone with another
// note was left by an operator, who does not know whether the instance still runs.
const NoteLeft = "left"

// RowState is the state of an instance.
type RowState string

// The states of a [Row].
const (
	Starting RowState = "starting" // the gate refuses, because it has not read the store yet
	Open     RowState = "open"     // the gate serves
	Closed   RowState = "closed"   // the gate refuses
	Leaving  RowState = "leaving"  // the gate was shut down while requests still ran
)

// Mark identifies the document behind the row's snapshot.
func (r Row) Mark() Mark { return Mark{StoreID: r.StoreID, Revision: r.Revision, WriteID: r.WriteID} }

// DrainedAt returns the ids of the periods that the row says are drained at t, by the store's
// clock. The caller must not change them.
func (r Row) DrainedAt(t time.Time) []string {
	if r.DrainedUntil.IsZero() || t.Before(r.DrainedUntil) {
		return r.Drained
	}
	return nil
}

// Encode returns the row as JSON.
func (r Row) Encode() ([]byte, error) {
	if r.Drained == nil {
		r.Drained = []string{}
	}
	return json.Marshal(r)
}

// DecodeRow reads the row with this key. It ignores unknown members, because a newer version may
// have written the row. It refuses an unknown state, because the reader would not know whether
// the instance refuses requests. In the result Drained is not nil.
func DecodeRow(key string, b []byte) (Row, error) {
	if len(b) == 0 {
		return Row{}, errors.New("the row is empty")
	}
	var r Row
	if err := json.Unmarshal(b, &r); err != nil {
		return Row{}, fmt.Errorf("the row is not valid: %w", err)
	}
	var f faults
	f.unless(r.ID == key, "id", r.ID, "want "+strconv.Quote(key)+", the key of the row")
	known := slices.Contains([]RowState{Starting, Open, Closed, Leaving}, r.State)
	f.unless(known, "state", string(r.State), `want "starting", "open", "closed" or "leaving"`)
	f.optionalID("store_id", r.StoreID)
	if err := f.join(); err != nil {
		return Row{}, err
	}
	if r.Drained == nil {
		r.Drained = []string{}
	}
	return r, nil
}
