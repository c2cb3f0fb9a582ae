package admin

import (
	"fmt"
	"html/template"
	"strings"
	"time"

	"github.com/go-downtime/downtime/period/walltime"
)

// clock formats instants for one operator: in the operator's time zone, with UTC beside it,
// and relative to Now, the store's time.
type clock struct {
	Zone *time.Location
	Now  time.Time
}

// ZoneName is the name of the zone for people, for example "Europe/Berlin".
func (c clock) ZoneName() string { return walltime.Name(c.Zone) }

// Offset is the offset of the zone now: "UTC+02:00".
func (c clock) Offset() string { return c.Now.In(c.Zone).Format("UTC-07:00") }

// At is t in the operator's zone, with its date.
func (c clock) At(t time.Time) string {
	return t.In(c.Zone).Format("Mon 2 Jan 2006, " + minutes(t) + " MST")
}

// UTC is t in UTC, with its date only if that differs; "" if the operator's zone has no
// offset from UTC at t.
func (c clock) UTC(t time.Time) string {
	here, utc := t.In(c.Zone), t.UTC()
	if _, offset := here.Zone(); offset == 0 {
		return ""
	}
	if here.Format(time.DateOnly) != utc.Format(time.DateOnly) {
		return utc.Format("Mon 2 Jan, " + minutes(t) + " UTC")
	}
	return utc.Format(minutes(t) + " UTC")
}

// minutes is the layout of t's time of day: with seconds only if they are not zero.
func minutes(t time.Time) string {
	if t.Second() == 0 {
		return "15:04"
	}
	return "15:04:05"
}

// TimeOfDay is t in the operator's zone, without its date.
func (c clock) TimeOfDay(t time.Time) string { return t.In(c.Zone).Format("15:04:05 MST") }

// From is t relative to now: "in 2 hours", "5 minutes ago".
func (c clock) From(t time.Time) string {
	switch d := t.Sub(c.Now); {
	case d.Abs() < time.Second:
		return "now"
	case d > 0:
		return "in " + span(roughly(d))
	default:
		return span(-d) + " ago"
	}
}

// roughly is d in whole minutes: a second later it is still "30 minutes". Less than a minute stays.
func roughly(d time.Duration) time.Duration {
	if d > time.Minute {
		return d.Round(time.Minute)
	}
	return d.Round(time.Second)
}

// For is how long ago t was: "5 minutes".
func (c clock) For(t time.Time) string { return span(c.Now.Sub(t)) }

// span is d in words, in at most two units.
func span(d time.Duration) string {
	units := []struct {
		name string
		size time.Duration
	}{{"day", 24 * time.Hour}, {"hour", time.Hour}, {"minute", time.Minute}, {"second", time.Second}}
	for i, u := range units {
		n := d / u.size
		if n == 0 {
			continue
		}
		text := count(int64(n), u.name)
		if i+1 < len(units) && n < 10 {
			if rest := (d % u.size) / units[i+1].size; rest > 0 && u.name != "minute" {
				text += " " + count(int64(rest), units[i+1].name)
			}
		}
		return text
	}
	return "less than a second"
}

// count is "1 hour", "2 hours".
func count(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// Time is t as a time element: in the operator's zone and in UTC.
func (c clock) Time(t time.Time) template.HTML {
	var b strings.Builder
	b.WriteString(`<time datetime="` + t.UTC().Format(time.RFC3339) + `">` + template.HTMLEscapeString(c.At(t)))
	if utc := c.UTC(t); utc != "" {
		b.WriteString(` <span class="utc">(` + utc + `)</span>`)
	}
	b.WriteString(`</time>`)
	return template.HTML(b.String()) //nolint:gosec // dates and zones' abbreviations, escaped
}

// Local is t as the value of an input of type datetime-local.
func (c clock) Local(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	layout := "2006-01-02T15:04"
	if t.Second() != 0 {
		layout = "2006-01-02T15:04:05"
	}
	return t.In(c.Zone).Format(layout)
}
