package browser

import (
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/period"
)

func quote(s string) string { return strconv.Quote(s) }

// window is the text that an operator types to plan a window.
type window struct{ reason, start, end string }

// plan fills in the form of a window, and sends it.
func (b *tab) plan(w window) int {
	b.t.Helper()
	b.fill("#reason", w.reason)
	b.fill("#start", w.start)
	b.fill("#end", w.end)
	return b.submit(act("add"))
}

// pickZone picks the zone in which times are shown and typed.
func (b *tab) pickZone(zone string) {
	b.t.Helper()
	if read[bool](b, `document.getElementById('new_zone') !== null`) { // the zone belongs to a form, whose input stays
		b.fill("#new_zone", zone)
		require.Equal(b.t, http.StatusOK, b.follow(chromedp.Click(chromedp.CSS("[name=rezone]"))))
		require.Equal(b.t, zone, read[string](b, `document.body.dataset.zone`))
		return
	}
	b.fill("#zone-name", zone)
	require.Equal(b.t, http.StatusOK, b.submit(act("zone")))
	b.requireNotice("zone")
}

// fault is the fault of a field that the page shows.
func (b *tab) fault(field string) string {
	b.t.Helper()
	return read[string](b, `document.getElementById(`+quote(field+"-fault")+`)?.innerText ?? ''`)
}

// value is the content of a field.
func (b *tab) value(field string) string {
	b.t.Helper()
	return read[string](b, `document.getElementById(`+quote(field)+`).value`)
}

// periods are those that the page shows.
func (b *tab) periods() []string {
	b.t.Helper()
	return read[[]string](b, `[...document.querySelectorAll('[data-period]')].map((e) => e.dataset.period + ' ' + e.dataset.status)`)
}

// clocksChange are the next days on which clocks in Berlin are put forward and back, both
// at 01:00 UTC: 02:30 does not exist on the first, and comes twice on the second.
func clocksChange(t *testing.T) (forward, back time.Time) {
	t.Helper()
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	for day := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, 2); forward.IsZero() || back.IsZero(); day = day.AddDate(0, 0, 1) {
		_, before := day.In(berlin).Zone()
		_, after := day.AddDate(0, 0, 1).In(berlin).Zone()
		switch {
		case before < after && forward.IsZero():
			forward = day
		case before > after && back.IsZero():
			back = day
		}
	}
	return forward, back
}

func TestOperatorSchedulesWhereClocksChange(t *testing.T) {
	t.Parallel()
	forward, back := clocksChange(t)
	eachFramework(t, func(t *testing.T, s *shop) {
		t.Helper()
		b := s.operator(person{})
		b.pickZone("Europe/Berlin")
		require.Equal(t, http.StatusOK, b.open(s.ops("add")))

		spring := forward.Format(time.DateOnly)
		require.Equal(t, http.StatusUnprocessableEntity, b.plan(window{"Summer time", spring + "T02:30", spring + "T03:30"}), "clocks skip this hour")
		require.Contains(t, b.fault("start"), "02:30")
		require.Contains(t, b.fault("start"), "01:30 CET")
		require.Contains(t, b.fault("start"), "03:30 CEST")
		require.Equal(t, spring+"T02:30", b.value("start"), "the page keeps the typed text")
		require.Equal(t, "Summer time", b.value("reason"))
		require.Equal(t, "true", read[string](b, `document.getElementById('start').getAttribute('aria-invalid')`))
		b.requireUsable("gap")
		b.fill("#start", spring+"T01:30")
		require.Equal(t, http.StatusOK, b.submit(act("add")))
		b.requireNotice("planned")

		require.Equal(t, http.StatusOK, b.open(s.ops("add")))
		autumn := back.Format(time.DateOnly)
		require.Equal(t, http.StatusUnprocessableEntity, b.plan(window{"Winter time", autumn + "T02:30", autumn + "T03:30"}), "this hour comes twice")
		require.NotEmpty(t, b.fault("start"))
		require.Equal(t, []string{"+02:00", "+01:00"}, read[[]string](b, `[...document.querySelectorAll('[name=start_offset]')].map((e) => e.value)`))
		require.Contains(t, b.text(), "02:30 CEST")
		require.Contains(t, b.text(), "02:30 CET")
		b.requireUsable("fold")
		b.do(chromedp.Click(chromedp.CSS(`[name=start_offset][value="+01:00"]`)))
		require.Equal(t, http.StatusOK, b.submit(act("add")))
		b.requireNotice("planned")
		b.picture("schedule")

		hours := map[string][2]time.Time{}
		for _, p := range s.document().Periods {
			require.Equal(t, period.Window, p.Kind)
			hours[p.Reason] = [2]time.Time{p.Start, p.End}
		}
		require.Equal(t, map[string][2]time.Time{
			"Summer time": {forward.Add(30 * time.Minute), forward.Add(90 * time.Minute)},
			"Winter time": {back.Add(90 * time.Minute), back.Add(150 * time.Minute)},
		}, hours)
		require.Contains(t, b.text(), "02:30 CET", "the schedule says which of the two")
		require.Contains(t, b.text(), "01:30 UTC", "and what it is in UTC")
	})
}

