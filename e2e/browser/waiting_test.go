package browser

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/operator"
)

// longest is the longest pause between two checks of the page, and a second for the answer.
const longest = 46 * time.Second

func TestTheVisitorsPageFollowsChanges(t *testing.T) {
	t.Parallel()
	s := openSite(t)
	id := s.down(operator.StartOptions{Reason: new("A larger database"), ExpectedAfter: time.Hour})
	b := newTab(t, person{})
	require.Equal(t, http.StatusServiceUnavailable, b.open(s.url))
	require.True(t, read[bool](b, `document.querySelector('#until').getBoundingClientRect().bottom < document.querySelector('#reason').getBoundingClientRect().top`), "the time comes first")
	require.Equal(t, 1, read[int](b, `document.body.innerText.split('A larger database').length - 1`), "the reason is told once")
	read[string](b, `(() => {
		window.changed = [];
		const watch = new MutationObserver((all) => {
			for (const m of all) changed.push((m.target.closest ? m.target : m.target.parentElement).id);
		});
		for (const region of document.querySelectorAll('[aria-live=polite], [role=status]')) watch.observe(region, {subtree: true, childList: true, characterData: true});
		return '';
	})()`)
	changed := func() []string {
		return read[[]string](b, `[...new Set(changed.splice(0))].filter((id) => id !== 'left').sort()`)
	}
	b.pass(5 * time.Minute)
	require.Empty(t, changed(), "nothing has changed")

	s.edit(id, operator.EditOptions{Reason: new("A fire in the <b>cellar</b>"), Emergency: new(true)})
	b.pass(longest)
	require.Contains(t, b.text(), "Temporarily unavailable")
	require.Contains(t, b.text(), "A fire in the <b>cellar</b>")
	require.Equal(t, "Temporarily unavailable", read[string](b, `document.title`))
	require.Equal(t, "emergency", read[string](b, `document.documentElement.dataset.kind`))
	require.Equal(t, []string{"heading", "lead", "reason"}, changed())

	s.edit(id, operator.EditOptions{ExpectedEnd: new(time.Time{}), Reason: new("")})
	b.pass(longest)
	require.Contains(t, b.text(), "Not known yet")
	require.NotContains(t, b.text(), "fire")
	require.Equal(t, []string{"reason", "until"}, changed())
	b.picture("no-end")
	later := time.Now().Add(90 * time.Minute)
	s.edit(id, operator.EditOptions{ExpectedEnd: &later, Emergency: new(false), Reason: new("A larger disk")})
	b.pass(longest)
	require.NotContains(t, b.text(), "Not known yet")
	require.Contains(t, b.text(), "Down for maintenance")
	require.Regexp(t, `in \d+ (minute|hour)`, b.text())
	require.Contains(t, b.text(), "A larger disk")
}

// The page says that it takes longer only if the site still says so. The end may have been moved.
func TestTheVisitorsPageNeverComplainsAboutAnEndThatWasMoved(t *testing.T) {
	t.Parallel()
	const complaint = "longer than planned"
	s := openSite(t)
	id := s.down(operator.StartOptions{ExpectedAfter: 10 * time.Second})
	b := newTab(t, person{})
	require.Equal(t, http.StatusServiceUnavailable, b.open(s.url))
	s.edit(id, operator.EditOptions{ExpectedEnd: new(time.Now().Add(time.Hour))})
	b.pass(19 * time.Second)
	require.NotContains(t, b.text(), complaint, "the page has not asked since")
	b.pass(longest)
	require.NotContains(t, b.text(), complaint)
	require.Regexp(t, `in \d+ (minute|hour)`, b.text())

	soon := time.Now().Add(time.Second)
	s.edit(id, operator.EditOptions{ExpectedEnd: &soon})
	s.waitFor(soon)
	b.pass(longest)
	require.Contains(t, b.text(), complaint)
	s.edit(id, operator.EditOptions{ExpectedEnd: new(time.Now().Add(time.Hour))})
	b.pass(longest)
	require.NotContains(t, b.text(), complaint)
}

// goOn starts the virtual time that pass has stopped. Without it no other page loads.
func (b *tab) goOn() {
	b.t.Helper()
	b.do(command(emulation.SetVirtualTimePolicy, emulation.SetVirtualTimePolicyParams{Policy: emulation.VirtualTimePolicyAdvance}))
}

// watchFetch makes the page note when it asks, in ms.
func (b *tab) watchFetch() {
	b.t.Helper()
	read[string](b, `(() => {
		const was = fetch;
		window.asked = [Date.now()];
		window.fetch = (...args) => { asked.push(Date.now()); return was(...args); };
		return '';
	})()`)
}

