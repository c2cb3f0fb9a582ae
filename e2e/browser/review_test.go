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
		require.Contains(t, b.text(), "Visitors get another page, which does not speak of planned work")
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

// TestTheReviewTellsWhatFollows: until when, for how long, in which zone, on how many instances, and
// which other periods stay.
func TestTheReviewTellsWhatFollows(t *testing.T) {
	t.Parallel()
	s := openShop(t, "chi")
	b := s.operator(person{zone: "Australia/Adelaide"})
	res, err := s.by("ann").Start(t.Context(), operator.StartOptions{Reason: new("It burns"), ExpectedAfter: time.Hour})
	require.NoError(t, err)
	s.answers(http.StatusServiceUnavailable)
	b.open(s.ops(""))
	b.do(chromedp.Click(chromedp.CSS("#acts details > summary")))
	b.fill("#for", "2h")
	require.Equal(t, http.StatusOK, b.pressButton(act("start")))
	require.True(t, b.isReview(), b.shown())
	facts := read[map[string]string](b, `Object.fromEntries([...document.querySelectorAll('main > .card:first-of-type > dl > div')].filter((e) => e.checkVisibility()).map((e) => [e.children[0].innerText, e.children[1].innerText]))`)
	require.Contains(t, facts["Visitors are"], "refused now, then refused")
	require.Contains(t, facts["From"], "as soon as you press the button; it is ")
	require.Regexp(t, `^expected .+ ACD?S?T \(.+ UTC\), for 2 hours$`, facts["Until"])
	require.Equal(t, "when an operator ends it", facts["The site opens"])
	require.Regexp(t, `^Australia/Adelaide, now UTC\+(09|10):30$`, facts["Time zone"])
	require.Regexp(t, `^1 live instance: 1 refuses visitors`, facts["Instances"])
	require.Equal(t, res.Period.ID+" of ann", facts["Stays in force"])

	require.Equal(t, http.StatusOK, b.pressButton(act("review")))
	require.Len(t, s.document().Periods, 2)
	begun := s.document().Periods[1]
	require.Equal(t, begun.ExpectedEnd.Truncate(time.Minute), begun.ExpectedEnd, "a round time")

	// The expected end is changed while the site is down.
	b.open(s.ops("edit?id=" + begun.ID))
	b.fill("#for", "")
	b.fill("#expected_end", "2031-05-06T02:00")
	require.Equal(t, http.StatusOK, b.submit(act("edit")))
	b.requireNotice("edited")
	require.Equal(t, time.Date(2031, 5, 5, 16, 30, 0, 0, time.UTC), s.document().Periods[1].ExpectedEnd)
}

func TestADeletionIsReviewed(t *testing.T) {
	t.Parallel()
	s := openShop(t, "chi")
	b := s.operator(person{})
	_, err := s.by("ann").Schedule(t.Context(), operator.WindowOptions{Start: time.Now().Add(time.Hour), EndAfter: time.Hour, Reason: "Larger disks"})
	require.NoError(t, err)
	before := s.document().Revision
	b.open(s.ops("schedule"))
	require.Equal(t, http.StatusOK, b.pressButton(act("delete")))
	require.True(t, b.isReview(), b.shown())
	for _, text := range []string{"Delete this period?", "The site will not go down for it.", "Larger disks"} {
		require.Contains(t, b.text(), text)
	}
	require.Equal(t, before, s.document().Revision, "nothing was written")
	require.Equal(t, http.StatusOK, b.pressButton(act("review")))
	b.requireNotice("deleted")
	require.Empty(t, s.document().Periods)
}
