package core

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Kind tells how a [Period] begins and ends.
type Kind string

const (
	// Deployment is downtime begun by a person or a job ("downtime start"). It is in
	// force from the write that begins it to the write that ends it; no clock takes
	// part, unless it has an End.
	Deployment Kind = "deployment"
	// Window is downtime planned for a time. It is in force while enabled and
	// Start <= now < End; without an End, until somebody ends it.
	Window Kind = "window"
)

// Limits on what a [Period] may hold, in bytes. They keep a document readable and an
// answer small.
const (
	MaxIDLen     = 64
	MaxReasonLen = 4096
	MaxNameLen   = 256 // Holder, CreatedBy, UpdatedBy
)

// Period is one stretch of downtime. It is a plain value: copy it freely. All instants
// are written in UTC with at most microseconds, which every store keeps.
type Period struct {
	// ID is unique in its document: 1 to MaxIDLen bytes of a-z, A-Z, 0-9, "-", "_", ".".
	ID string `json:"id"`
	// Kind is Deployment or Window.
	Kind Kind `json:"kind"`
	// Start is when downtime begins (Window) or was begun (Deployment, where it only
	// informs). Never zero.
	Start time.Time `json:"start"`
	// End is the first instant that is up again. Zero means: until somebody ends it. On
	// a Deployment it is the automatic end that was spelled out ("--auto-end").
	End time.Time `json:"end,omitzero"`
	// ExpectedEnd is what visitors are told, and what Retry-After follows. It opens
	// nothing. Zero means: End, and where that is zero too, unknown.
	ExpectedEnd time.Time `json:"expected_end,omitzero"`
	// Enabled false means: kept, but never in force.
	Enabled bool `json:"enabled"`
	// Emergency marks downtime that nobody planned; the Downtime header then says
	// kind=emergency instead of kind=planned.
	Emergency bool `json:"emergency,omitzero"`
	// Reason is shown to visitors, as text. At most MaxReasonLen bytes.
	Reason string `json:"reason,omitzero"`
	// Holder is who the period belongs to: a second "start" by the same holder changes
	// it, a bare "end" ends it. A person at a host, or a CI job.
	Holder string `json:"holder,omitzero"`
	// Version counts the changes of this period, from 1.
	Version int64 `json:"version"`
	// CreatedBy and CreatedAt are who made the period, and when.
	CreatedBy string    `json:"created_by,omitzero"`
	CreatedAt time.Time `json:"created_at,omitzero"`
	// UpdatedBy and UpdatedAt are who changed it last, and when. Zero means: never.
	UpdatedBy string    `json:"updated_by,omitzero"`
	UpdatedAt time.Time `json:"updated_at,omitzero"`
}

// InForce reports whether p refuses requests at t. It is a pure function of p and t.
func (p Period) InForce(t time.Time) bool {
	if !p.Enabled || (!p.End.IsZero() && !t.Before(p.End)) {
		return false
	}
	return p.Kind == Deployment || !t.Before(p.Start)
}

// Finished reports whether p can never be in force at t or later as it stands.
func (p Period) Finished(t time.Time) bool {
	return !p.End.IsZero() && !t.Before(p.End)
}

// Overdue reports whether p is in force at t though it was expected to have ended.
func (p Period) Overdue(t time.Time) bool {
	return p.InForce(t) && !p.ExpectedEnd.IsZero() && !t.Before(p.ExpectedEnd)
}

// PromisedEnd is the end that visitors are told: ExpectedEnd, else End, else zero
// (unknown).
func (p Period) PromisedEnd() time.Time {
	if !p.ExpectedEnd.IsZero() {
		return p.ExpectedEnd
	}
	return p.End
}

// Validate returns every fault of p, joined, each a [*FieldError]; nil if there is none.
func (p Period) Validate() error {
	var errs []error
	fault := func(field string, value any, problem string) {
		errs = append(errs, &FieldError{Field: field, Value: value, Problem: problem})
	}
	if problem := idProblem(p.ID); problem != "" {
		fault("id", p.ID, problem)
	}
	if p.Kind != Deployment && p.Kind != Window {
		fault("kind", string(p.Kind), `want "deployment" or "window"`)
	}
	if p.Start.IsZero() {
		fault("start", "", "is missing")
	}
	for _, at := range []struct {
		field string
		t     time.Time
	}{
		{"start", p.Start},
		{"end", p.End},
		{"expected_end", p.ExpectedEnd},
		{"created_at", p.CreatedAt},
		{"updated_at", p.UpdatedAt},
	} {
		if y := at.t.UTC().Year(); !at.t.IsZero() && (y < 2000 || y > 9998) {
			fault(at.field, at.t.UTC().Format(time.RFC3339), "want a year from 2000 to 9998")
		}
	}
	if !p.End.IsZero() && !p.End.After(p.Start) {
		fault("end", p.End.UTC().Format(time.RFC3339), "want an instant after start "+p.Start.UTC().Format(time.RFC3339))
	}
	if !p.ExpectedEnd.IsZero() && !p.ExpectedEnd.After(p.Start) {
		fault("expected_end", p.ExpectedEnd.UTC().Format(time.RFC3339), "want an instant after start "+p.Start.UTC().Format(time.RFC3339))
	}
	for _, text := range []struct {
		field, value string
		limit        int
	}{
		{"reason", p.Reason, MaxReasonLen},
		{"holder", p.Holder, MaxNameLen},
		{"created_by", p.CreatedBy, MaxNameLen},
		{"updated_by", p.UpdatedBy, MaxNameLen},
	} {
		switch {
		case len(text.value) > text.limit:
			fault(text.field, fmt.Sprintf("%d bytes", len(text.value)), fmt.Sprintf("want at most %d bytes", text.limit))
		case !utf8.ValidString(text.value):
			fault(text.field, text.value, "is not valid UTF-8")
		}
	}
	if p.Version < 1 {
		fault("version", p.Version, "want 1 or more")
	}
	return errors.Join(errs...)
}

func idProblem(id string) string {
	switch {
	case id == "":
		return "is missing"
	case len(id) > MaxIDLen:
		return fmt.Sprintf("want at most %d bytes", MaxIDLen)
	case strings.IndexFunc(id, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_' && r != '.'
	}) >= 0:
		return `want only a-z, A-Z, 0-9, "-", "_" and "."`
	}
	return ""
}
