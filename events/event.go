package events

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/go-downtime/downtime/period"
)

// Format is the format of the events that this version makes.
const Format = 1

// Name says what happened.
type Name string

// The names. Later versions may add names.
const (
	AboutToBegin   Name = "about-to-begin"  // a window begins within the notice
	CalledOff      Name = "called-off"      // a window of an earlier AboutToBegin was canceled, disabled or moved
	Started        Name = "started"         // a period is in force
	EndMoved       Name = "end-moved"       // a period in force has another expected end
	Overdue        Name = "overdue"         // a period is in force, and its expected end has passed
	Ended          Name = "ended"           // a period is no longer in force
	InstanceSilent Name = "instance-silent" // the lease of an instance has ended
	Regressed      Name = "regressed"       // the store holds an older document than before, or another one
	Missed         Name = "missed"          // events between two revisions cannot be reported
)

// names are all names. The position of a name is its order among the events of one instant.
var names = []Name{Missed, Ended, CalledOff, Started, EndMoved, Overdue, AboutToBegin, InstanceSilent, Regressed}

// Event is one event. It is a plain value. The caller must not change the values behind its pointers.
type Event struct {
	// Format is the format of the event, see [Format].
	Format int  `json:"format"`
	Event  Name `json:"event"`
	// Key identifies the event. If an event is delivered twice, both have the same key. At most 255
	// bytes, without blanks and dots.
	Key string `json:"key"`
	// Text describes the event for people, in one or two sentences. Its wording can change.
	Text string `json:"text"`
	// Application names the application. "" means that neither document nor store names it.
	Application string `json:"application,omitzero"`
	// StoreID and Revision identify the document at the event.
	StoreID  string `json:"store_id"`
	Revision int64  `json:"revision"`
	// At is the time of the event, by the store's clock.
	At time.Time `json:"at"`
	// PeriodID is the id of Period. Period is the period after the event. If a write has removed the
	// period, Period is the period before that write. Both are zero if the event belongs to no period.
	// Before is the period before the write that has changed it. It is nil for other events.
	PeriodID string         `json:"period_id,omitzero"`
	Period   *period.Period `json:"period,omitzero"`
	Before   *period.Period `json:"before,omitzero"`
	// Action, Actor and Origin are those of the write that caused the event. "" means that the clock
	// caused it. HandEdited means that an edit of the file by hand caused it.
	Action     period.Action `json:"action,omitzero"`
	Actor      string        `json:"actor,omitzero"`
	Origin     string        `json:"origin,omitzero"`
	HandEdited bool          `json:"hand_edited,omitzero"`
	// Instance is the silent instance; nil for other events.
	Instance *Instance `json:"instance,omitzero"`
	// FromRevision and Revision are the first and the last revision whose events [Missed] stands for.
	// Why says why these events cannot be reported.
	FromRevision int64  `json:"from_revision,omitzero"`
	Why          string `json:"why,omitzero"`
	// Newest is the document that the store held before [Regressed]; nil for other events.
	Newest *Mark `json:"newest,omitzero"`
	// Site is the state of the site after the event.
	Site Site `json:"site"`
}

// Mark is a [period.Mark] in JSON.
type Mark struct {
	StoreID  string `json:"store_id"`
	Revision int64  `json:"revision"`
	// SeenBy names the instance that has read this document: "host web1". "" means that the store itself
	// has recorded it.
	SeenBy string `json:"seen_by,omitzero"`
}

// Site is the state of the site, computed from the document.
type Site struct {
	Down bool `json:"down"`
	// Since and Until delimit the downtime; zero if the site is up. A zero Until means that the end
	// is not known.
	Since   time.Time `json:"since,omitzero"`
	Until   time.Time `json:"until,omitzero"`
	Overdue bool      `json:"overdue,omitzero"`
	// Periods are the ids of the periods in force; empty, never nil.
	Periods []string `json:"periods"`
}

// Encode returns the event as one line of JSON, without a newline at its end.
func (e Event) Encode() []byte {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(e) // every member can be encoded: the document was decoded from JSON
	return bytes.TrimRight(buf.Bytes(), "\n")
}

// siteAt is the state by these periods.
func siteAt(periods []period.Period, t time.Time) Site {
	s := Site{Periods: []string{}}
	for _, p := range (&period.Document{Periods: periods}).InForce(t) {
		s.Periods = append(s.Periods, p.ID)
	}
	if v := period.At(periods, t); v.Down {
		s.Down, s.Since, s.Until, s.Overdue = true, v.Since, v.Until, v.Overdue(t)
	}
	return s
}

// keyOf joins the parts of a key. A key holds no dot, because the content that a webhook signs has
// dots between its parts.
func keyOf(parts ...string) string {
	return strings.ReplaceAll(strings.Join(parts, ":"), ".", "~")
}

// atKey and revisionKey are the parts of a key that say when.
func atKey(t time.Time) string { return "t" + strconv.FormatInt(t.UnixMicro(), 10) }

func revisionKey(revision int64) string { return "r" + strconv.FormatInt(revision, 10) }
