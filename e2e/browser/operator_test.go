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

// operator signs a person in, and opens the operator's page.
func (s *shop) operator(p person) *tab {
	s.t.Helper()
	b := newTab(s.t, p)
	s.signIn(b)
	require.Equal(s.t, http.StatusOK, b.open(s.ops("")))
	if p.zone != "" && !p.withoutScript { // the page learns the browser's zone at the first visit
		b.until(`document.body.dataset.zone === ` + quote(p.zone) + ` && document.readyState === 'complete'`)
	}
	return b
}

// ops is the URL of a page of the operator's.
func (s *shop) ops(page string) string { return s.url + "/ops/downtime/" + page }

// fill replaces the text of a field, as an input method does.
func (b *tab) fill(field, text string) {
	b.t.Helper()
	set := `((e) => { e.focus(); e.value = ` + strconv.Quote(text) + `; for (const n of ['input', 'change']) e.dispatchEvent(new Event(n, {bubbles: true})) })`
	b.do(
		chromedp.WaitVisible(chromedp.CSS(field)),
		chromedp.Evaluate[chromedp.Void](set+`(document.querySelector(`+strconv.Quote(field)+`))`),
	)
}

// submit presses the button of a form and, if a review follows, the button of the review. It
// returns the status of the page that follows.
func (b *tab) submit(form string) int {
	b.t.Helper()
	status := b.pressButton(form)
	if status == http.StatusOK && b.isReview() {
		return b.pressButton(act("review"))
	}
	return status
}

// pressButton presses the button of a form, and returns the status of the page that follows.
func (b *tab) pressButton(form string) int {
	b.t.Helper()
	return b.follow(chromedp.Click(chromedp.CSS(form+" button:not([type=button], [name=rezone])"), chromedp.NodeVisible))
}

// isReview reports whether the page is a review.
func (b *tab) isReview() bool {
	b.t.Helper()
	return read[string](b, `document.body.dataset.page`) == "review"
}

// act is the selector of the form of an action.
func act(action string) string { return "form[data-action=" + action + "]" }

// requireState requires that the page shows this state of the site.
func (b *tab) requireState(state string) {
	b.t.Helper()
	require.Equal(b.t, state, read[string](b, `document.querySelector('#state').dataset.state`), b.shown())
}

// requireNotice requires that the page shows this notice.
func (b *tab) requireNotice(notice string) {
	b.t.Helper()
	require.Equal(b.t, notice, read[string](b, `document.querySelector('#notice')?.dataset.notice ?? 'none'`), b.shown())
}

// document is the document in the store.
func (s *shop) document() *period.Document {
	s.t.Helper()
	state, err := s.command.Read(s.t.Context())
	require.NoError(s.t, err)
	return state.Document
}

func TestOperatorTakesTheSiteDownAndBringsItBack(t *testing.T) {
	t.Parallel()
	eachFramework(t, func(t *testing.T, s *shop) {
		t.Helper()
		visitor, operator := newTab(t, person{}), s.operator(person{})
		require.Equal(t, http.StatusOK, visitor.open(s.url))
		operator.requireState("up")
		operator.picture("up")

		operator.fill("#reason", "Moving the warehouse")
		require.Equal(t, http.StatusOK, operator.submit(act("start")))
		operator.requireState("down")
		operator.requireNotice("started")
		require.Contains(t, operator.text(), "Moving the warehouse")
		operator.picture("down")
		require.Equal(t, http.StatusServiceUnavailable, visitor.open(s.url), "visitors are refused before the operator is told that it is down")
		require.Contains(t, visitor.text(), "Moving the warehouse")

		require.Equal(t, http.StatusOK, operator.submit(act("end")))
		operator.requireState("up")
		operator.requireNotice("ended")
		visitor.pass(10 * time.Minute)
		visitor.until(`document.body.innerText.includes('Welcome')`)

		require.Equal(t, http.StatusOK, operator.open(s.ops("log")))
		operator.picture("log")
		entries := read[[]string](operator, `[...document.querySelectorAll('[data-entry]')].map((e) => e.textContent)`)
		require.Len(t, entries, 2)
		for _, entry := range entries {
			require.Contains(t, entry, "admin")
			require.Contains(t, entry, "page from 127.0.0.1")
		}
	})
}

func TestOnlyTheSuperuserOperates(t *testing.T) {
	t.Parallel()
	eachFramework(t, func(t *testing.T, s *shop) {
		t.Helper()
		visitor := newTab(t, person{})
		for _, page := range []string{"", "schedule", "fleet", "log", "visitors", "nothing"} {
			require.Equal(t, http.StatusForbidden, visitor.open(s.ops(page)), page)
		}
		visitor.picture("denied")
		s.start("Moving the warehouse")
		require.Equal(t, http.StatusForbidden, visitor.open(s.ops("")), "the page is exempt from the gate, and denies the request itself")
		operator := s.operator(person{})
		operator.requireState("down")
	})
}

// press sends keys to the element that has the focus.
func (b *tab) press(keys string) {
	b.t.Helper()
	b.do(chromedp.KeyEvent(keys))
}
