package browser

import (
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/operator"
)

// requireUsable requires that every person can use this page: axe-core finds no fault, the
// page is not wider than the screen, and every control can be reached.
func (b *tab) requireUsable(name string) {
	b.t.Helper()
	b.requireAccessible(name)
	b.requireNoSidewaysScrolling()
	b.requireReachable()
}

// requireReachable fails if a control of this page cannot be reached.
func (b *tab) requireReachable() {
	b.t.Helper()
	require.Empty(b.t, b.unreachable(), "controls that cannot be reached on %s", b.shown())
}

// unreachable are the controls of this page that are cut off, covered by another element, or
// too small for a finger. WCAG 2.2, 2.5.8 wants a height of 24 pixels, except for links in
// text.
func (b *tab) unreachable() []string {
	b.t.Helper()
	return read[[]string](b, `(() => {
		const lost = [];
		for (const e of document.querySelectorAll('a[href], button, input, select, textarea, summary')) {
			if (e.type === 'hidden' || !e.checkVisibility() || e.classList.contains('skip')) continue;
			e.scrollIntoView({block: 'center', behavior: 'instant'});
			const r = e.getBoundingClientRect();
			const hit = document.elementFromPoint((r.left + r.right) / 2, (r.top + r.bottom) / 2);
			const target = e.labels?.length ? e.labels[0].getBoundingClientRect() : r;
			const inText = e.tagName === 'A' && getComputedStyle(e).display === 'inline';
			if (r.left < 0 || r.right > innerWidth + 1) lost.push('cut off: ' + e.outerHTML);
			else if (!inText && (!hit || !(e.contains(hit) || hit.contains(e) || [...(e.labels ?? [])].some((l) => l.contains(hit))))) lost.push('covered: ' + e.outerHTML);
			else if (!inText && Math.max(r.height, target.height) < 24) lost.push('too small: ' + e.outerHTML);
		}
		scrollTo(0, 0);
		return lost;
	})()`)
}

func TestEveryPageIsForEverybody(t *testing.T) {
	t.Parallel()
	people := map[string]person{
		"light":           {zone: "Europe/Berlin"},
		"dark on a phone": {zone: "Europe/Berlin", dark: true, phone: true},
	}
	for name, p := range people {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := openShop(t, "chi")
			b := s.operator(p)
			reason, long := "Moving the warehouse", "https://status.example/a-very-long-address-without-any-place-to-break-it-in-two-or-three-lines-of-a-phone"

			denied := newTab(t, p)
			require.Equal(t, http.StatusForbidden, denied.open(s.ops("")))
			denied.requireUsable("denied")

			b.requireUsable("up")
			require.Equal(t, p.dark, read[bool](b, `(() => {
				const [r, g, b] = getComputedStyle(document.body).backgroundColor.match(/[0-9]+/g).map(Number);
				return r + g + b < 3 * 64;
			})()`), "dark for those who like it dark")
			require.Equal(t, http.StatusNotFound, b.open(s.ops("nothing")))
			b.requireUsable("not-found")
			b.open(s.ops("schedule"))
			b.requireUsable("schedule-empty")
			b.open(s.ops("add"))
			b.requireUsable("add")
			require.Equal(t, http.StatusUnprocessableEntity, b.plan(window{reason, "2031-05-06T03:00", "2031-05-06T02:00"}))
			b.requireUsable("add-fault")
			b.fill("#end", "2031-05-06T04:00")
			require.Equal(t, http.StatusOK, b.submit(act("add")))
			_, err := s.by("ann").Schedule(t.Context(), operator.WindowOptions{Start: time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC), Reason: long, Disabled: true})
			require.NoError(t, err)
			b.open(s.ops("schedule"))
			b.requireUsable("schedule")

			window := s.document().Periods[0]
			b.open(s.ops("edit?id=" + window.ID))
			b.requireUsable("edit")
			_, err = s.by("ann").Edit(t.Context(), window.ID, operator.EditOptions{IfVersion: &window.Version, Reason: &long})
			require.NoError(t, err)
			b.fill("#reason", "Smaller disks")
			require.Equal(t, http.StatusConflict, b.submit(act("edit")))
			b.requireUsable("conflict")
			b.open(s.ops("schedule"))
			require.Equal(t, http.StatusOK, b.pressButton(`[data-period="`+window.ID+`"] `+act("delete")))
			b.requireUsable("delete")

			b.open(s.ops(""))
			b.fill("#reason", reason)
			b.fill("#until", "2001-05-06T05:00")
			require.Equal(t, http.StatusUnprocessableEntity, b.submit(act("start")))
			b.requireState("up")
			require.NotEmpty(t, b.fault("until"))
			require.Equal(t, reason, b.value("reason"))
			b.requireUsable("start-fault")
			b.fill("#until", "")
			require.Equal(t, http.StatusOK, b.submit(act("start")))
			b.requireState("down")
			b.requireUsable("down")
			require.Equal(t, http.StatusOK, b.pressButton(act("end")))
			b.requireUsable("end")
			// Another operator's expected end passes.
			_, err = s.by("ann").Start(t.Context(), operator.StartOptions{Reason: &long, ExpectedAfter: time.Second})
			require.NoError(t, err)
			_, err = s.command.End(t.Context(), operator.EndOptions{Holder: "admin"})
			require.NoError(t, err)
			b.until(`document.querySelector('#state').dataset.overdue === 'true'`)
			b.open(s.ops(""))
			b.requireUsable("overdue")
			_, err = s.by("bob").Start(t.Context(), operator.StartOptions{})
			require.NoError(t, err)
			b.open(s.ops(""))
			b.requireUsable("down-twice")

			for _, page := range []string{"fleet", "log", "visitors", "zone"} {
				require.Equal(t, http.StatusOK, b.open(s.ops(page)), page)
				b.requireUsable(page)
			}

			require.NoError(t, os.Remove(s.file))
			b.open(s.ops(""))
			require.NotEmpty(t, read[[]string](b, `[...document.querySelectorAll('[data-warning]')].map((e) => e.dataset.warning)`))
			b.requireUsable("lost")
		})
	}
}

