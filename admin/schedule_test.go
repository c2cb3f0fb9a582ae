package admin_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/admin"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/memstore"
)

// berlin sets the zone of the tables of gaps and folds.
func berlin(t testing.TB) pageSettings {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	return pageSettings{page: func(c *admin.Config) { c.Zone = zone }}
}

// window is the form of a window far ahead, with changes to it.
func window(changes ...string) []string {
	return append([]string{
		"start", "2097-03-08T02:00", "end", "2097-03-08T04:00", "reason", "New database", "enabled", "yes", "zone", "Europe/Berlin",
	}, changes...)
}

func TestWindowFromPlanToDelete(t *testing.T) {
	t.Parallel()
	c := newPages(t, berlin(t))
	c.get("schedule").says("Nothing is scheduled, and nothing is in force")
	w := c.follow(c.post("add", window()...))
	require.Equal(t, "planned", w.attribute("data-notice"))
	p := c.only()
	require.Equal(t, period.Window, p.Kind)
	require.Equal(t, "2097-03-08T01:00:00Z", p.Start.Format(time.RFC3339))
	require.Equal(t, "2097-03-08T03:00:00Z", p.End.Format(time.RFC3339))
	require.Equal(t, "alice", p.CreatedBy)
	w.says("Coming", "Fri 8 Mar 2097, 02:00 CET (01:00 UTC)", "New database")
	c.get("").says("Fri 8 Mar 2097, 02:00 CET")

	w = c.get("edit?id=" + p.ID)
	require.Equal(t, "2097-03-08T02:00", inputOf(t, w, "start"))
	w = c.follow(c.post("edit", window("id", p.ID, "version", w.hidden("version"), "end", "2097-03-08T05:00", "expected_end", "2097-03-08T04:30", "emergency", "yes")...))
	require.Equal(t, "edited", w.attribute("data-notice"))
	p = c.only()
	require.Equal(t, "2097-03-08T04:00:00Z", p.End.Format(time.RFC3339))
	require.Equal(t, "2097-03-08T03:30:00Z", p.ExpectedEnd.Format(time.RFC3339))
	require.True(t, p.Emergency)
	require.Equal(t, int64(2), p.Version)
	require.Equal(t, "alice", p.UpdatedBy)

	w = c.follow(c.post("disable", "id", p.ID, "version", "2"))
	require.Equal(t, "disabled", w.attribute("data-notice"))
	require.False(t, c.only().Enabled)
	w = c.follow(c.post("enable", "id", p.ID, "version", "3"))
	require.Equal(t, "enabled", w.attribute("data-notice"))
	require.True(t, c.only().Enabled)

	w = c.reviews("Delete this period?", "delete", "id", p.ID, "version", "4")
	w.says("New database", "The site will not go down for it")
	w = c.follow(c.post("delete", "id", w.hidden("id"), "version", w.hidden("version")))
	require.Equal(t, "deleted", w.attribute("data-notice"))
	require.Empty(t, c.document().Periods)

	log := c.get("log")
	log.says("alice", "page from 192.0.2.1", "scheduled a window "+p.ID, "changed a period", "deleted",
		"Fri 8 Mar 2097, 04:00 CET (03:00 UTC)", "Fri 8 Mar 2097, 05:00 CET (04:00 UTC)", "Enabled", "yes", "no")
}

// inputOf is the value of an input.
func inputOf(t *testing.T, w reply, name string) string {
	t.Helper()
	return match(w, `<input type="datetime-local" id="`+name+`"[^>]* value="([^"]*)"`)
}

func TestQuestionsAboutWhatIsGone(t *testing.T) {
	t.Parallel()
	c := newPages(t, pageSettings{})
	c.begin("carol", "fire")
	for _, path := range []string{
		"edit?id=gone", "edit?id=", "edit", "edit?id=%00", "edit?id=..%2f",
	} {
		w := c.get(path)
		require.Equal(t, http.StatusNotFound, w.Code, path)
		require.Equal(t, "schedule", w.attribute("data-page"))
		w.says("Below is the current schedule", "fire")
	}
}

