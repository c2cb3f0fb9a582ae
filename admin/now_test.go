package admin_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/memstore"
)

func TestStartAndEnd(t *testing.T) {
	t.Parallel()
	c := newPages(t, pageSettings{})
	w := c.get("")
	require.Equal(t, "up", w.attribute("data-state"))
	w.says("The site is up", "Visitors are served", "Review, then take the site down", "Nothing is scheduled")

	w = c.follow(c.post("start", "reason", "New shelves", "for", "30m", "emergency", "yes", "revision", w.hidden("revision"), "zone", "UTC"))
	p := c.only()
	require.Equal(t, period.Deployment, p.Kind)
	require.Equal(t, "alice", p.Holder)
	require.Equal(t, "alice", p.CreatedBy)
	require.Equal(t, "New shelves", p.Reason)
	require.True(t, p.Emergency)
	require.True(t, p.End.IsZero(), "it does not open by itself")
	require.InDelta(t, 30, p.ExpectedEnd.Sub(p.Start).Minutes(), 0.5)
	require.Zero(t, p.ExpectedEnd.Second(), "it is a full minute")
	require.Equal(t, "down", w.attribute("data-state"))
	require.Equal(t, "started", w.attribute("data-notice"))
	w.says("The site is down for visitors", "by alice, because New shelves", "Expected to be over", "The site was taken down "+p.ID, "emergency")
	require.NotContains(t, c.get("").text(), "The site was taken down", "it is said once")
	require.False(t, c.gate.Status().Open, "this instance refuses when the answer comes")

	entries, err := operator.Operator{Store: c.store}.Log(t.Context(), 0)
	require.NoError(t, err)
	require.Equal(t, period.ActionStart, entries[0].Action)
	require.Equal(t, "alice", entries[0].Actor)
	require.Equal(t, "page from 192.0.2.1", entries[0].Origin)

	w = c.follow(c.post("end", "id", w.hidden("id"), "version", w.hidden("version")))
	require.Equal(t, "up", w.attribute("data-state"))
	w.says("Ended "+p.ID, "The site is up again")
	require.Empty(t, c.document().Periods)
	require.True(t, c.gate.Status().Open)
}

func TestWriteIsAnsweredWhenThisInstanceGoesByIt(t *testing.T) {
	t.Parallel()
	c := newPages(t, pageSettings{store: struct{ store.Store }{memstore.New()}}) // nothing wakes the gate
	require.Equal(t, http.StatusSeeOther, c.post("start", "revision", "0", "zone", "UTC").Code)
	require.False(t, c.gate.Status().Open)
	require.Equal(t, http.StatusSeeOther, c.post("end", "id", c.only().ID, "version", "1").Code)
	require.True(t, c.gate.Status().Open)
}

func TestEndSaysWhatStillHoldsTheSiteDown(t *testing.T) {
	t.Parallel()
	c := newPages(t, pageSettings{})
	mine, theirs := c.begin("alice", "mine"), c.begin("bob", "theirs")
	w := c.get("")
	w.says("2 periods hold the site down", "The site then stays down because of the other one", "End both and open the site", "You hold "+mine.ID+" already",
		"2 periods hold it down, all listed below; the one that lasts longest is of ")
	require.NotRegexp(t, ", by (alice|bob)", w.text(), "two operators have taken it down")

	w = c.follow(c.post("end", "id", mine.ID, "version", "1"))
	require.Equal(t, "down", w.attribute("data-state"))
	w.says("Ended "+mine.ID, "The site is still down because of "+theirs.ID, "by bob, because theirs")

	w = c.follow(c.post("end-all", "revision", strconv.FormatInt(c.document().Revision, 10)))
	require.Equal(t, "up", w.attribute("data-state"))
}

func TestStartThatIsToEndByItself(t *testing.T) {
	t.Parallel()
	c := newPages(t, pageSettings{})
	c.follow(c.post("start", "for", "15m", "auto_end", "yes", "revision", "0", "zone", "UTC")).says("by itself")
	p := c.only()
	require.InDelta(t, 15, p.End.Sub(p.Start).Minutes(), 0.5)
	require.True(t, p.ExpectedEnd.IsZero())
}

