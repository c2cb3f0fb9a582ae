package admin_test

import (
	"html"
	"maps"
	"net/http"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/operator"
)

// fields are the fields of the form with this id, as a browser would send them.
func (r reply) fields(id string) map[string]string {
	r.t.Helper()
	out := map[string]string{}
	form := match(r, `(?s)<form [^>]*id="`+id+`"[^>]*>(.*?)</form>`)
	for _, input := range regexp.MustCompile(`<input ([^>]*)>`).FindAllStringSubmatch(form, -1) {
		attributes := map[string]string{}
		for _, a := range regexp.MustCompile(`([a-z]+)="([^"]*)"`).FindAllStringSubmatch(input[1], -1) {
			attributes[a[1]] = html.UnescapeString(a[2])
		}
		checked := regexp.MustCompile(` checked\b`).MatchString(input[1])
		if t := attributes["type"]; checked || t != "checkbox" && t != "radio" {
			out[attributes["name"]] = attributes["value"]
		}
	}
	for _, area := range regexp.MustCompile(`(?s)<textarea [^>]*name="([^"]*)"[^>]*>\n(.*?)</textarea>`).FindAllStringSubmatch(form, -1) {
		out[area[1]] = html.UnescapeString(area[2])
	}
	for _, list := range regexp.MustCompile(`(?s)<select [^>]*name="([^"]*)"[^>]*>(.*?)</select>`).FindAllStringSubmatch(form, -1) {
		out[list[1]] = ""
		if chosen := regexp.MustCompile(`value="([^"]*)" selected`).FindStringSubmatch(list[2]); chosen != nil {
			out[list[1]] = chosen[1]
		}
	}
	return out
}

// with sends the fields with changes, as pairs of name and value.
func (c *pageClient) with(path string, fields map[string]string, changes ...string) reply {
	c.t.Helper()
	all := maps.Clone(fields)
	for i := 0; i < len(changes); i += 2 {
		all[changes[i]] = changes[i+1]
	}
	var pairs []string
	for name, value := range all {
		pairs = append(pairs, name, value)
	}
	return c.post(path, pairs...)
}

func TestOnlyTheFieldsThatTheOperatorChangedAreWritten(t *testing.T) {
	t.Parallel()
	c := newPages(t, berlin(t))
	c.post("add", window()...)
	p := c.only()
	form := c.get("edit?id=" + p.ID).fields("period-form")
	// Bob changes the end and the reason. This form has not seen it.
	_, err := operator.Operator{Store: c.store, Actor: "bob"}.Edit(t.Context(), p.ID, operator.EditOptions{End: new(p.End.Add(time.Hour)), Reason: new("Bob's\nreason")})
	require.NoError(t, err)

	c.follow(c.with("edit", form, "emergency", "yes"))
	after := c.only()
	require.True(t, after.Emergency)
	require.Equal(t, "Bob's\nreason", after.Reason, "a field that was not touched is not written back")
	require.Equal(t, p.End.Add(time.Hour), after.End)

	// The same change by both needs no question.
	c.follow(c.with("edit", form, "reason", "Bob's\r\nreason", "start", "2097-03-08T01:00"))
	require.Equal(t, p.Start.Add(-time.Hour), c.only().Start)

	// Both have changed the end.
	before := c.only()
	w := c.with("edit", form, "end", "2097-03-08T06:30")
	require.Equal(t, http.StatusConflict, w.Code)
	w.says("End2097-03-08 04:002097-03-08 05:002097-03-08 06:30")
	require.Equal(t, before, c.only())
	again := w.fields("period-form")
	require.Equal(t, "2097-03-08T06:30", again["end"], "the input is kept")
	require.Equal(t, "2097-03-08T01:00", again["start"], "and the present start is shown")
	c.follow(c.with("edit", again))
	require.Equal(t, before.End.Add(90*time.Minute), c.only().End)
	require.True(t, c.only().Emergency)
}

func TestAnotherZoneKeepsTheInput(t *testing.T) {
	t.Parallel()
	c := newPages(t, berlin(t))
	c.post("add", window("reason", "x")...)
	p := c.only()
	form := c.get("edit?id=" + p.ID).fields("period-form")
	w := c.with("edit", form, "reason", "New disks", "end", "2097-03-08T05:00", "new_zone", "Asia/Tokyo", "rezone", "yes")
	require.Equal(t, http.StatusOK, w.Code)
	again := w.fields("period-form")
	require.Equal(t, "New disks", again["reason"])
	require.Equal(t, "2097-03-08T05:00", again["end"], "as it was typed")
	require.Equal(t, "2097-03-08T10:00", again["start"], "the same instant")
	require.Equal(t, p, c.only())
	w.says("Asia/Tokyo", "UTC+09:00")
	c.follow(c.with("edit", again, "end", "2097-03-08T13:00"))
	require.Equal(t, p.Start, c.only().Start)
	require.Equal(t, time.Date(2097, 3, 8, 4, 0, 0, 0, time.UTC), c.only().End)

	w = c.with("edit", again, "new_zone", "Nowhere", "rezone", "yes")
	require.Equal(t, http.StatusUnprocessableEntity, w.Code)
	require.NotEmpty(t, w.fault("new_zone"))

	w = c.post("start", "reason", "typed", "until", "2097-01-01T00:00", "revision", "2", "zone", "UTC", "new_zone", "UTC", "rezone", "yes")
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, "now", w.attribute("data-page"))
	require.Equal(t, "typed", w.fields("start-form")["reason"])
	require.Equal(t, "true", w.attribute("data-kept"))
}

