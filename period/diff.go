package period

import (
	"cmp"
	"slices"
	"strconv"
	"time"
)

// ID is the id of the period. It is "" for the zero Change.
func (c Change) ID() string {
	if p := cmp.Or(c.After, c.Before); p != nil {
		return p.ID
	}
	return ""
}

// FieldChange is one member of a period that a write has changed.
type FieldChange struct {
	// Name is the name of the member in JSON: "kind", "start", "end", "expected_end",
	// "enabled", "emergency", "hold", "reason", "reason_lang", "holder", "job" or "bypass", or
	// "reasons." and a language.
	Name string
	// Before and After are the values: instants as RFC 3339 in UTC, flags as "true" and
	// "false", the hold as "20s". "" means that there is no value, or no period.
	Before, After string
}

// Instant reports whether the member is an instant.
func (f FieldChange) Instant() bool {
	return f.Name == "start" || f.Name == "end" || f.Name == "expected_end"
}

// Fields lists the members that differ between Before and After, in the order of [Period], and then
// the Reasons by language. For a period that was added or removed it lists all members that have a
// value. Version, CreatedBy, CreatedAt, UpdatedBy and UpdatedAt are not listed. The result is never
// nil.
func (c Change) Fields() []FieldChange {
	var before, after [12]FieldChange
	var was, is Reasons
	if c.Before != nil {
		before, was = c.Before.fields(), c.Before.Reasons
	}
	if c.After != nil {
		after, is = c.After.fields(), c.After.Reasons
	}
	out := []FieldChange{}
	for i := range before {
		f := FieldChange{Name: cmp.Or(after[i].Name, before[i].Name), Before: before[i].After, After: after[i].After}
		if f.Before != f.After {
			out = append(out, f)
		}
	}
	languages := append(was.Languages(), is.Languages()...)
	slices.Sort(languages)
	for _, tag := range slices.Compact(languages) {
		if f := (FieldChange{Name: "reasons." + tag, Before: was.In(tag), After: is.In(tag)}); f.Before != f.After {
			out = append(out, f)
		}
	}
	return out
}

// fields returns the members of p that [Change.Fields] compares, without Reasons, with their values in
// After.
func (p Period) fields() [12]FieldChange {
	return [12]FieldChange{
		{Name: "kind", After: string(p.Kind)},
		{Name: "start", After: instantText(p.Start)},
		{Name: "end", After: instantText(p.End)},
		{Name: "expected_end", After: instantText(p.ExpectedEnd)},
		{Name: "enabled", After: strconv.FormatBool(p.Enabled)},
		{Name: "emergency", After: strconv.FormatBool(p.Emergency)},
		{Name: "hold", After: holdText(p.Hold())},
		{Name: "reason", After: p.Reason},
		{Name: "reason_lang", After: p.ReasonLang},
		{Name: "holder", After: p.Holder},
		{Name: "job", After: p.Job},
		{Name: "bypass", After: p.Bypass},
	}
}

func instantText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return Canonical(t).Format(time.RFC3339Nano)
}

func holdText(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return d.String()
}

// canonical returns a copy of c with instants in the form of [Canonical].
func (c Change) canonical() Change {
	for _, p := range []**Period{&c.Before, &c.After} {
		if *p != nil {
			*p = new(**p)
			normalizePeriod(*p)
		}
	}
	return c
}

// Changes lists the differences between two sets of periods: first the removed periods, in
// the order of before, then the added and the changed ones, in the order of after.
func Changes(before, after []Period) []Change {
	was, is := byID(before), byID(after)
	changes := []Change{}
	for _, p := range before {
		if _, ok := is[p.ID]; !ok {
			changes = append(changes, Change{Before: &p}.canonical())
		}
	}
	for _, p := range after {
		c := Change{After: &p}
		if old, ok := was[p.ID]; ok {
			c.Before = &old
		}
		if c = c.canonical(); c.Before == nil || *c.Before != *c.After {
			changes = append(changes, c)
		}
	}
	return changes
}

func byID(periods []Period) map[string]Period {
	found := make(map[string]Period, len(periods))
	for _, p := range periods {
		found[p.ID] = p
	}
	return found
}

// Grew reports whether the refused set grew: whether next refuses requests, now or later, that
// prev does not refuse. prev may be nil.
func Grew(prev, next *Document) bool {
	var before map[string]Period
	if prev != nil {
		before = byID(prev.Periods)
	}
	return slices.ContainsFunc(next.Periods, func(p Period) bool {
		was, ok := before[p.ID]
		switch {
		case !p.Enabled:
			return false
		case !ok, !was.Enabled, was.Kind != p.Kind, p.Start.Before(was.Start), p.Bypass == Suspended && was.Bypass != Suspended:
			return true
		case was.End.IsZero():
			return false
		}
		return p.End.IsZero() || p.End.After(was.End)
	})
}