func TestWindowShowsFaultsAtTheirFields(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		form  []string
		field string
		want  string
	}{
		"no start":                        {window("start", ""), "start", "Give the start"},
		"no end":                          {window("end", ""), "end", "Give the end or a duration, or tick"},
		"an end, and none":                {window("no_end", "yes"), "end", "not both"},
		"an end before its start":         {window("end", "2097-03-08T01:00"), "end", "not after its start"},
		"an end at its start":             {window("end", "2097-03-08T02:00"), "end", "not after its start"},
		"an expected end before it":       {window("expected_end", "2097-03-07T02:00"), "expected_end", "not after its start"},
		"one that is over":                {window("start", "2020-03-08T02:00", "end", "2020-03-08T04:00"), "start", "Has passed"},
		"a start that is skipped":         {window("start", "2097-03-31T02:30", "end", "2097-03-31T04:00"), "start", "Choose 01:30 CET or 03:30 CEST"},
		"an end that is skipped":          {window("start", "2097-03-31T01:30", "end", "2097-03-31T02:00"), "end", "Choose 01:00 CET or 03:00 CEST"},
		"a start that comes twice":        {window("start", "2097-10-27T02:30", "end", "2097-10-27T05:00"), "start", "02:30 comes twice in Europe/Berlin"},
		"an expected end that is no time": {window("expected_end", "later"), "expected_end", "not a date and time"},
		"a day that is not":               {window("start", "2097-02-29T02:30"), "start", "not a date and time"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newPages(t, berlin(t))
			w := c.post("add", tc.form...)
			require.Equal(t, http.StatusUnprocessableEntity, w.Code)
			require.Contains(t, w.fault(tc.field), tc.want)
			w.says("New database")
			require.Nil(t, c.document())

			p := c.plan("bob", operator.WindowOptions{Start: time.Date(2097, 1, 1, 0, 0, 0, 0, time.UTC), EndAfter: time.Hour})
			w = c.post("edit", append(tc.form, "id", p.ID, "version", "1")...)
			require.Equal(t, http.StatusUnprocessableEntity, w.Code)
			require.NotEmpty(t, w.fault(tc.field)+w.fault("end"))
			w.says("New database")
			require.Equal(t, p, c.only())
		})
	}
}

func TestWindowAcrossTheChangeOfClocks(t *testing.T) {
	t.Parallel()
	c := newPages(t, berlin(t))
	night := window("start", "2097-10-27T02:30", "end", "2097-10-27T02:30", "start_offset", "+02:00")
	w := c.post("add", night...)
	require.Equal(t, http.StatusUnprocessableEntity, w.Code)
	require.Empty(t, w.fault("start"), "which of them was said")
	require.Contains(t, w.fault("end"), "comes twice")
	require.Contains(t, w.Body.String(), `name="start_offset" value="&#43;02:00" checked`, "the choice is kept")

	c.follow(c.post("add", append(night, "end_offset", "+01:00")...)).says("02:30 CEST (00:30 UTC)", "02:30 CET (01:30 UTC)")
	p := c.only()
	require.Equal(t, time.Hour, p.End.Sub(p.Start))

	w = c.get("edit?id=" + p.ID)
	require.Contains(t, w.Body.String(), `name="start_offset" value="&#43;02:00" checked`)
	require.Contains(t, w.Body.String(), `name="end_offset" value="&#43;01:00" checked`)
	c.follow(c.post("edit", append(night, "end_offset", "+01:00", "id", p.ID, "version", "1", "reason", "other")...))
	after := c.only()
	require.Equal(t, p.Start, after.Start)
	require.Equal(t, p.End, after.End)
	require.Equal(t, "other", after.Reason)
}

func TestEditLeavesWhatWasNotTouched(t *testing.T) {
	t.Parallel()
	c := newPages(t, berlin(t))
	start := time.Date(2097, 5, 6, 1, 2, 3, 456789000, time.UTC)
	p := c.plan("bob", operator.WindowOptions{Start: start, EndAfter: time.Hour, ExpectedEnd: start.Add(time.Minute), Reason: "line one\nline two", Disabled: true})
	w := c.get("edit?id=" + p.ID)
	form := []string{
		"id", p.ID, "version", "1", "zone", w.hidden("zone"), "reason", "line one\r\nline two",
		"start", inputOf(t, w, "start"), "end", inputOf(t, w, "end"), "expected_end", inputOf(t, w, "expected_end"),
	}
	require.Equal(t, "2097-05-06T03:02:03", inputOf(t, w, "start"))
	c.follow(c.post("edit", form...))
	after := c.only()
	require.Equal(t, p.Start, after.Start, "to the microsecond")
	require.Equal(t, p.End, after.End)
	require.Equal(t, p.ExpectedEnd, after.ExpectedEnd)
	require.Equal(t, p.Reason, after.Reason)
	require.False(t, after.Enabled)

	c.follow(c.post("edit", append(form, "version", "2", "expected_end", "", "end", "", "no_end", "yes")...))
	require.True(t, c.only().ExpectedEnd.IsZero(), "emptied, it is taken away")
	require.True(t, c.only().End.IsZero())
}