func TestStartShowsFaultsAtTheirFields(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		fields []string
		field  string
		want   string
	}{
		"an end that has passed":       {[]string{"until", "2020-01-01T00:00"}, "until", "Has passed"},
		"a time that is none":          {[]string{"until", "soon"}, "until", "This is not a date and time"},
		"a year out of range":          {[]string{"until", "1999-01-01T00:00"}, "until", "want a year from 2000 to 9998"},
		"two ends":                     {[]string{"until", "2097-01-01T00:00", "for", "15m"}, "until", "not both"},
		"no end to end by itself at":   {[]string{"auto_end", "yes"}, "auto_end", "Give the time above"},
		"a duration that is no choice": {[]string{"for", "soon"}, "for", "none of the choices"},
		"a duration below nothing":     {[]string{"for", "-1h"}, "for", "none of the choices"},
		"a reason that is too long":    {[]string{"reason", string(make([]byte, 4097))}, "reason", "Want at most 4096 bytes"},
		"a time that is skipped":       {[]string{"until", "2097-03-31T02:30", "zone", "Europe/Berlin"}, "until", "02:30 on 31 March 2097 does not exist in Europe/Berlin: clocks go from 02:00 CET to 03:00 CEST. Choose 01:30 CET or 03:30 CEST."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newPages(t, pageSettings{})
			w := c.post("start", append([]string{"zone", "UTC", "reason", "kept as typed", "revision", "0"}, tc.fields...)...)
			require.Equal(t, http.StatusUnprocessableEntity, w.Code)
			require.Contains(t, w.fault(tc.field), tc.want)
			require.Contains(t, w.Body.String(), `aria-describedby="`+tc.field)
			require.Contains(t, w.Body.String(), `aria-invalid="true"`)
			if tc.field != "reason" {
				w.says("kept as typed")
			}
			require.Equal(t, "true", w.attribute("data-kept"), "the script leaves it alone")
			require.Nil(t, c.document())
		})
	}
}

func TestStartAsksWhichOfTwoTimesIsMeant(t *testing.T) {
	t.Parallel()
	for offset, want := range map[string]string{"+02:00": "2097-10-27T00:30:00Z", "+01:00": "2097-10-27T01:30:00Z"} {
		c := newPages(t, pageSettings{})
		form := []string{"until", "2097-10-27T02:30", "revision", "0", "zone", "Europe/Berlin"}
		w := c.post("start", form...)
		require.Equal(t, http.StatusUnprocessableEntity, w.Code)
		require.Equal(t, "02:30 comes twice in Europe/Berlin, because clocks are put back. Choose one of the two.", w.fault("until"))
		w.says("02:30 CEST (00:30 UTC)", "02:30 CET (01:30 UTC)")
		require.Equal(t, http.StatusUnprocessableEntity, c.post("start", append(form, "until_offset", "+05:00")...).Code, "an offset that it never has")
		c.follow(c.post("start", append(form, "until_offset", offset)...))
		require.Equal(t, want, c.only().ExpectedEnd.Format(time.RFC3339))
	}
}

func TestWhatHasChangedMeanwhileIsNotActedUpon(t *testing.T) {
	t.Parallel()
	t.Run("a start, while another operator has started", func(t *testing.T) {
		t.Parallel()
		c := newPages(t, pageSettings{})
		revision := c.get("").hidden("revision")
		c.begin("bob", "fire")
		before := c.document().Mark()
		w := c.post("start", "reason", "shelves", "for", "1h", "revision", revision, "zone", "UTC")
		require.Equal(t, http.StatusConflict, w.Code)
		require.Equal(t, "down", w.attribute("data-state"))
		w.says("Nothing was done", "another write came first", "by bob, because fire", "shelves")
		require.Contains(t, w.Body.String(), `<option value="1h" selected>`)
		require.Contains(t, w.Body.String(), `<details class="card" open>`)
		require.Equal(t, before, c.document().Mark())

		c.follow(c.post("start", "reason", "shelves", "revision", w.hidden("revision"), "zone", "UTC"))
		require.Len(t, c.document().Periods, 2, "sent again, it is meant")
	})
	t.Run("an end, while it was changed", func(t *testing.T) {
		t.Parallel()
		c := newPages(t, pageSettings{})
		p := c.begin("bob", "fire")
		_, err := operator.Operator{Store: c.store, Actor: "bob"}.Edit(t.Context(), p.ID, operator.EditOptions{Reason: new("still burning: do not open")})
		require.NoError(t, err)
		w := c.post("end", "id", p.ID, "version", "1")
		require.Equal(t, http.StatusConflict, w.Code)
		w.says("another write came first", "still burning: do not open", "Changed by")
		require.Len(t, c.document().Periods, 1)
		c.follow(c.post("end", "id", p.ID, "version", w.hidden("version")))
	})
	t.Run("an end, while it was ended", func(t *testing.T) {
		t.Parallel()
		c := newPages(t, pageSettings{})
		p := c.begin("bob", "fire")
		c.follow(c.as("carol").post("end", "id", p.ID, "version", "1"))
		w := c.post("end", "id", p.ID, "version", "1")
		require.Equal(t, http.StatusConflict, w.Code)
		w.says("No period has this id. It was ended or deleted since you loaded the page.", "The site is up")
	})
	t.Run("an end of all, while something was begun", func(t *testing.T) {
		t.Parallel()
		c := newPages(t, pageSettings{})
		c.begin("bob", "fire")
		c.begin("carol", "water")
		revision := c.get("").hidden("revision")
		c.begin("dave", "migration: do not open")
		w := c.post("end-all", "revision", revision)
		require.Equal(t, http.StatusConflict, w.Code)
		w.says("another write came first", "migration: do not open", "3 periods hold the site down")
		require.Len(t, c.document().Periods, 3)
	})
}