func TestTheVisitorsPageAsksEvery20To45Seconds(t *testing.T) {
	t.Parallel()
	s := openSite(t)
	s.down(operator.StartOptions{ExpectedAfter: 9 * time.Hour}) // Retry-After is 300 seconds and more
	b := newTab(t, person{})
	require.Equal(t, http.StatusServiceUnavailable, b.open(s.url))
	b.watchFetch()
	b.pass(30 * time.Minute)
	asked := read[[]float64](b, `asked.splice(0)`)
	require.Greater(t, len(asked), 30*60/46)
	pauses := map[float64]bool{}
	for i := range asked[1:] {
		pause := (asked[i+1] - asked[i]) / 1000
		if i > 0 { // the page was loaded before the first
			require.GreaterOrEqual(t, pause, 20.0)
		}
		require.LessOrEqual(t, pause, 46.0)
		pauses[pause] = true
	}
	require.Greater(t, len(pauses), len(asked)/2, "they are spread")

	hidden := func(yes bool) {
		read[string](b, fmt.Sprintf(`(() => {
			Object.defineProperty(document, 'hidden', {value: %v, configurable: true});
			document.dispatchEvent(new Event('visibilitychange'));
			return '';
		})()`, yes))
	}
	hidden(true)
	b.pass(10 * time.Minute)
	require.Empty(t, read[[]float64](b, `asked.splice(0)`), "a hidden page does not ask")
	hidden(false)
	b.pass(time.Second)
	require.Len(t, read[[]float64](b, `asked.splice(0)`), 1, "it asks at once when it is seen")
	for range 20 {
		hidden(true)
		hidden(false)
		b.pass(100 * time.Millisecond)
	}
	require.Empty(t, read[[]float64](b, `asked.splice(0)`), "a change of tabs is no reason to hurry")
	b.pass(3 * time.Second)
	require.Len(t, read[[]float64](b, `asked.splice(0)`), 1, "but it asks soon")
}

func TestTheVisitorTriesNow(t *testing.T) {
	t.Parallel()
	s := openSite(t)
	s.down(operator.StartOptions{ExpectedAfter: time.Hour})
	b := newTab(t, person{})
	require.Equal(t, http.StatusServiceUnavailable, b.open(s.url))
	b.do(chromedp.Click(chromedp.CSS("#try")))
	b.until(`document.querySelector('#status').textContent.includes('Not back yet.')`)
	require.Equal(t, "try", read[string](b, `document.activeElement.id`))
	b.offline(true)
	b.do(chromedp.Click(chromedp.CSS("#try")))
	b.until(`document.querySelector('#status').textContent.includes('The site did not answer.')`)
	b.offline(false)
	s.up()
	b.do(chromedp.Click(chromedp.CSS("#try")))
	b.until(`document.body.innerText.includes('Welcome')`)
}

// Without scripts the page does not reload by itself: a visitor could not stop it.
func TestTheVisitorWithoutScripts(t *testing.T) {
	t.Parallel()
	s := openSite(t)
	b := newTab(t, person{withoutScript: true})
	require.Equal(t, http.StatusOK, b.open(s.url+"/form"))
	s.down(operator.StartOptions{ExpectedAfter: time.Hour})
	b.fill("#text", "a long letter")
	require.Equal(t, http.StatusServiceUnavailable, b.pressButton("form"))
	require.Contains(t, b.text(), "The request was not processed.")
	require.Empty(t, read[[]string](b, `[...document.querySelectorAll('a, button')].filter((e) => e.offsetParent).map((e) => e.textContent)`))

	require.Equal(t, http.StatusServiceUnavailable, b.open(s.url))
	require.NotContains(t, b.text(), "by itself")
	s.up()
	b.pass(10 * time.Minute)
	require.Contains(t, b.text(), "Down for maintenance")
	b.goOn()
	require.Equal(t, http.StatusOK, b.follow(chromedp.Click(chromedp.CSS("#try"))))
	require.Contains(t, b.text(), "Welcome")
}

// WCAG 2.2.2: what moves for longer than five seconds needs a way to stop it.
func TestThePictureOfTheVisitorsPageComesToRest(t *testing.T) {
	t.Parallel()
	s := openSite(t)
	s.down(operator.StartOptions{})
	b := newTab(t, person{})
	b.do(command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-reduced-motion", Value: "no-preference"}},
	}))
	require.Equal(t, http.StatusServiceUnavailable, b.open(s.url))
	require.Equal(t, []bool{true, true}, read[[]bool](b, `document.getAnimations().map((a) => a.effect.getComputedTiming().endTime <= 5000)`))
}
