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
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

// report writes the row of another instance.
func (s *shop) report(id string, state period.RowState, inFlight int64) {
	s.t.Helper()
	d := s.document()
	row, err := period.Row{
		ID: id, Host: "host-" + id, PID: 7, State: state, InFlight: inFlight, Reads: period.Reads(), App: "v1.2.3",
		StoreID: d.StoreID, Revision: d.Revision, WriteID: d.WriteID,
	}.Encode()
	require.NoError(s.t, err)
	rows, ok := s.command.Store.(store.Rows)
	require.True(s.t, ok)
	_, _, err = rows.PutRow(s.t.Context(), id, row, time.Hour)
	require.NoError(s.t, err)
}

func TestALargeFleetIsListedAndFiltered(t *testing.T) {
	t.Parallel()
	s := openShop(t, "chi")
	b := s.operator(person{})
	s.start("It burns")
	for i := range 30 {
		s.report(fmt.Sprintf("web%02d", i), period.Closed, 0)
	}
	s.report("zz", period.Open, 3)
	listed := func() []string {
		return read[[]string](b, `[...document.querySelectorAll('[data-instance]')].map((e) => e.dataset.instance)`)
	}
	b.open(s.ops("fleet"))
	require.Equal(t, "zz", listed()[0], "the one that still serves comes first")
	require.Len(t, listed(), 32)
	require.Less(t, read[float64](b, `document.querySelector('[data-instance=web03]').getBoundingClientRect().height`), 60.0, "one line")
	b.requireUsable("fleet-30")

	// A refresh changes only the text that differs: a selection stays, and so does an unfolded row.
	b.do(chromedp.Click(chromedp.CSS("[data-instance=web03] summary")))
	read[bool](b, `(() => {
		const range = document.createRange();
		range.selectNodeContents(document.querySelector('[data-instance=web03] th bdi'));
		getSelection().removeAllRanges(); getSelection().addRange(range);
		return window.kept = document.querySelector('[data-instance=web05]');
	})() !== null`)
	s.report("web05", period.Closed, 17)
	s.report("aa", period.Open, 0) // moves all other rows
	b.until(`document.querySelector('[data-instance=web05]').innerText.includes('17')`)
	require.Contains(t, listed(), "aa")
	require.Equal(t, "host-web03/7", read[string](b, `getSelection().toString()`))
	require.True(t, read[bool](b, `document.querySelector('[data-instance=web03] details').open`))
	require.True(t, read[bool](b, `window.kept === document.querySelector('[data-instance=web05]')`), "the row is the same element")

	b.fill("#find", "WEB1")
	require.Equal(t, http.StatusOK, b.follow(chromedp.Click(chromedp.CSS(".filter button"))))
	require.Len(t, listed(), 10)
	require.Equal(t, http.StatusOK, b.open(s.ops("fleet?only=serves")))
	require.Equal(t, []string{"aa", "zz"}, listed())
	b.requireUsable("fleet-filter")

	for i := range 270 {
		s.report(fmt.Sprintf("more%03d", i), period.Closed, 0)
	}
	phone := s.operator(person{phone: true})
	phone.open(s.ops("fleet"))
	phone.requireNoSidewaysScrolling()
	require.Equal(t, []string{"start"}, read[[]string](phone, `[...new Set([...document.querySelectorAll('td')].map((e) => getComputedStyle(e).textAlign))]`), "one alignment")
	phone.picture("fleet-300")
}

func TestALongScheduleAndItsLog(t *testing.T) {
	t.Parallel()
	s := openShop(t, "chi")
	b := s.operator(person{})
	day := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, 2)
	for i := range 50 {
		_, err := s.command.Schedule(t.Context(), operator.WindowOptions{Start: day.AddDate(0, 0, i).Add(time.Hour), EndAfter: time.Hour, Reason: fmt.Sprint("Night ", i)})
		require.NoError(t, err)
	}
	_, err := s.command.Schedule(t.Context(), operator.WindowOptions{Start: day.Add(90 * time.Minute), EndAfter: time.Hour, Reason: "Overlapping"})
	require.NoError(t, err)
	b.open(s.ops("schedule"))
	require.Len(t, b.periods(), 25)
	require.Contains(t, b.text(), "Coming in "+day.Format("January 2006"))
	require.Equal(t, 2, read[int](b, `document.querySelectorAll('[data-overlaps]').length`), "both windows say that they overlap")
	b.requireUsable("schedule-50")
	require.Equal(t, http.StatusOK, b.follow(chromedp.Click(chromedp.CSS("#others a"))))
	require.Len(t, b.periods(), 25)

	// A window of three hours ago is over. It is listed last, and folded.
	over, err := operator.Operator{Store: ago{s.command.Store, 3 * time.Hour}, Actor: "ann"}.Schedule(t.Context(), operator.WindowOptions{StartNow: true, EndAfter: time.Hour, Reason: "Past"})
	require.NoError(t, err)
	b.open(s.ops("schedule?from=50"))
	listed := b.periods()
	require.Equal(t, over.Period.ID+" finished", listed[len(listed)-1])
	require.NotContains(t, b.text(), "Past")
	b.do(chromedp.Click(chromedp.CSS("#acts details > summary")))
	require.Contains(t, b.text(), "Past")

	s.start("It burns")
	s.end()
	b.open(s.ops("log"))
	require.Less(t, read[float64](b, `document.querySelector('[data-did=schedule]').getBoundingClientRect().height`), 40.0, "one line")
	line := read[string](b, `document.querySelector('[data-did=end] td:last-child').innerText`)
	require.Regexp(t, `^ended \w+, after `, line)
	require.Zero(t, read[int](b, `document.querySelectorAll('[data-entry] details[open]').length`), "details on demand")
	b.requireUsable("log")
}

// TestStateIsMoreThanAColor: a shape tells the state, also where the machine picks the colors.
func TestStateIsMoreThanAColor(t *testing.T) {
	t.Parallel()
	s := openShop(t, "chi")
	b := s.operator(person{})
	b.do(command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "forced-colors", Value: "active"}}}))
	shape := func() string {
		return read[string](b, `[...document.querySelectorAll('#state .mark g')].filter((g) => getComputedStyle(g).display !== 'none').map((g) => g.getAttribute('class')).join()`)
	}
	require.Equal(t, "is-up", shape())
	require.Equal(t, "solid", read[string](b, `getComputedStyle(document.querySelector('.banner')).borderTopStyle`))
	b.picture("forced-up")
	s.start("It burns")
	b.open(s.ops(""))
	require.Equal(t, "is-down", shape())
	require.NotEqual(t, read[string](b, `getComputedStyle(document.querySelector('nav a[aria-current]')).borderBottomColor`),
		read[string](b, `getComputedStyle(document.querySelector('nav a:not([aria-current])')).borderBottomColor`), "only the present page has a line")
	b.requireUsable("forced-down")
}