func TestSecondStartOfTheSameOperatorIsAChange(t *testing.T) {
	t.Parallel()
	c := newPages(t, pageSettings{})
	c.begin("alice", "first")
	w := c.follow(c.post("start", "reason", "second", "revision", "1", "zone", "UTC"))
	require.Equal(t, "changed", w.attribute("data-notice"))
	require.Equal(t, "second", c.only().Reason)
}

// TestStartIsReviewedFirst: a start that was not reviewed changes nothing and shows its effect.
func TestStartIsReviewedFirst(t *testing.T) {
	t.Parallel()
	c := newPages(t, berlin(t))
	w := c.ask("start", "reason", "New\nshelves\u202e", "for", "30m", "emergency", "yes", "revision", "0", "zone", "Europe/Berlin")
	require.Equal(t, http.StatusOK, w.Code)
	w.says("Take the site down?", "for 30 minutes", "when an operator ends it", "emergency", "Europe/Berlin", "What visitors read", "shelves")
	require.Nil(t, c.document(), "nothing was written")
	require.Equal(t, "30m", match(w, `name="for" value="([^"]*)"`))

	w = c.ask("start", "until", "2001-05-06T05:00", "revision", "0", "zone", "UTC")
	require.Equal(t, http.StatusUnprocessableEntity, w.Code)
	w.says("Has passed")

	c.begin("bob", "It burns")
	w = c.ask("start", "reason", "x", "revision", "0", "zone", "UTC")
	require.Equal(t, http.StatusConflict, w.Code)
	require.Len(t, c.document().Periods, 1)
}

// reviews requires that the answer is a review with this question, and that nothing was written.
func (c *pageClient) reviews(question string, path string, fields ...string) reply {
	c.t.Helper()
	before := c.document().Mark()
	w := c.ask(path, fields...)
	require.Equal(c.t, http.StatusOK, w.Code, w.text())
	require.Equal(c.t, "review", w.attribute("data-page"), w.text())
	w.says(question)
	require.Equal(c.t, before, c.document().Mark(), "a review changes nothing")
	return w
}

func TestEverySeriousChangeIsReviewed(t *testing.T) {
	t.Parallel()
	c := newPages(t, berlin(t))
	running := c.plan("bob", operator.WindowOptions{Start: time.Now(), EndAfter: time.Hour, Reason: "shelves"})
	coming := c.plan("bob", operator.WindowOptions{Start: time.Now().Add(time.Hour), EndAfter: time.Hour})
	disabled := c.plan("bob", operator.WindowOptions{Start: time.Now().Add(-time.Minute), EndAfter: time.Hour, Disabled: true})

	w := c.reviews("Open the site?", "end", "id", running.ID, "version", "1")
	w.says("shelves", "visitors are served again at once", "It is removed from the schedule", "refused now, then served", "live instance")
	require.NotContains(t, w.text(), "What visitors read")
	c.reviews("Open the site?", "end-all", "revision", "3")
	w = c.reviews("Open the site?", "edit", "id", running.ID, "version", "1", "zone", "UTC", "reason", "", "start", "2097-03-08T02:00", "end", "2097-03-08T04:00", "enabled", "yes")
	require.NotContains(t, w.text(), "removed from the schedule")
	c.reviews("Open the site?", "edit", "id", running.ID, "version", "1", "zone", "UTC", "reason", "", "start", "2097-03-08T02:00", "end", "2097-03-08T04:00")
	c.reviews("Delete this period?", "delete", "id", coming.ID, "version", "1")
	w = c.reviews("Hold the site down for another reason as well?", "enable-now", "id", disabled.ID, "version", "1")
	w.says("Stays in force"+running.ID+" of bob", "What visitors read")

	c.begin("carol", "fire")
	w = c.reviews("End this downtime? The site stays down", "end", "id", running.ID, "version", "1")
	w.says("refused now, then refused", "What visitors read", "fire")
	mark := w.hidden("reviewed")
	// Carol's downtime ends before the review is answered. Now it would open the site.
	_, err := operator.Operator{Store: c.store}.End(t.Context(), operator.EndOptions{Holder: "carol"})
	require.NoError(t, err)
	c.reviews("Open the site?", "end", "id", running.ID, "version", "1", "reviewed", mark)
	require.Equal(t, http.StatusSeeOther, c.post("end", "id", running.ID, "version", "1").Code)

	w = c.reviews("Take the site down?", "enable-now", "id", disabled.ID, "version", "1")
	require.Contains(t, w.Body.String(), `hreflang="de"`, "what visitors read in each language")
	preview := c.get(strings.ReplaceAll(match(w, `src="[^"]*(visitors.htm[^"]*)"`), "&amp;", "&") + "&lang=de")
	preview.says("Wartungsarbeiten")
}

