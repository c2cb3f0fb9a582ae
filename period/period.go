package period

import (
	"fmt"
	"time"
)

// Kind defines how a [Period] begins and ends.
type Kind string

const (
	// Deployment is downtime that an operator or a job begins ("downtime start"). It is in
	// force from the write that begins it to the write that ends it. It depends on no clock,
	// unless it has an End.
	Deployment Kind = "deployment"
	// Window is downtime planned for a time. It is in force while it is enabled and
	// Start <= now < End. Without an End it lasts until an operator ends it.
	Window Kind = "window"
)

// Suspended as [Period.Bypass] means that no predicate lets a request pass.
const Suspended = "suspended"

// Period is one stretch of downtime. It is a plain value: copy it freely. A document holds
// all instants in UTC with whole microseconds.
type Period struct {
	// ID is unique in its document: 1 to MaxIDLen bytes of a-z, A-Z, 0-9, "-", "_", ".", and
	// begins with a letter or a digit.
	ID string `json:"id"`
	// Kind is Deployment or Window.
	Kind Kind `json:"kind"`
	// Start is when a Window begins. For a Deployment it is when the deployment began, for
	// information only. Never zero.
	Start time.Time `json:"start"`
	// End is the first instant at which the site is up again. Zero means that an operator
	// ends the period. On a Deployment it is an automatic end that the operator asked for.
	End time.Time `json:"end,omitzero"`
	// ExpectedEnd is the end that visitors are told, and the base of Retry-After. It does not end
	// the period. Zero means End; if End is zero too, the end is unknown.
	ExpectedEnd time.Time `json:"expected_end,omitzero"`
	// DownSince is when the present stretch of downtime began, if that was before Start. A write sets it
	// when it removes or disables the period that began the stretch. Zero means that no write has set
	// it.
	DownSince time.Time `json:"down_since,omitzero"`
	// If Enabled is false, the document keeps the period, but it is never in force.
	Enabled bool `json:"enabled"`
	// Emergency marks downtime that was not planned. The Downtime header then says
	// kind=emergency instead of kind=planned.
	Emergency bool `json:"emergency,omitzero"`
	// HoldSeconds makes new requests wait instead of failing, for work that is over within seconds.
	// They wait for at most this time after their gate has closed, and are then refused. If several
	// periods are in force, requests wait only if all of them say so, for the shortest of the times.
	// 0 to MaxHold; 0 means that requests are refused at once.
	HoldSeconds int64 `json:"hold,omitzero"`
	// Reason is shown to visitors, as text. At most MaxReasonLen bytes.
	Reason string `json:"reason,omitzero"`
	// ReasonLang is the language of Reason, a tag such as "de" or "pt-BR". "" means that it is not
	// known.
	ReasonLang string `json:"reason_lang,omitzero"`
	// Reasons holds the reason in further languages. Visitors who read none of them get Reason. If
	// it holds any, Reason and ReasonLang are required. At most MaxReasons languages, and
	// MaxReasonLen bytes each.
	Reasons Reasons `json:"reasons,omitzero"`
	// Holder names the holder of the period. A second "start" by the same holder changes it, and
	// a bare "end" ends it. A holder is, for example, a person at a host or a CI job.
	Holder string `json:"holder,omitzero"`
	// Job names the part of the holder that began the period, for example one job of a CI run. ""
	// means that the holder has no parts.
	Job string `json:"job,omitzero"`
	// RunID names the run ("downtime run") whose deployment it is, and is the key of the run's row.
	// A later run of the holder takes the period over if that row is no longer live. "" means that
	// no run began the period.
	RunID string `json:"run_id,omitzero"`
	// Bypass says whether predicates let requests pass while the period is in force: "" means that
	// they do, and [Suspended] that they do not. Exempt paths are not affected.
	Bypass string `json:"bypass,omitzero"`
	// Version counts the changes of this period, from 1.
	Version int64 `json:"version"`
	// CreatedBy and CreatedAt say who made the period, and when.
	CreatedBy string    `json:"created_by,omitzero"`
	CreatedAt time.Time `json:"created_at,omitzero"`
	// UpdatedBy and UpdatedAt say who changed it last, and when. Zero means never.
	UpdatedBy string    `json:"updated_by,omitzero"`
	UpdatedAt time.Time `json:"updated_at,omitzero"`
}

// normalizePeriod changes the instants of p to the form that [Canonical] returns.
func normalizePeriod(p *Period) {
	for _, t := range []*time.Time{&p.Start, &p.End, &p.ExpectedEnd, &p.DownSince, &p.CreatedAt, &p.UpdatedAt} {
		*t = Canonical(*t)
	}
}

// InForce reports whether p refuses requests at t.
func (p Period) InForce(t time.Time) bool {
	if !p.Enabled || p.Finished(t) {
		return false
	}
	return p.Kind == Deployment || !t.Before(p.Start)
}

// Finished reports whether the end of p has passed at t.
func (p Period) Finished(t time.Time) bool {
	return !p.End.IsZero() && !t.Before(p.End)
}

// Overdue reports whether p is in force at t, and its expected end has passed.
func (p Period) Overdue(t time.Time) bool {
	return p.InForce(t) && !p.ExpectedEnd.IsZero() && !t.Before(p.ExpectedEnd)
}

// Hold returns HoldSeconds as a duration.
func (p Period) Hold() time.Duration { return time.Duration(p.HoldSeconds) * time.Second }

// PromisedEnd returns the end that visitors are told: ExpectedEnd, else End, else zero, which
// means unknown.
func (p Period) PromisedEnd() time.Time {
	if p.ExpectedEnd.IsZero() { // also in another location, which is not equal to time.Time{}
		return p.End
	}
	return p.ExpectedEnd
}

// Validate returns every fault of p, joined, each a [*FieldError]; nil if there is none.
func (p Period) Validate() error {
	var f faults
	f.period(&p)
	return f.join()
}

// period adds every fault of p.
func (f *faults) period(p *Period) {
	f.id("id", p.ID)
	f.unless(p.Kind == Deployment || p.Kind == Window, "kind", string(p.Kind), `want "deployment" or "window"`)
	f.unless(!p.Start.IsZero(), "start", "", "is missing")
	f.year("start", p.Start)
	f.end("end", p.End, p.Start)
	f.end("expected_end", p.ExpectedEnd, p.Start)
	f.year("down_since", p.DownSince)
	f.year("created_at", p.CreatedAt)
	f.year("updated_at", p.UpdatedAt)
	f.unless(p.Bypass == "" || p.Bypass == Suspended, "bypass", p.Bypass, `want "suspended", or none`)
	if most := int64(MaxHold / time.Second); p.HoldSeconds < 0 || p.HoldSeconds > most {
		f.add("hold", p.HoldSeconds, fmt.Sprintf("want 0 to %d seconds", most))
	}
	f.text("reason", p.Reason, MaxReasonLen)
	f.text("holder", p.Holder, MaxNameLen)
	f.text("job", p.Job, MaxNameLen)
	f.text("run_id", p.RunID, MaxIDLen)
	f.text("created_by", p.CreatedBy, MaxNameLen)
	f.text("updated_by", p.UpdatedBy, MaxNameLen)
	f.reasons(p)
	f.unless(p.Version >= 1, "version", p.Version, "want 1 or more")
}
