package browser

import (
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

// barrier is the result that the page shows; "" for none.
const barrier = `(document.querySelector('#barrier').checkVisibility() && document.querySelector('#barrier').dataset.barrier || '')`

// TestBarrierFollowsTheFleet: the operator leaves the page open, and begins when it says so.
func TestBarrierFollowsTheFleet(t *testing.T) {
	t.Parallel()
	s := openShop(t, "chi")
	b := s.operator(person{zone: "Europe/Berlin"})
	require.Empty(t, read[string](b, barrier))
	require.Equal(t, http.StatusOK, b.submit(act("start")))
	require.Equal(t, "not-drained", read[string](b, barrier), b.shown())
	s.report("web9", period.Open, 3)
	b.until(`document.querySelector('#barrier').innerText.includes('host-web9/7')`)
	require.Contains(t, b.text(), "host-web9/7 serves, 3 requests in flight")
	b.until(`document.querySelector('#state').dataset.state === 'mixed'`)
	require.Contains(t, b.text(), "Down, but 1 of 2 instances serves: host host-web9 ")
	b.requireUsable("not-drained")
	require.NotContains(t, strings.ToLower(b.text()), "safe to migrate")

	rows, ok := s.command.Store.(store.Rows)
	require.True(t, ok)
	require.NoError(t, rows.DeleteRow(t.Context(), "web9", []byte(period.NoteLeft)))
	b.until(barrier + ` === 'safe'`)
	require.Contains(t, b.text(), "Safe to migrate Safe: 1 live instance refuses, and every request admitted before has ended.")
	require.Contains(t, read[string](b, `document.getElementById('announce').textContent`), "Safe to migrate", "screen readers are told")
	b.requireUsable("safe")

	b.offline(true)
	b.until(barrier + ` === ''`)
	require.NotContains(t, b.text(), "Safe to migrate", "nothing is known any more")
	b.offline(false)
	b.until(barrier + ` === 'safe'`)

	_, err := s.by("bob").End(t.Context(), operator.EndOptions{All: true})
	require.NoError(t, err)
	b.until(barrier + ` === 'superseded'`)
	require.Contains(t, b.text(), "is not in force any more")
	require.NotContains(t, b.text(), "Safe to migrate")
	b.requireUsable("superseded")
	require.Equal(t, http.StatusOK, b.follow(chromedp.Click(chromedp.CSS("#barrier a"))))
	require.Empty(t, read[string](b, barrier))
}

func TestRequestsAreHeld(t *testing.T) {
	t.Parallel()
	s := openShop(t, "chi")
	b := s.operator(person{})
	b.fill("#hold", "601")
	require.False(t, read[bool](b, `document.querySelector('#start-form').checkValidity()`))
	b.fill("#hold", "30")
	require.Equal(t, http.StatusOK, b.pressButton(act("start")))
	require.Contains(t, b.text(), "New requests wait as soon as you press the button, for up to 30s.")
	b.requireUsable("hold")
	require.Equal(t, http.StatusOK, b.pressButton(act("review")))
	require.EqualValues(t, 30, s.document().Periods[0].HoldSeconds)
	require.Contains(t, b.text(), "This instance lets new requests wait until ")

	visitor := newTab(t, person{})
	status := make(chan int)
	go func() { status <- visitor.open(s.url) }()
	b.until(`document.querySelector('#instance').innerText.includes('1 held')`)
	require.Equal(t, http.StatusOK, b.submit(act("end")))
	require.Equal(t, http.StatusOK, <-status, "the visitor has waited, and is served")
}
