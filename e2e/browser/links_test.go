package browser

import (
	"fmt"
	"net/http"
	"strconv"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/operator"
)

func TestTheVisitorsPageLeadsFurther(t *testing.T) { //nolint:tparallel // the subtests share a site
	t.Parallel()
	s := openSiteWith(t, core.Config{SiteName: "A Shop", Contact: "mailto:help@shop.test", StatusURL: "https://status.test/shop"})
	const reasons = `["See https://a.test/x_(y)?a=b&c.", "(HTTP://b.test), https://c.test!", "https://bank.test@evil.test https:///x <b>https://d.test/</b>",
		"javascript:alert(1)", "https://a.test/\"onclick=\"x", "请看https://a.test/。\nhttps://e.test:8443/#f"]`
	for i := range read[int](newTab(t, person{}), reasons+".length") { //nolint:paralleltest // they share a site
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			b := newTab(t, person{phone: true})
			reason := read[string](b, reasons+fmt.Sprintf("[%d]", i))
			id := s.down(operator.StartOptions{Reason: &reason})
			require.Equal(t, http.StatusServiceUnavailable, b.open(s.url))
			require.Equal(t, reason, read[string](b, `document.querySelector('#reason').textContent`))
			const shown = `document.querySelector('#reason').innerHTML`
			want := read[string](b, shown)
			b.requireNoSidewaysScrolling()
			b.requireAccessibleOn("ground", "links")
			require.Equal(t, "Down for maintenance – A Shop", read[string](b, `document.title`))
			require.Equal(t, []string{"https://status.test/shop", "mailto:help@shop.test"}, read[[]string](b, `[...document.querySelectorAll('dd a')].map((a) => a.href)`))

			// The script makes the same links as the server.
			s.edit(id, operator.EditOptions{Reason: new("Something else")})
			b.do(chromedp.Click(chromedp.CSS("#try")))
			b.until(shown + ` === 'Something else'`)
			s.edit(id, operator.EditOptions{Reason: &reason})
			b.do(chromedp.Click(chromedp.CSS("#try")))
			b.until(`document.querySelector('#reason').textContent !== 'Something else'`)
			require.Equal(t, want, read[string](b, shown))
		})
	}
}
