package browser

import (
	"net/http"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/operator"
)

func TestARefusedFormIsNotLost(t *testing.T) {
	t.Parallel()
	s := openSite(t)
	b := newTab(t, person{})
	require.Equal(t, http.StatusOK, b.open(s.url+"/form"))
	s.down(operator.StartOptions{ExpectedAfter: time.Hour})
	b.fill("#text", "a long letter")
	require.Equal(t, http.StatusServiceUnavailable, b.pressButton("form"))
	require.Contains(t, b.text(), "The request was not processed. When the site is back, go back and send it again.")
	b.pass(10 * time.Minute)
	require.False(t, read[bool](b, `Boolean(document.querySelector('#back').offsetParent)`))

	s.up()
	b.pass(longest)
	require.Contains(t, b.text(), "The site is back. Go back and send it again.")
	require.Equal(t, s.url+"/order", read[string](b, `location.href`))
	b.pass(10 * time.Minute)
	require.Contains(t, b.text(), "The request was not processed.", "the page stays")
	b.goOn()
	b.do(chromedp.Click(chromedp.CSS("#back")))
	b.until(`location.pathname === '/form' && document.querySelector('#text')`)
	b.until(`document.querySelector('#text').value === 'a long letter'`)
	require.Zero(t, s.orders.Load())
	require.Equal(t, http.StatusOK, b.pressButton("form"))
	require.Contains(t, b.text(), "Ordered: a long letter")
}

func TestThePageForARefusedFormIsAccessible(t *testing.T) {
	t.Parallel()
	s := openSite(t)
	b := newTab(t, person{phone: true})
	require.Equal(t, http.StatusOK, b.open(s.url+"/form"))
	s.down(operator.StartOptions{Reason: new("A larger database")})
	require.Equal(t, http.StatusServiceUnavailable, b.pressButton("form"))
	b.requireNoSidewaysScrolling()
	b.requireAccessibleOn("ground", "refused")
	s.up()
	b.do(chromedp.Click(chromedp.CSS("#try")))
	b.until(`document.querySelector('#back').offsetParent`)
	b.requireNoSidewaysScrolling()
	b.requireAccessibleOn("glow", "back")
}
