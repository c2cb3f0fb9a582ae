package core

import (
	"cmp"
	"strconv"
	"time"
)

// Change is one period of an [Entry].
type Change struct {
	// Before and After are the period's values. Nil Before: it was added. Nil After: it was
	// ended or removed.
	Before *Period `json:"before,omitzero"`
	After  *Period `json:"after,omitzero"`
}

// ID is the period's; "" for a zero Change.
func (c Change) ID() string {
	switch {
	case c.After != nil:
		return c.After.ID
	case c.Before != nil:
		return c.Before.ID
	}
	return ""
}

// FieldChange is one member of a period that a write has changed.
type FieldChange struct {
	// Name is the member's in JSON: "kind", "start", "end", "expected_end", "enabled",
	// "emergency", "reason" or "holder".
	Name string
	// Before and After are the values: instants as RFC 3339 in UTC, flags as "true" and
	// "false". "" means none: no end, no reason, or no period.
	Before, After string
}

// Instant reports whether the values are instants, or none.
func (f FieldChange) Instant() bool {
	return f.Name == "start" || f.Name == "end" || f.Name == "expected_end"
}

// Fields returns what differs between Before and After, in the order of [Period]'s fields:
// for a period that was added or removed, what it held. What Period keeps about its own
// changes (version, who, when) is not among it. Empty, never nil.
func (c Change) Fields() []FieldChange {
	var before, after [8]FieldChange
	if c.Before != nil {
		before = c.Before.fields()
	}
	if c.After != nil {
		after = c.After.fields()
	}
	out := []FieldChange{}
	for i := range before {
		f := FieldChange{Name: cmp.Or(after[i].Name, before[i].Name), Before: before[i].After, After: after[i].After}
		if f.Before != f.After {
			out = append(out, f)
		}
	}
	return out
}

// fields are p's values that Change.Fields compares, as After.
func (p Period) fields() [8]FieldChange {
	return [8]FieldChange{
		{Name: "kind", After: string(p.Kind)},
		{Name: "start", After: instantText(p.Start)},
		{Name: "end", After: instantText(p.End)},
		{Name: "expected_end", After: instantText(p.ExpectedEnd)},
		{Name: "enabled", After: strconv.FormatBool(p.Enabled)},
		{Name: "emergency", After: strconv.FormatBool(p.Emergency)},
		{Name: "reason", After: p.Reason},
		{Name: "holder", After: p.Holder},
	}
}

func instantText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return canonical(t).Format(time.RFC3339Nano)
}

// changesOf is what differs between the periods of two documents: what is gone, in the
// order of before, and then what is new or other, in the order of after.
func changesOf(before, after []Period) []Change {
	was := make(map[string]Period, len(before))
	for _, p := range before {
		was[p.ID] = p
	}
	is := make(map[string]bool, len(after))
	for _, p := range after {
		is[p.ID] = true
	}
	changes := []Change{}
	for _, p := range before {
		if !is[p.ID] {
			changes = append(changes, Change{Before: canonicalPeriod(&p)})
		}
	}
	for _, p := range after {
		old, ok := was[p.ID]
		c := Change{After: canonicalPeriod(&p)}
		if ok {
			c.Before = canonicalPeriod(&old)
		}
		if !ok || *c.Before != *c.After {
			changes = append(changes, c)
		}
	}
	return changes
}

// canonicalPeriod is a copy of p with its instants as stores give them back.
func canonicalPeriod(p *Period) *Period {
	if p == nil {
		return nil
	}
	c := *p
	c.Start, c.End, c.ExpectedEnd = canonical(c.Start), canonical(c.End), canonical(c.ExpectedEnd)
	c.CreatedAt, c.UpdatedAt = canonical(c.CreatedAt), canonical(c.UpdatedAt)
	return &c
}
