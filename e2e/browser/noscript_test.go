package browser

import (
	"net/http"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

func TestOperatorWithoutJavaScript(t *testing.T) {
	t.Parallel()
	eachFramework(t, func(t *testing.T, s *shop) {
		t.Helper()
		b := s.operator(person{withoutScript: true})

		b.fill("#reason", "Moving the warehouse")
		require.Equal(t, http.StatusOK, b.submit(act("start")))
		b.requireState("down")
		b.requireNotice("started")
		s.answers(http.StatusServiceUnavailable)

		require.Equal(t, http.StatusOK, b.follow(chromedp.Click(chromedp.CSS(`nav a[href$="schedule"]`))))
		require.Equal(t, http.StatusOK, b.follow(chromedp.Click(chromedp.CSS(`a[href$="add"]`))))
		require.Equal(t, http.StatusOK, b.plan(window{"Larger disks", "2031-05-06T02:00", "2031-05-06T03:00"}))
		b.requireNotice("planned")
		var id string
		for _, p := range s.document().Periods {
			if p.Reason == "Larger disks" {
				id = p.ID
			}
		}
		its := `[data-period="` + id + `"] `
		require.Contains(t, b.periods(), id+" upcoming")

		require.Equal(t, http.StatusOK, b.follow(chromedp.Click(chromedp.CSS(its+`a[href*="edit?"]`))))
		b.fill("#reason", "Faster disks")
		require.Equal(t, http.StatusOK, b.submit(act("edit")))
		b.requireNotice("edited")
		require.Contains(t, b.text(), "Faster disks")

		require.Equal(t, http.StatusOK, b.submit(its+act("disable")))
		b.requireNotice("disabled")
		require.Contains(t, b.periods(), id+" disabled")
		require.Equal(t, http.StatusOK, b.submit(its+act("enable")))
		require.Contains(t, b.periods(), id+" upcoming")

		require.Equal(t, http.StatusOK, b.submit(its+act("delete")))
		b.requireNotice("deleted")
		require.NotContains(t, b.text(), "Faster disks")

		require.Equal(t, http.StatusOK, b.open(s.ops("")))
		require.Equal(t, http.StatusOK, b.submit(act("end")))
		b.requireState("up")
		b.requireNotice("ended")
		s.answers(http.StatusOK)
	})
}
