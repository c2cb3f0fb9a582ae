package browser

import (
	"net/http"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
)

// tabTo presses Tab until the focus is on the element, and fails if it never is, or if it
// cannot be seen on the way.
func (b *tab) tabTo(element string) {
	b.t.Helper()
	const most = 80
	for range most {
		b.press(kb.Tab)
		type focus struct {
			What    string `json:"what"`
			There   bool   `json:"there"`
			Visible bool   `json:"visible"`
			Ring    bool   `json:"ring"`
		}
		f := read[focus](b, `(() => {
			const e = document.activeElement, r = e.getBoundingClientRect(), s = getComputedStyle(e);
			return {
				what: e.outerHTML.slice(0, 200), there: e.matches(`+quote(element)+`),
				visible: e === document.body || r.width > 0 && r.height > 0 && r.bottom > 0 && r.top < innerHeight && r.right > 0 && r.left < innerWidth,
				ring: e === document.body || s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0 || s.boxShadow !== 'none',
			};
		})()`)
		require.True(b.t, f.Visible, "has the focus, out of sight: %s", f.What)
		require.True(b.t, f.Ring, "does not show that it has the focus: %s", f.What)
		if f.There {
			return
		}
	}
	require.FailNow(b.t, "Tab never comes to "+element, b.shown())
}

func TestOperatorHasOnlyAKeyboard(t *testing.T) {
	t.Parallel()
	eachFramework(t, func(t *testing.T, s *shop) {
		t.Helper()
		b := s.operator(person{})
		b.press(kb.Tab)
		require.Equal(t, "#main", read[string](b, `document.activeElement.getAttribute('href')`), "the first is the way past the navigation")
		b.picture("skip")
		b.press(kb.Enter)

		b.tabTo("#reason")
		b.press("Moving the warehouse")
		b.tabTo("#for")
		b.press("1") // chooses the first that begins so
		require.NotEmpty(t, read[string](b, `document.querySelector('#for').value`))
		b.tabTo("#emergency")
		b.press(" ")
		b.tabTo(act("start") + " button")
		b.picture("focus")
		require.Equal(t, http.StatusOK, b.follow(chromedp.KeyEvent(kb.Enter)))
		b.requireState("up")
		b.tabTo(act("review") + " button")
		require.Equal(t, http.StatusOK, b.follow(chromedp.KeyEvent(kb.Enter)))
		b.requireState("down")
		in := s.document().Periods
		require.Len(t, in, 1)
		require.Equal(t, "Moving the warehouse", in[0].Reason)
		require.True(t, in[0].Emergency)
		require.False(t, in[0].ExpectedEnd.IsZero())

		b.tabTo(act("end") + " button")
		require.Equal(t, http.StatusOK, b.follow(chromedp.KeyEvent(kb.Enter)))
		b.requireState("down")
		b.tabTo(act("review") + " button")
		require.Equal(t, http.StatusOK, b.follow(chromedp.KeyEvent(kb.Enter)))
		b.requireState("up")

		b.tabTo(`nav a[href$="schedule"]`)
		require.Equal(t, http.StatusOK, b.follow(chromedp.KeyEvent(kb.Enter)))
		b.tabTo(`a[href$="add"]`)
		require.Equal(t, http.StatusOK, b.follow(chromedp.KeyEvent(kb.Enter)))
		b.tabTo("#start")
		b.press("050620310200AM") // as the fields of a date in American English are typed
		b.tabTo("#end")
		b.press("050620310300AM")
		require.Equal(t, "2031-05-06T03:00", b.value("end"))
		b.tabTo(act("add") + " button")
		require.Equal(t, http.StatusOK, b.follow(chromedp.KeyEvent(kb.Enter)))
		b.requireNotice("planned")
	})
}