func TestOperatorHasOnlyAPhone(t *testing.T) {
	t.Parallel()
	eachFramework(t, func(t *testing.T, s *shop) {
		t.Helper()
		b := s.operator(person{phone: true})
		tap := func(element string) int {
			b.requireNoSidewaysScrolling()
			return b.follow(chromedp.Tap(chromedp.CSS(element), chromedp.NodeVisible))
		}
		require.Equal(t, 1, read[int](b, `new Set([...document.querySelectorAll('nav a')].map((a) => a.getBoundingClientRect().top)).size`), "one row")
		b.fill("#reason", "Moving the warehouse")
		require.Equal(t, http.StatusOK, tap(act("start")+" button"))
		b.requireUsable("review")
		require.Equal(t, http.StatusOK, tap(act("review")+" button"))
		b.requireState("down")
		b.picture("down")
		require.Equal(t, http.StatusOK, tap(act("end")+" button"))
		b.requireUsable("end")
		require.Equal(t, http.StatusOK, tap(act("review")+" button"))
		b.requireState("up")
		require.Equal(t, http.StatusOK, tap(`nav a[href$="schedule"]`))
		require.Equal(t, http.StatusOK, tap(`a[href$="add"]`))
		b.fill("#start", "2031-05-06T02:00")
		b.fill("#end", "2031-05-06T03:00")
		require.Equal(t, http.StatusOK, tap(act("add")+" button"))
		b.requireNotice("planned")
		for _, page := range []string{"fleet", "log"} {
			require.Equal(t, http.StatusOK, tap(`nav a[href$="`+page+`"]`))
			b.picture(page)
			require.Equal(t, "block", read[string](b, `getComputedStyle(document.querySelector('td')).display`), "a table is a stack of cards")
		}
	})
}

func TestStateFollowsByItself(t *testing.T) {
	t.Parallel()
	eachFramework(t, func(t *testing.T, s *shop) {
		t.Helper()
		b := s.operator(person{})
		b.fill("#reason", "We are moving the")
		read[bool](b, `window.loadedOnce = true`)

		s.start("It burns")
		b.until(`document.querySelector('#state').dataset.state === 'down'`)
		require.Contains(t, b.text(), "It burns")
		require.True(t, read[bool](b, `window.loadedOnce`), "it is still the same page")
		require.Equal(t, "We are moving the", b.value("reason"), "with the text that was typed")
		require.Equal(t, "reason", read[string](b, `document.activeElement.id`), "and the focus")
		require.NotEmpty(t, read[string](b, `document.getElementById('announce').textContent`), "screen readers are told")
		b.picture("followed")

		s.end()
		b.until(`document.querySelector('#state').dataset.state === 'up'`)
		require.Equal(t, "We are moving the", b.value("reason"))
	})
}