func TestStartHoldsRequests(t *testing.T) {
	t.Parallel()
	c := newPages(t, pageSettings{})
	for _, wrong := range []string{"-1", "601", "1.5", "20s", "9223372036854775808"} {
		w := c.ask("start", "hold", wrong, "revision", "0", "zone", "UTC")
		require.Equal(t, http.StatusUnprocessableEntity, w.Code, wrong)
		require.Equal(t, "Give 0 to 600 whole seconds, or leave it empty.", w.fault("hold"))
		require.Contains(t, w.Body.String(), `value="`+wrong+`"`, "the page keeps the input")
	}
	w := c.reviews("Take the site down?", "start", "hold", "20", "revision", "0", "zone", "UTC")
	w.says("New requests wait as soon as you press the button, for up to 20s.", "New requestswait for up to 20s after an instance has closed, and are then refused")
	require.Equal(t, http.StatusSeeOther, c.post("start", "hold", "20", "revision", "0", "zone", "UTC").Code)
	held := c.only()
	require.EqualValues(t, 20, held.HoldSeconds)
	w = c.get("")
	w.says("This instance lets new requests wait until ", "Visitorswait until ", "Holdnew requests wait for up to 20 s")

	w = c.as("bob").reviews("Hold the site down for another reason as well?", "start", "revision", "1", "zone", "UTC")
	require.NotContains(t, w.text(), "wait for up to")
	require.Equal(t, http.StatusSeeOther, c.as("bob").post("start", "revision", "1", "zone", "UTC").Code)
	w = c.as("carol").reviews("Hold the site down for another reason as well?", "start", "hold", "5", "revision", "2", "zone", "UTC")
	w.says("are refused at once: another period in force does not hold them")
}

func TestEditChangesTheHold(t *testing.T) {
	t.Parallel()
	c := newPages(t, pageSettings{})
	p := c.begin("alice", "x")
	w := c.get("edit?id=" + p.ID)
	require.Contains(t, w.Body.String(), `name="hold" min="0" max="600" step="1" inputmode="numeric" value=""`)
	fields := []string{"id", p.ID, "version", "1", "zone", "UTC", "was", "yes", "reason", "x", "was_reason", "x", "was_enabled", "yes"}
	require.Equal(t, http.StatusSeeOther, c.post("edit", append(fields, "hold", "20")...).Code)
	require.EqualValues(t, 20, c.only().HoldSeconds)

	// Another operator has set it to 30 since.
	_, err := operator.Operator{Store: c.store, Actor: "bob"}.Edit(t.Context(), p.ID, operator.EditOptions{Hold: new(30 * time.Second)})
	require.NoError(t, err)
	w = c.post("edit", append(fields, "was_hold", "20", "hold", "10")...)
	require.Equal(t, http.StatusConflict, w.Code)
	w.says("Hold", "20 seconds", "30 seconds", "10 seconds")
	require.Equal(t, http.StatusSeeOther, c.post("edit", append(fields, "was_hold", "30", "hold", "0")...).Code)
	require.Zero(t, c.only().HoldSeconds)
}

func TestWindowKeepsItsHold(t *testing.T) {
	t.Parallel()
	c := newPages(t, pageSettings{})
	require.NotContains(t, c.get("add").Body.String(), `name="hold"`)
	p := c.plan("bob", operator.WindowOptions{Start: time.Now().Add(48 * time.Hour), EndAfter: time.Hour, Hold: 20 * time.Second})
	require.Contains(t, c.get("add?copy="+p.ID).Body.String(), `name="hold" min="0" max="600" step="1" inputmode="numeric" value="20"`)
	require.Equal(t, http.StatusSeeOther, c.post("add", "start", "2097-03-08T02:00", "for", "1h", "enabled", "yes", "hold", "20", "zone", "UTC").Code)
	require.EqualValues(t, 20, c.document().Periods[1].HoldSeconds)
	require.Contains(t, c.get("edit?id="+p.ID).Body.String(), `name="was_hold" value="20"`)
}
