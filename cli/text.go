package cli

import (
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-downtime/downtime/internal/visible"
)

// safe is s in one line, without characters that a terminal would act upon or hide.
func safe(s string) string { return visible.Line(s) }

// plainWord is a word that a shell reads as it is.
var plainWord = regexp.MustCompile(`^[a-zA-Z0-9_./:@%+=,-]+$`)

// shellWord is s as one word of a shell.
func shellWord(s string) string {
	if plainWord.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// shorten is s in at most n runes.
func shorten(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}

// span is a length of time for people: two units at most, and a year is 365 days.
func span(d time.Duration) string {
	d = d.Abs()
	switch {
	case d >= 2*365*day:
		return two(int(d/(365*day)), "y", 0, "")
	case d >= 60*day:
		return two(int(d/day), "d", 0, "")
	case d.Round(time.Hour) >= day:
		d = d.Round(time.Hour)
		return two(int(d/day), "d", int(d%day/time.Hour), "h")
	case d.Round(time.Minute) >= time.Hour:
		d = d.Round(time.Minute)
		return two(int(d/time.Hour), "h", int(d%time.Hour/time.Minute), "min")
	case d.Round(time.Second) >= 10*time.Minute:
		return two(int(d.Round(time.Minute)/time.Minute), "min", 0, "")
	case d.Round(time.Second) >= time.Minute:
		d = d.Round(time.Second)
		return two(int(d/time.Minute), "min", int(d%time.Minute/time.Second), "s")
	}
	return two(int(d.Round(time.Second)/time.Second), "s", 0, "")
}

func two(n int, unit string, m int, smaller string) string {
	if m == 0 {
		return fmt.Sprintf("%d %s", n, unit)
	}
	return fmt.Sprintf("%d %s %d %s", n, unit, m, smaller)
}

// relative is t as seen from now: "in 12 min", "3 h 5 min ago", "now".
func relative(t, now time.Time) string {
	switch d := t.Sub(now); {
	case d >= time.Second:
		return "in " + span(d)
	case d <= -time.Second:
		return span(d) + " ago"
	}
	return "now"
}

// clock is t as a clock in loc shows it, with seconds where there are any, and with the offset.
// Abbreviations of zones are ambiguous: Shanghai, Chicago and Havana have "CST".
func clock(t time.Time, loc *time.Location) string {
	t = t.In(loc)
	layout := "2006-01-02 15:04"
	if t.Second() != 0 || t.Nanosecond() != 0 {
		layout = time.DateTime
	}
	if _, offset := t.Zone(); offset == 0 {
		return t.Format(layout + " UTC")
	}
	return t.Format(layout + " UTC-07:00")
}