func TestTwoOperatorsDoNotOverwriteEachOther(t *testing.T) {
	t.Parallel()
	eachFramework(t, func(t *testing.T, s *shop) {
		t.Helper()
		ann, bob := s.operator(person{}), s.operator(person{})
		require.Equal(t, http.StatusOK, ann.open(s.ops("add")))
		require.Equal(t, http.StatusOK, ann.plan(window{"Larger disks", "2031-05-06T02:00", "2031-05-06T03:00"}))
		id := s.document().Periods[0].ID
		require.Equal(t, []string{id + " upcoming"}, ann.periods())

		for _, b := range []*tab{ann, bob} {
			require.Equal(t, http.StatusOK, b.open(s.ops("edit?id="+id)))
		}
		ann.fill("#end", "2031-05-06T04:00")
		require.Equal(t, http.StatusOK, ann.submit(act("edit")))
		ann.requireNotice("edited")
		bob.fill("#reason", "Faster disks")
		bob.fill("#end", "2031-05-06T05:00")
		require.Equal(t, http.StatusConflict, bob.submit(act("edit")), "both have changed the end")
		require.NotEmpty(t, read[string](bob, `document.getElementById('conflict').innerText`))
		require.Equal(t, "Faster disks", bob.value("reason"), "the page keeps his text")
		require.Equal(t, []string{"End", "2031-05-06 03:00", "2031-05-06 04:00", "2031-05-06 05:00"}, read[[]string](bob, `[...document.querySelectorAll('#differs tbody > tr > *')].map((e) => e.innerText.trim())`), "was, is, his")
		bob.picture("conflict")
		kept := s.document().Periods[0]
		require.Equal(t, "Larger disks", kept.Reason)
		require.Equal(t, 4, kept.End.Hour())

		require.Equal(t, http.StatusOK, bob.open(s.ops("edit?id="+id)))
		require.Equal(t, http.StatusOK, ann.open(s.ops("edit?id="+id)))
		ann.fill("#end", "2031-05-06T06:00")
		require.Equal(t, http.StatusOK, ann.submit(act("edit")))
		bob.fill("#reason", "Faster disks")
		require.Equal(t, http.StatusOK, bob.submit(act("edit")), "he has not touched the end")
		kept = s.document().Periods[0]
		require.Equal(t, "Faster disks", kept.Reason)
		require.Equal(t, 6, kept.End.Hour(), "and has not written it back")

		// The same button twice: both saw the site up, and one of them takes it down.
		for _, b := range []*tab{ann, bob} {
			require.Equal(t, http.StatusOK, b.open(s.ops("")))
			b.fill("#reason", "It burns")
		}
		require.Equal(t, http.StatusOK, ann.submit(act("start")))
		require.Equal(t, http.StatusConflict, bob.submit(act("start")))
		bob.requireState("down")

		// The same the other way round.
		require.Equal(t, http.StatusOK, bob.open(s.ops("")))
		bob.do(chromedp.Focus(chromedp.CSS(act("end") + " button"))) // a page with the focus in a form does not follow the state
		require.Equal(t, http.StatusOK, ann.submit(act("end")))
		require.Equal(t, http.StatusConflict, bob.submit(act("end")))
		bob.requireState("up")
	})
}
