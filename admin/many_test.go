package admin_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/memstore"
)

// shape makes the i-th of many periods.
type shape func(p *period.Period, i int)

// backToBack are windows of an hour, of which the first is in force and each other begins at
// the end of the one before.
func backToBack(p *period.Period, i int) {
	p.Start = p.Start.Add(time.Duration(i) * time.Hour)
	p.End = p.Start.Add(time.Hour)
}

// together are deployments of as many holders.
func together(p *period.Period, i int) {
	p.Kind, p.Holder = period.Deployment, strconv.Itoa(i)
}

// many is a store with n tiny periods.
func many(t testing.TB, n int, as shape) store.Store {
	t.Helper()
	d := &period.Document{Format: period.Format, StoreID: "s", Revision: 1, CloseRev: 1}
	for i := range n {
		p := period.Period{ID: "p" + strconv.Itoa(i), Kind: period.Window, Start: time.Now().UTC().Truncate(time.Hour), Enabled: true, Version: 1}
		as(&p, i)
		d.Periods = append(d.Periods, p)
	}
	d.Seal()
	text, err := d.Fit(period.MaxDocument)
	require.NoError(t, err)
	st := memstore.New()
	require.NoError(t, st.Swap(t.Context(), "", text))
	return st
}

var listedIDs = regexp.MustCompile(`<li[^>]* data-period="([^"]*)"`)

// listed are the ids of the periods in the lists of a page.
func (r reply) listed() (ids []string) {
	for _, found := range listedIDs.FindAllStringSubmatch(r.Body.String(), -1) {
		ids = append(ids, found[1])
	}
	return ids
}

func TestPagesDoNotGrowWithTheirPeriods(t *testing.T) {
	t.Parallel()
	for name, as := range map[string]shape{"in force one after the other": backToBack, "in force together": together} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			few, all := newPages(t, pageSettings{store: many(t, 150, as)}), newPages(t, pageSettings{store: many(t, 2000, as)})
			for _, path := range []string{"", "schedule", "fleet", "log", "visitors", "add", "edit?id=p7", "api/v1/state", "api/v1/fleet"} {
				small, large := few.get(path).Body.Len(), all.get(path).Body.Len()
				if strings.HasPrefix(path, "api/") { // it names what the instance has drained
					small += 100 << 10
				}
				require.Less(t, large, small+small/4, path)
			}
		})
	}
}

func TestFirstPageSaysWhatItDoesNotList(t *testing.T) {
	t.Parallel()
	w := newPages(t, pageSettings{store: many(t, 250, backToBack)}).get("")
	require.Len(t, w.listed(), 101, "one in force, and the next hundred")
	w.says("and 149 more.", "The site opens by itself")

	c := newPages(t, pageSettings{store: many(t, 250, together)})
	w = c.get("")
	require.Len(t, w.listed(), 100)
	w.says("250 periods hold it down, some listed below", "and 150 more: the schedule lists all", "End all 250")
	require.Contains(t, w.Body.String(), `data-period="" data-version="1"`, "the script sees a write about those")

	w = c.follow(c.post("end", "id", "p0", "version", "1"))
	w.says("The site is still down because of p1, p2,", "p100 and 149 more.")
	w = c.follow(c.post("end-all", "revision", "2"))
	w.says("The site is up again")
	require.Regexp(t, `Ended p1 p2 .* and \d+ more\.`, w.text())
	require.Contains(t, c.log.String(), " omitted=149")
	require.NotContains(t, c.log.String(), "p249")
}

func TestAPIEndListsSoManyPeriods(t *testing.T) {
	t.Parallel()
	c := newAPI(t, many(t, 250, together))
	ended := c.do("POST", "end", `{"all": true, "revision": 1}`)
	require.Len(t, ended.at("ended"), 100)
	require.InEpsilon(t, 150, ended.at("ended_omitted"), 0)
}

func TestScheduleIsListedInParts(t *testing.T) {
	t.Parallel()
	c := newPages(t, pageSettings{store: many(t, 250, func(p *period.Period, i int) {
		backToBack(p, i)
		p.Enabled = i < 150
	})})
	ids := map[string]bool{}
	path, parts := "schedule", 0
	for ; path != ""; parts++ {
		w := c.get(path)
		require.LessOrEqual(t, len(w.listed()), 25)
		for _, id := range w.listed() {
			ids[id] = true
		}
		follow, err := url.Parse(html.UnescapeString(w.attribute("data-follow")))
		require.NoError(t, err)
		require.Equal(t, w.listed(), c.get(follow.String()).listed(), "the script follows the part that is shown")
		path = ""
		if strings.Contains(w.Body.String(), "Those after") {
			path = match(w, `<a href="([^"]*)">Those after`)
		}
	}
	require.Equal(t, 10, parts)
	require.Len(t, ids, 250)
	c.get("schedule?from=100").says("Periods 101 to 125 of 250.", "Coming in ")
	c.get("schedule?from=150").says("Disabled")
	require.Equal(t, mount+"/schedule?from=175", match(c.get("schedule?from=200"), `<a href="([^"]*)">Those before`))
	for query, first := range map[string]string{"-1": "p0", "x": "p0", "9223372036854775807": "p249", "-9223372036854775808": "p0", "999": "p249", "": "p0"} {
		w := c.get("schedule?from=" + query)
		require.Equal(t, http.StatusOK, w.Code, query)
		require.Equal(t, first, w.listed()[0], query)
	}
}

func TestFleetPageListsSoManyInstances(t *testing.T) {
	t.Parallel()
	st := memstore.New()
	c := newPages(t, pageSettings{store: st}) // a row of its own
	for i := range 1001 {
		report(t, st, period.Row{ID: "i" + strconv.Itoa(i), Host: "web", PID: i, State: period.Open}, time.Hour)
	}
	w := c.get("fleet")
	require.Equal(t, 1000, strings.Count(w.Body.String(), "data-instance="))
	w.says("1002 live instances", "and 2 more, which the sentence above counts")
}

func TestLogPageListsSoManyEntries(t *testing.T) {
	t.Parallel()
	d := &period.Document{Format: period.Format, StoreID: "s", Revision: 1, Periods: []period.Period{}}
	text, err := d.Encode()
	require.NoError(t, err)
	entry := `{"time": "2026-01-01T00:00:00Z", "action": "start"}`
	text = append(text[:len(text)-len("\n}\n")], `, "log": [`+strings.Repeat(entry+",", 4999)+entry+"]}"...)
	st := memstore.New()
	require.NoError(t, st.Swap(t.Context(), "", text))
	c := newPages(t, pageSettings{store: st})
	w := c.get("log?all=yes")
	require.Equal(t, period.MaxEntries, strings.Count(w.Body.String(), "data-entry="), "a log that was written by hand is no longer")
	require.Equal(t, mount+"/log?all=yes&amp;follow=yes", w.attribute("data-follow"), "the script follows all of it")
}

// BenchmarkPages shows how a page grows with the number of periods:
//
//	go test ./admin -run '^$' -bench Pages
func BenchmarkPages(b *testing.B) {
	for name, as := range map[string]shape{"back to back": backToBack, "together": together} {
		for _, page := range []string{"now", "schedule", "fleet"} {
			for _, n := range []int{1000, 4000} {
				b.Run(page+"/"+name+"/"+strconv.Itoa(n), func(b *testing.B) {
					c := newPages(b, pageSettings{store: many(b, n, as)})
					for b.Loop() {
						require.Equal(b, http.StatusOK, c.get(strings.TrimPrefix(page, "now")).Code)
					}
				})
			}
		}
	}
}