func TestTheBrowsersZoneIsTheDefault(t *testing.T) {
	t.Parallel()
	c := newPages(t, berlin(t))
	require.Equal(t, "Europe/Berlin", c.get("").attribute("data-zone"))
	c.cookies[c.get("").attribute("data-zone-cookie")] = "Asia/Tokyo"
	require.Equal(t, "Asia/Tokyo", c.get("").attribute("data-zone"))
	c.cookies[zoneCookie] = "UTC"
	require.Equal(t, "UTC", c.get("").attribute("data-zone"), "unless another was picked")
}

func TestAWindowIsScheduledWithItsDefaults(t *testing.T) {
	t.Parallel()
	c := newPages(t, berlin(t))
	form := c.get("add").fields("period-form")
	c.follow(c.with("add", form))
	p := c.only()
	require.Zero(t, p.Start.Minute())
	require.Zero(t, p.Start.Second())
	require.WithinRange(t, p.Start, time.Now(), time.Now().Add(time.Hour))
	require.Equal(t, time.Hour, p.End.Sub(p.Start))

	w := c.get("add?copy=" + p.ID)
	copied := w.fields("period-form")
	c.follow(c.with("add", copied, "reason", "again"))
	twin := c.document().Periods[1]
	require.Equal(t, p.End.Sub(p.Start), twin.End.Sub(twin.Start))
	require.Equal(t, p.Start.Minute(), twin.Start.Minute())
	require.True(t, twin.Start.After(time.Now()))

	for name, tc := range map[string]struct {
		changes []string
		lasts   time.Duration
	}{
		"another duration":           {[]string{"for", "4h"}, 4 * time.Hour},
		"a typed end is no duration": {[]string{"start", "2097-03-28T21:00", "end", "2097-03-28T23:00"}, 2 * time.Hour},
		"no end is no duration":      {[]string{"no_end", "yes"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newPages(t, berlin(t))
			c.follow(c.with("add", c.get("add").fields("period-form"), tc.changes...))
			p := c.only()
			if tc.lasts == 0 {
				require.True(t, p.End.IsZero())
				return
			}
			require.Equal(t, tc.lasts, p.End.Sub(p.Start))
		})
	}
}

func TestFaultsAreSummarized(t *testing.T) {
	t.Parallel()
	c := newPages(t, berlin(t))
	w := c.post("add", window("start", "", "end", "2097-03-08T01:00", "no_end", "yes")...)
	require.Equal(t, http.StatusUnprocessableEntity, w.Code)
	require.Contains(t, w.Body.String(), "<title>Error: Schedule a window")
	require.Contains(t, w.Body.String(), `<li><a href="#start">Start</a>: Give the start.</li>`)
	require.Contains(t, w.Body.String(), `<li><a href="#end">End</a>: `)
	require.Contains(t, w.Body.String(), `id="errors" role="alert" tabindex="-1" autofocus`)
}

func TestTheExpectedEndOfADeploymentIsMovedByADuration(t *testing.T) {
	t.Parallel()
	c := newPages(t, berlin(t))
	p := c.begin("alice", "fire")
	form := c.get("edit?id=" + p.ID).fields("period-form")
	c.follow(c.with("edit", form, "for", "30m"))
	require.InDelta(t, 30, time.Until(c.only().ExpectedEnd).Minutes(), 1)
	form = c.get("edit?id=" + p.ID).fields("period-form")
	require.NotEmpty(t, form["expected_end"])
	c.follow(c.with("edit", form, "for", "1h"))
	require.InDelta(t, 60, time.Until(c.only().ExpectedEnd).Minutes(), 1, "the duration is in place of the time, which was not touched")
	w := c.with("edit", c.get("edit?id="+p.ID).fields("period-form"), "for", "1h", "expected_end", "2097-01-01T00:00")
	require.Equal(t, http.StatusUnprocessableEntity, w.Code)
	require.NotEmpty(t, w.fault("for"))
}
