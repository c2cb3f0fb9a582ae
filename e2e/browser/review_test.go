package browser

import (
	"net/http"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
)

func TestEnterInAFieldTakesNothingDown(t *testing.T) {
	t.Parallel()
	s := openShop(t, "chi")
	b := s.operator(person{})
	for _, field := range []string{"#until", "#auto_end", "#emergency"} {
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
