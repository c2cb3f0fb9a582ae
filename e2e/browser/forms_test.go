package browser

import (
	"net/http"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// TestAWindowInFourClicks: from the first page to a scheduled window, by its defaults.
func TestAWindowInFourClicks(t *testing.T) {
	t.Parallel()
	s := openShop(t, "chi")
	b := s.operator(person{zone: "Australia/Adelaide"})
	for _, click := range []string{`nav a[href$="schedule"]`, `a[href$="add"]`, act("add") + " button"} {
		require.Equal(t, http.StatusOK, b.follow(chromedp.Click(chromedp.CSS(click))))
	}
	b.requireNotice("planned")
	p := s.document().Periods[0]
	require.Equal(t, 30, p.Start.Minute(), "a full hour of the browser's zone")

	require.Equal(t, http.StatusOK, b.follow(chromedp.Click(chromedp.CSS(`a[href*="copy="]`))))
	b.requireUsable("copy")
	require.Regexp(t, `UTC\+(09|10):30`, b.text())
	require.Regexp(t, `^[0-9-]{10}T\d\d:\d\d$`, b.value("start"), "a round time")
	require.True(t, read[bool](b, `document.querySelector('#start').checkValidity()`))
	require.Equal(t, "9999-12-31T23:59", read[string](b, `document.querySelector('#start').max`), "four digits of a year")
	b.fill("#reason", "Twice")
	b.pickZone("America/New_York")
	require.Equal(t, "Twice", b.value("reason"), "another zone keeps the input, and the page")
	require.Equal(t, http.StatusOK, b.submit(act("add")))
	require.Equal(t, p.Start.Minute(), s.document().Periods[1].Start.Minute())

	require.Equal(t, http.StatusOK, b.open(s.ops("add")))
	b.fill("#start", "2031-05-06T02:00")
	b.pickZone("Europe/Berlin")
	require.Equal(t, "2031-05-06T02:00", b.value("start"), "a typed time stays as it was typed")
	require.Equal(t, http.StatusOK, b.submit(act("add")))
	require.Equal(t, time.Date(2031, 5, 6, 0, 0, 0, 0, time.UTC), s.document().Periods[2].Start)

	require.Equal(t, http.StatusOK, b.open(s.ops("add")))
	b.fill("#start", "")
	require.Equal(t, http.StatusUnprocessableEntity, b.submit(act("add")))
	require.Equal(t, "errors", read[string](b, `document.activeElement.id`), "the summary has the focus")
	require.Contains(t, read[string](b, `document.title`), "Error: ")
}
