package browser

import (
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/operator"
)

func TestEnterInAFieldTakesNothingDown(t *testing.T) {
	t.Parallel()
	s := openShop(t, "chi")
	b := s.operator(person{})
	for _, field := range []string{"#until", "#auto_end", "#emergency", "#hold"} {
		require.Equal(t, http.StatusOK, b.open(s.ops("")))
		b.fill("#reason", "Moving the warehouse")
		b.do(chromedp.Focus(chromedp.CSS(field)))
		require.Equal(t, http.StatusOK, b.follow(chromedp.KeyEvent(kb.Enter)), field)
		require.Equal(t, "review", read[string](b, `document.body.dataset.page`), field)
		b.requireState("up")
		require.Contains(t, b.text(), "Moving the warehouse", "what visitors will read")
		require.Nil(t, s.document(), "nothing was written")
	}
	b.picture("review")
	require.Equal(t, http.StatusOK, b.submit(act("review")))
	b.requireState("down")
}

// A start that has passed never takes the site down by accident.
func TestAStartThatHasPassedIsRefused(t *testing.T) {
	t.Parallel()
	s := openShop(t, "chi")
	b := s.operator(person{zone: "Europe/Berlin"})
	b.open(s.ops("add"))
	require.Equal(t, http.StatusUnprocessableEntity, b.plan(window{"A wrong year", "2024-05-06T02:00", "2031-05-06T03:00"}))
	require.Contains(t, b.fault("start"), "passed")
	require.Nil(t, s.document(), "nothing was written")
	b.fill("#start", "2031-05-06T02:00")
	require.Equal(t, http.StatusOK, b.submit(act("add")))
	planned := s.document().Periods[0]
	b.open(s.ops("edit?id=" + planned.ID))
	b.fill("#start", "2024-05-06T02:00")
	require.Equal(t, http.StatusUnprocessableEntity, b.submit(act("edit")))
	require.Contains(t, b.fault("start"), "passed")
	require.Equal(t, planned, s.document().Periods[0])
	s.answers(http.StatusOK)
}

// TestOnePressOpensNothing: each change that would open the site, take it down or discard a
// window is shown before it happens.
func TestOnePressOpensNothing(t *testing.T) {
	t.Parallel()
	s := openShop(t, "chi")
	b := s.operator(person{zone: "Europe/Berlin"})
	ann := s.by("ann")
	_, err := ann.Start(t.Context(), operator.StartOptions{Reason: new("It burns"), ExpectedAfter: time.Hour})
	require.NoError(t, err)
	_, err = s.by("bob").Start(t.Context(), operator.StartOptions{})
	require.NoError(t, err)
	review := func(form, question string) {
		t.Helper()
		before := s.document().Revision
		require.Equal(t, http.StatusOK, b.pressButton(form))
		require.True(t, b.isReview(), b.shown())
		require.Contains(t, b.text(), question)
		require.Equal(t, before, s.document().Revision, "nothing was written")
	}
	b.open(s.ops(""))
	its := func(holder string) string {
		for _, p := range s.document().Periods {
			if p.Holder == holder {
				return `[data-period="` + p.ID + `"] `
			}
		}
		return ""
	}
	review(its("ann")+act("end"), "The site stays down")
	require.Contains(t, b.text(), "It burns")
	b.open(s.ops(""))
	review(act("end-all"), "Open the site?")
	b.requireUsable("end-all")
	require.Equal(t, http.StatusOK, b.pressButton(act("review")))
	b.requireState("up")

	_, err = ann.Schedule(t.Context(), operator.WindowOptions{Start: time.Now().Add(-time.Minute), EndAfter: time.Hour, Disabled: true, Reason: "Larger disks"})
	require.NoError(t, err)
	b.open(s.ops("schedule"))
	review(its("ann")+act("enable"), "Take the site down?")
	b.until(`document.querySelector('iframe')`)
	for _, language := range []string{"de", "ar"} {
		b.do(chromedp.Evaluate[chromedp.Void](`document.querySelector('[hreflang=`+language+`]').closest('details').open = true`), chromedp.Click(chromedp.CSS(`[hreflang=`+language+`]`), chromedp.NodeVisible))
		require.Equal(t, language, read[string](b, `[...document.querySelectorAll('.languages [aria-current]')].map((e) => e.hreflang).join()`), "the language that is shown")
	}
	b.requireUsable("languages")
	require.Equal(t, http.StatusOK, b.pressButton(act("review")))
	s.answers(http.StatusServiceUnavailable)

	require.NoError(t, os.Remove(s.file))
	b.open(s.ops(""))
	require.Equal(t, http.StatusOK, b.pressButton(act("anew")))
	require.True(t, b.isReview())
	s.answers(http.StatusServiceUnavailable)
	require.Equal(t, http.StatusOK, b.pressButton(act("review")))
	b.requireNotice("anew")
	s.answers(http.StatusOK)
}
