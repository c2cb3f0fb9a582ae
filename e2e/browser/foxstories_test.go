package browser

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/period"
)

func TestFirefoxTakesTheSiteDownAndBringsItBack(t *testing.T) {
	t.Parallel()
	s := openShop(t, "chi")
	visitor, operator := newFoxTab(t, false), s.foxOperator(false)
	require.Equal(t, http.StatusOK, visitor.open(s.url))
	operator.requireState("up")
	operator.fill("#reason", "Moving the warehouse")
	operator.read(`document.querySelector("#emergency").focus()`)
	require.Equal(t, http.StatusOK, operator.follow(func() { operator.press("\ue007") }), "Enter in a field")
	require.Equal(t, "review", operator.page())
	require.Contains(t, operator.text(), "Moving the warehouse")
	require.Nil(t, s.document(), "nothing was written")
	require.Equal(t, http.StatusOK, operator.pressButton(act("review")))
	operator.requireState("down")
	operator.requireNotice("started")
	require.Equal(t, http.StatusServiceUnavailable, visitor.open(s.url))
	require.Contains(t, visitor.text(), "Moving the warehouse")

	require.Equal(t, http.StatusOK, operator.submit(act("end")))
	operator.requireState("up")
	operator.requireNotice("ended")
	s.answers(http.StatusOK)
	require.Equal(t, http.StatusOK, visitor.click("#try"))
	require.Contains(t, visitor.text(), "Welcome")

	s.start("It burns")
	operator.until(`document.querySelector("#state").dataset.state === "down"`)
	require.Contains(t, operator.text(), "It burns", "the page follows the state")
}

func TestFirefoxSchedules(t *testing.T) {
	t.Parallel()
	s := openShop(t, "chi")
	b := s.foxOperator(false)
	require.Equal(t, http.StatusOK, b.click(`nav a[href$="schedule"]`))
	require.Equal(t, http.StatusOK, b.click(`a[href$="add"]`))
	require.Equal(t, "true", b.read(`document.querySelector("#period-form").checkValidity()`))
	require.Equal(t, http.StatusOK, b.submit(act("add")))
	b.requireNotice("planned")

	b.open(s.ops("add"))
	b.fill("#start", "2031-05-06T02:00")
	b.fill("#end", "2031-05-06T01:00")
	require.Equal(t, http.StatusUnprocessableEntity, b.submit(act("add")))
	require.Contains(t, b.read("document.title"), "Error: ")
	require.Equal(t, "errors", b.read("document.activeElement.id"), "the summary has the focus")
	b.fill("#end", "2031-05-06T03:00")
	require.Equal(t, http.StatusOK, b.submit(act("add")))
	require.Contains(t, b.text(), "02:00 CEST (00:00 UTC)", "the browser's zone, and UTC")

	id := s.document().Periods[1].ID
	require.Equal(t, http.StatusOK, b.submit(`[data-period="`+id+`"] `+act("delete")))
	b.requireNotice("deleted")
	require.Len(t, s.document().Periods, 1)
}

func TestFirefoxWithoutJavaScript(t *testing.T) {
	t.Parallel()
	s := openShop(t, "chi")
	b := s.foxOperator(true)
	b.fill("#reason", "Moving the warehouse")
	require.Equal(t, http.StatusOK, b.submit(act("start")))
	b.requireState("down")
	b.requireNotice("started")
	s.answers(http.StatusServiceUnavailable)

	require.Equal(t, http.StatusOK, b.click(`nav a[href$="schedule"]`))
	require.Equal(t, http.StatusOK, b.click(`a[href$="add"]`))
	b.fill("#reason", "Larger disks")
	require.Equal(t, http.StatusOK, b.submit(act("add")))
	b.requireNotice("planned")
	var planned period.Period
	for _, p := range s.document().Periods {
		if p.Kind == period.Window {
			planned = p
		}
	}
	its := `[data-period="` + planned.ID + `"] `
	require.Equal(t, http.StatusOK, b.click(its+`a[href*="edit?"]`))
	b.fill("#reason", "Faster disks")
	require.Equal(t, http.StatusOK, b.submit(act("edit")))
	b.requireNotice("edited")
	require.Contains(t, b.text(), "Faster disks")
	require.Equal(t, http.StatusOK, b.submit(its+act("disable")))
	b.requireNotice("disabled")
	require.Equal(t, http.StatusOK, b.submit(its+act("delete")))
	b.requireNotice("deleted")

	b.open(s.ops(""))
	require.Equal(t, http.StatusOK, b.submit(act("end")))
	b.requireState("up")
	b.requireNotice("ended")
	s.answers(http.StatusOK)
}