func TestDeploymentIsChangedButForItsStart(t *testing.T) {
	t.Parallel()
	c := newPages(t, berlin(t))
	p := c.begin("ci", "fire")
	w := c.get("edit?id=" + p.ID)
	w.says("The start cannot be changed", "Opens by itself at")
	require.NotContains(t, w.Body.String(), `name="start"`)
	require.NotContains(t, w.Body.String(), `name="enabled"`)
	c.follow(c.post("edit", "id", p.ID, "version", "1", "zone", "Europe/Berlin", "reason", "still fire", "expected_end", "2097-05-06T12:00", "end", ""))
	after := c.only()
	require.Equal(t, p.Start, after.Start)
	require.Equal(t, "ci", after.Holder)
	require.Equal(t, "2097-05-06T10:00:00Z", after.ExpectedEnd.Format(time.RFC3339))
	require.True(t, after.Enabled)
}

func TestEditOfAPeriodThatAnotherOperatorHasChanged(t *testing.T) {
	t.Parallel()
	c := newPages(t, berlin(t))
	bob := c.as("bob")
	c.post("add", window()...)
	p := c.only()
	require.Equal(t, http.StatusSeeOther, bob.post("edit", window("id", p.ID, "version", "1", "end", "2097-03-08T06:00", "reason", "Bob's reason")...).Code)
	before := c.only()

	w := c.post("edit", window("id", p.ID, "version", "1", "reason", "My reason", "emergency", "yes")...)
	require.Equal(t, http.StatusConflict, w.Code)
	w.says("Nothing was overwritten", "Changed by both of you", "As it is now", "Bob's reason", "My reason", "2097-03-08 06:00", "2097-03-08 04:00", "Changed by", "bob has changed this period", "Replace it with my input")
	require.Equal(t, before, c.only(), "nothing was overwritten")
	require.Equal(t, "2", w.hidden("version"))

	c.follow(c.post("edit", window("id", p.ID, "version", w.hidden("version"), "reason", "My reason")...))
	require.Equal(t, "My reason", c.only().Reason, "sent again, it is meant")
}

func TestEditInTheVeryMomentOfAnother(t *testing.T) {
	t.Parallel()
	for name, other := range map[string]func(t *testing.T, st store.Store, p period.Period) error{
		"a change": func(t *testing.T, st store.Store, p period.Period) error {
			_, err := operator.Operator{Store: st, Actor: "bob"}.Edit(t.Context(), p.ID, operator.EditOptions{Reason: new("Bob's reason")})
			return err
		},
		"a delete": func(t *testing.T, st store.Store, p period.Period) error {
			_, err := operator.Operator{Store: st}.Cancel(t.Context(), p.ID, operator.CancelOptions{})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mem := memstore.New()
			between := &brokenStore{Store: mem}
			c := newPages(t, pageSettings{store: between})
			c.follow(c.post("add", window()...))
			p := c.only()
			var once sync.Once
			between.swap = func(do func() error) error {
				once.Do(func() { require.NoError(t, other(t, mem, p)) })
				return do()
			}
			w := c.post("edit", window("id", p.ID, "version", "1", "reason", "My reason")...)
			require.Equal(t, http.StatusConflict, w.Code)
			w.says("My reason", "Nothing was")
			require.Equal(t, int64(2), c.document().Revision, "nothing was written over it")
		})
	}
}

func TestConflictTellsTheTwoOfATimeThatComesTwice(t *testing.T) {
	t.Parallel()
	c := newPages(t, berlin(t))
	night := window("start", "2097-10-27T00:30", "end", "2097-10-27T02:30")
	c.follow(c.post("add", append(night, "end_offset", "+02:00")...))
	p := c.only()
	c.follow(c.as("bob").post("edit", append(night, "id", p.ID, "version", "1", "end_offset", "+01:00")...))
	w := c.post("edit", append(night, "id", p.ID, "version", "1", "end_offset", "+02:00")...)
	require.Equal(t, http.StatusConflict, w.Code)
	w.says("Endnot known2097-10-27 02:30 +01:002097-10-27 02:30 +02:00")
	require.Contains(t, w.Body.String(), `name="end_offset" value="&#43;02:00" checked`, "what was typed is kept")
	require.Equal(t, 1, strings.Count(w.Body.String(), `name="end_offset" value="&#43;02:00"`))
}

func TestEditOfAPeriodThatAnotherOperatorHasRemoved(t *testing.T) {
	t.Parallel()
	c := newPages(t, berlin(t))
	c.post("add", window()...)
	p := c.only()
	c.as("bob").post("delete", "id", p.ID, "version", "1")
	w := c.post("edit", window("id", p.ID, "version", "1", "reason", "My reason")...)
	require.Equal(t, http.StatusConflict, w.Code)
	w.says("this period was ended or deleted", "My reason", "Schedule a window")
	require.Contains(t, w.Body.String(), `action="/ops/downtime/add"`)
	require.Empty(t, w.hidden("version"))
	require.Empty(t, c.document().Periods)

	d := c.begin("ci", "fire")
	c.as("bob").post("end", "id", d.ID, "version", "1")
	w = c.post("edit", "id", d.ID, "version", "1", "zone", "UTC", "reason", "My reason", "end", "", "expected_end", "")
	require.Equal(t, http.StatusConflict, w.Code)
	w.says("this period was ended or deleted", "My reason", "The site is up")
	require.Contains(t, w.Body.String(), `action="/ops/downtime/start"`)
}

func TestTogglesOfAPeriodThatAnotherOperatorHasChanged(t *testing.T) {
	t.Parallel()
	c := newPages(t, berlin(t))
	c.post("add", window()...)
	p := c.only()
	c.as("bob").post("disable", "id", p.ID, "version", "1")
	for _, path := range []string{"disable", "enable", "delete"} {
		w := c.post(path, "id", p.ID, "version", "1")
		require.Equal(t, http.StatusConflict, w.Code, path)
		w.says("another write came first", "Below is the current schedule")
	}
	require.Equal(t, int64(2), c.only().Version)
	w := c.post("delete", "id", "gone", "version", "1")
	require.Equal(t, http.StatusConflict, w.Code)
	w.says("It was ended or deleted since you loaded the page")

	running := c.plan("bob", operator.WindowOptions{Start: time.Now().Add(-time.Minute), EndAfter: time.Hour})
	w = c.post("delete", "id", running.ID, "version", "1")
	require.Equal(t, http.StatusConflict, w.Code)
	w.says("the period is in force. End it instead")
}

func TestEnablingWhatWouldRefuseAtOnceSaysSo(t *testing.T) {
	t.Parallel()
	c := newPages(t, pageSettings{})
	p := c.plan("bob", operator.WindowOptions{Start: time.Now().Add(-time.Minute), EndAfter: time.Hour, Disabled: true})
	c.get("schedule").says("Enable, and take the site down now … " + p.ID)
	require.Contains(t, c.get("schedule").Body.String(), `action="/ops/downtime/enable-now"`)
	w := c.post("enable", "id", p.ID, "version", "1")
	require.Equal(t, http.StatusUnprocessableEntity, w.Code, "the button said nothing of a start now")
	w.says("has passed", "give a later one, or start now")
	require.Equal(t, "up", c.get("").attribute("data-state"))

	c.follow(c.post("enable-now", "id", p.ID, "version", "1"))
	require.Equal(t, "down", c.get("").attribute("data-state"))
	require.False(t, c.only().Start.Before(p.CreatedAt), "it has been down since now")
}

func TestAWindowWhoseStartHasPassedIsRefused(t *testing.T) {
	t.Parallel()
	c := newPages(t, pageSettings{})
	w := c.post("add", "zone", "UTC", "start", "2020-01-01T00:00", "end", "2097-01-01T00:00", "enabled", "yes")
	require.Equal(t, http.StatusUnprocessableEntity, w.Code)
	w.says("Has passed, the store's time is", "give a later one, or start now")
	p := c.plan("bob", operator.WindowOptions{Start: time.Now().Add(time.Hour), EndAfter: time.Hour})
	w = c.post("edit", "id", p.ID, "version", "1", "zone", "UTC", "start", "2020-01-01T00:00", "end", "2097-01-01T00:00", "enabled", "yes")
	require.Equal(t, http.StatusUnprocessableEntity, w.Code)
	w.says("give a later one, or start now")
	require.Equal(t, "up", c.get("").attribute("data-state"))
}

func TestWhatIsOverIsShownForAWhile(t *testing.T) {
	t.Parallel()
	shifted := newShifted()
	c := newPages(t, pageSettings{store: shifted})
	p := c.plan("bob", operator.WindowOptions{Start: time.Now(), EndAfter: time.Minute, Reason: "shelves"})
	shifted.set(func(s *shiftedStore) { s.by = time.Hour })
	w := c.get("schedule")
	w.says("Over", "shelves", "kept for a week. They have no effect.")
	require.Equal(t, "finished", w.attribute("data-status"))
	c.follow(c.post("delete", "id", p.ID, "version", "1"))
	require.Empty(t, c.document().Periods)
}
