package browser

import (
	"context"
	"fmt"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/store/memstore"
)

// site is a small site behind a gate. It has a form, whose target answers POST only.
type site struct {
	t       *testing.T
	url     string
	gate    *core.Gate
	command operator.Operator
	orders  atomic.Int64
}

func openSite(t *testing.T) *site {
	t.Helper()
	return openSiteWith(t, core.Config{})
}

func openSiteWith(t *testing.T, cfg core.Config) *site {
	t.Helper()
	s := &site{t: t, command: operator.Operator{Store: memstore.New(), Actor: "ann"}}
	_, err := s.command.Init(t.Context(), operator.InitOptions{})
	require.NoError(t, err)
	cfg.Store, cfg.ExemptPaths, cfg.Logger = s.command.Store, []string{"/host"}, slog.New(slog.DiscardHandler)
	s.gate, err = core.New(cfg)
	require.NoError(t, err)
	mux := http.NewServeMux()
	serve := func(pattern, body string) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = io.WriteString(w, `<!DOCTYPE html><html lang="en"><title>Shop</title>`+body)
		})
	}
	serve("GET /{$}", "<h1>Welcome</h1>")
	serve("GET /form", `<form method="post" action="/order"><textarea name="text" id="text"></textarea><button>Order</button></form>`)
	serve("GET /host", `<textarea id="draft"></textarea><div id="part"></div>`)
	mux.HandleFunc("POST /order", func(w http.ResponseWriter, r *http.Request) {
		s.orders.Add(1)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, `<!DOCTYPE html><html lang="en"><title>Shop</title>Ordered: `+html.EscapeString(r.FormValue("text")))
	})
	server := httptest.NewServer(s.gate.Handler(mux))
	s.url = server.URL
	t.Cleanup(func() {
		server.Close()
		require.NoError(t, s.gate.Shutdown(context.WithoutCancel(t.Context())))
	})
	return s
}

// down takes the site down, and returns the id of the period.
func (s *site) down(o operator.StartOptions) string {
	s.t.Helper()
	res, err := s.command.Start(s.t.Context(), o)
	require.NoError(s.t, err)
	require.NoError(s.t, s.gate.Refresh(s.t.Context()))
	return res.Period.ID
}

func (s *site) edit(id string, o operator.EditOptions) {
	s.t.Helper()
	_, err := s.command.Edit(s.t.Context(), id, o)
	require.NoError(s.t, err)
	require.NoError(s.t, s.gate.Refresh(s.t.Context()))
}

func (s *site) up() {
	s.t.Helper()
	_, err := s.command.End(s.t.Context(), operator.EndOptions{Holder: "ann"})
	require.NoError(s.t, err)
	require.NoError(s.t, s.gate.Refresh(s.t.Context()))
}

// waitFor waits until the clock of the server shows an instant, by its header in whole seconds.
func (s *site) waitFor(instant time.Time) {
	s.t.Helper()
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for {
		r, err := http.NewRequestWithContext(s.t.Context(), http.MethodHead, s.url, nil)
		require.NoError(s.t, err)
		answer, err := http.DefaultClient.Do(r)
		require.NoError(s.t, err)
		require.NoError(s.t, answer.Body.Close())
		date, err := http.ParseTime(answer.Header.Get("Date"))
		require.NoError(s.t, err)
		if date.After(instant) {
			return
		}
		<-look.C
	}
}

// longest is the longest pause between two checks of the page, and a second for the answer.
const longest = 46 * time.Second

// A script can insert the page into a page of the site, as htmx does if it is told to swap an
// error, or Turbo, which keeps the root element and replaces head and body.
func TestTheVisitorsPageDoesNothingInAnotherDocument(t *testing.T) {
	t.Parallel()
	for name, insert := range map[string]string{
		"inserted into a part": `document.querySelector('#part').innerHTML = text; run(document.querySelector('#part'))`,
		"in place of head and body": `const other = new DOMParser().parseFromString(text, 'text/html');
			other.body.append(document.querySelector('#draft'));
			document.documentElement.replaceChild(document.adoptNode(other.head), document.head);
			document.documentElement.replaceChild(document.adoptNode(other.body), document.body);
			run(document)`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := openSite(t)
			s.down(operator.StartOptions{ExpectedAfter: time.Hour})
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url, nil)
			require.NoError(t, err)
			r.Header.Set("Accept", "text/html")
			answer, err := http.DefaultClient.Do(r)
			require.NoError(t, err)
			page, err := io.ReadAll(answer.Body)
			require.NoError(t, err)
			require.NoError(t, answer.Body.Close())

			b := newTab(t, person{})
			require.Equal(t, http.StatusOK, b.open(s.url+"/host"))
			b.fill("#draft", "a letter")
			read[string](b, `(() => {
				window.calls = [];
				for (const name of ['setTimeout', 'setInterval', 'fetch']) {
					const was = window[name];
					window[name] = (...args) => { calls.push(name); return was(...args); };
				}
				const run = (part) => {
					for (const script of part.querySelectorAll('script')) {
						const again = document.createElement('script');
						again.textContent = script.textContent;
						script.replaceWith(again);
					}
				};
				const text = `+strconv.QuoteToASCII(string(page))+`;
				`+insert+`;
				return '';
			})()`)
			require.Contains(t, b.text(), "Down for maintenance")
			require.Equal(t, 1, read[int](b, `document.querySelectorAll('script').length`))
			b.pass(10 * time.Minute)
			s.up()
			b.pass(10 * time.Minute)
			require.Equal(t, "a letter", b.value("draft"))
			require.Empty(t, read[[]string](b, `calls`))
			require.Equal(t, s.url+"/host", read[string](b, `location.href`))
		})
	}
}

func TestTheVisitorsPageFollowsChanges(t *testing.T) {
	t.Parallel()
	s := openSite(t)
	id := s.down(operator.StartOptions{Reason: new("A larger database"), ExpectedAfter: time.Hour})
	b := newTab(t, person{})
	require.Equal(t, http.StatusServiceUnavailable, b.open(s.url))
	require.True(t, read[bool](b, `document.querySelector('#until').getBoundingClientRect().bottom < document.querySelector('#reason').getBoundingClientRect().top`), "the time comes first")
	require.Equal(t, 1, read[int](b, `document.body.innerText.split('A larger database').length - 1`), "the reason is told once")
	read[string](b, `(() => {
		window.changed = [];
		const watch = new MutationObserver((all) => {
			for (const m of all) changed.push((m.target.closest ? m.target : m.target.parentElement).id);
		});
		for (const region of document.querySelectorAll('[aria-live=polite], [role=status]')) watch.observe(region, {subtree: true, childList: true, characterData: true});
		return '';
	})()`)
	changed := func() []string {
		return read[[]string](b, `[...new Set(changed.splice(0))].filter((id) => id !== 'left').sort()`)
	}
	b.pass(5 * time.Minute)
	require.Empty(t, changed(), "nothing has changed")

	s.edit(id, operator.EditOptions{Reason: new("A fire in the <b>cellar</b>"), Emergency: new(true)})
	b.pass(longest)
	require.Contains(t, b.text(), "Temporarily unavailable")
	require.Contains(t, b.text(), "A fire in the <b>cellar</b>")
	require.Equal(t, "Temporarily unavailable", read[string](b, `document.title`))
	require.Equal(t, "emergency", read[string](b, `document.documentElement.dataset.kind`))
	require.Equal(t, []string{"heading", "lead", "reason"}, changed())

	s.edit(id, operator.EditOptions{ExpectedEnd: new(time.Time{}), Reason: new("")})
	b.pass(longest)
	require.Contains(t, b.text(), "Not known yet")
	require.NotContains(t, b.text(), "fire")
	require.Equal(t, []string{"reason", "until"}, changed())
	b.picture("no-end")
	later := time.Now().Add(90 * time.Minute)
	s.edit(id, operator.EditOptions{ExpectedEnd: &later, Emergency: new(false), Reason: new("A larger disk")})
	b.pass(longest)
	require.NotContains(t, b.text(), "Not known yet")
	require.Contains(t, b.text(), "Down for maintenance")
	require.Regexp(t, `in \d+ (minute|hour)`, b.text())
	require.Contains(t, b.text(), "A larger disk")
}

// The page says that it takes longer only if the site still says so. The end may have been moved.
func TestTheVisitorsPageNeverComplainsAboutAnEndThatWasMoved(t *testing.T) {
	t.Parallel()
	const complaint = "longer than planned"
	s := openSite(t)
	id := s.down(operator.StartOptions{ExpectedAfter: 10 * time.Second})
	b := newTab(t, person{})
	require.Equal(t, http.StatusServiceUnavailable, b.open(s.url))
	s.edit(id, operator.EditOptions{ExpectedEnd: new(time.Now().Add(time.Hour))})
	b.pass(19 * time.Second)
	require.NotContains(t, b.text(), complaint, "the page has not asked since")
	b.pass(longest)
	require.NotContains(t, b.text(), complaint)
	require.Regexp(t, `in \d+ (minute|hour)`, b.text())

	soon := time.Now().Add(time.Second)
	s.edit(id, operator.EditOptions{ExpectedEnd: &soon})
	s.waitFor(soon)
	b.pass(longest)
	require.Contains(t, b.text(), complaint)
	s.edit(id, operator.EditOptions{ExpectedEnd: new(time.Now().Add(time.Hour))})
	b.pass(longest)
	require.NotContains(t, b.text(), complaint)
}

// goOn starts the virtual time that pass has stopped. Without it no other page loads.
func (b *tab) goOn() {
	b.t.Helper()
	b.do(command(emulation.SetVirtualTimePolicy, emulation.SetVirtualTimePolicyParams{Policy: emulation.VirtualTimePolicyAdvance}))
}

// watchFetch makes the page note when it asks, in ms.
func (b *tab) watchFetch() {
	b.t.Helper()
	read[string](b, `(() => {
		const was = fetch;
		window.asked = [Date.now()];
		window.fetch = (...args) => { asked.push(Date.now()); return was(...args); };
		return '';
	})()`)
}

func TestTheVisitorsPageAsksEvery20To45Seconds(t *testing.T) {
	t.Parallel()
	s := openSite(t)
	s.down(operator.StartOptions{ExpectedAfter: 9 * time.Hour}) // Retry-After is 300 seconds and more
	b := newTab(t, person{})
	require.Equal(t, http.StatusServiceUnavailable, b.open(s.url))
	b.watchFetch()
	b.pass(30 * time.Minute)
	asked := read[[]float64](b, `asked.splice(0)`)
	require.Greater(t, len(asked), 30*60/46)
	pauses := map[float64]bool{}
	for i := range asked[1:] {
		pause := (asked[i+1] - asked[i]) / 1000
		if i > 0 { // the page was loaded before the first
			require.GreaterOrEqual(t, pause, 20.0)
		}
		require.LessOrEqual(t, pause, 46.0)
		pauses[pause] = true
	}
	require.Greater(t, len(pauses), len(asked)/2, "they are spread")

	hidden := func(yes bool) {
		read[string](b, fmt.Sprintf(`(() => {
			Object.defineProperty(document, 'hidden', {value: %v, configurable: true});
			document.dispatchEvent(new Event('visibilitychange'));
			return '';
		})()`, yes))
	}
	hidden(true)
	b.pass(10 * time.Minute)
	require.Empty(t, read[[]float64](b, `asked.splice(0)`), "a hidden page does not ask")
	hidden(false)
	b.pass(time.Second)
	require.Len(t, read[[]float64](b, `asked.splice(0)`), 1, "it asks at once when it is seen")
	for range 20 {
		hidden(true)
		hidden(false)
		b.pass(100 * time.Millisecond)
	}
	require.Empty(t, read[[]float64](b, `asked.splice(0)`), "a change of tabs is no reason to hurry")
	b.pass(3 * time.Second)
	require.Len(t, read[[]float64](b, `asked.splice(0)`), 1, "but it asks soon")
}

func TestTheVisitorTriesNow(t *testing.T) {
	t.Parallel()
	s := openSite(t)
	s.down(operator.StartOptions{ExpectedAfter: time.Hour})
	b := newTab(t, person{})
	require.Equal(t, http.StatusServiceUnavailable, b.open(s.url))
	b.do(chromedp.Click(chromedp.CSS("#try")))
	b.until(`document.querySelector('#status').textContent.includes('Not back yet.')`)
	require.Equal(t, "try", read[string](b, `document.activeElement.id`))
	b.offline(true)
	b.do(chromedp.Click(chromedp.CSS("#try")))
	b.until(`document.querySelector('#status').textContent.includes('The site did not answer.')`)
	b.offline(false)
	s.up()
	b.do(chromedp.Click(chromedp.CSS("#try")))
	b.until(`document.body.innerText.includes('Welcome')`)
}

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

// frame is the URL of the only frame of the page, and the URL that the frame could not load.
func (b *tab) frame() (url, refused string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	require.NoError(b.t, chromedp.Do(ctx, chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		tree, err := cdp.Call(ctx, target, page.GetFrameTree, cdp.Empty{})
		if err == nil {
			require.Len(b.t, tree.FrameTree.ChildFrames, 1)
			f := tree.FrameTree.ChildFrames[0].Frame
			url, refused = f.URL, f.UnreachableURL
		}
		return err
	})))
	return url, refused
}

// An application in a frame shows the page to its visitors only if the configuration says so.
func TestTheVisitorsPageInAFrame(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		config func(host string) core.Config
		shown  bool
	}{
		"of another site":         {func(string) core.Config { return core.Config{} }, false},
		"of this site":            {func(string) core.Config { return core.Config{FrameAncestors: []string{"self"}} }, false},
		"of a site that is named": {func(host string) core.Config { return core.Config{FrameAncestors: []string{host}} }, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var framed string
			host := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/html; charset=utf-8")
				_, _ = io.WriteString(w, `<!DOCTYPE html><html lang="en"><title>Host</title><iframe title="app" src="`+framed+`"></iframe>`)
			}))
			t.Cleanup(host.Close)
			s := openSiteWith(t, test.config(host.URL))
			s.down(operator.StartOptions{Reason: new("A larger database")})
			framed = s.url
			b := newTab(t, person{})
			require.Equal(t, http.StatusOK, b.open(host.URL))
			// Navigate returns after the load event of the frame. A frame that was refused shows an error.
			shown, refused := b.frame()
			require.Equal(t, test.shown, shown == framed+"/", "%s %s", shown, refused)
			require.Equal(t, test.shown, refused == "")
			b.mu.Lock()
			defer b.mu.Unlock()
			b.faults = slices.DeleteFunc(b.faults, func(fault string) bool { return !test.shown && strings.Contains(fault, "frame-ancestors") })
		})
	}
}

// Without scripts the page does not reload by itself: a visitor could not stop it.
func TestTheVisitorWithoutScripts(t *testing.T) {
	t.Parallel()
	s := openSite(t)
	b := newTab(t, person{withoutScript: true})
	require.Equal(t, http.StatusOK, b.open(s.url+"/form"))
	s.down(operator.StartOptions{ExpectedAfter: time.Hour})
	b.fill("#text", "a long letter")
	require.Equal(t, http.StatusServiceUnavailable, b.pressButton("form"))
	require.Contains(t, b.text(), "The request was not processed.")
	require.Empty(t, read[[]string](b, `[...document.querySelectorAll('a, button')].filter((e) => e.offsetParent).map((e) => e.textContent)`))

	require.Equal(t, http.StatusServiceUnavailable, b.open(s.url))
	require.NotContains(t, b.text(), "by itself")
	s.up()
	b.pass(10 * time.Minute)
	require.Contains(t, b.text(), "Down for maintenance")
	b.goOn()
	require.Equal(t, http.StatusOK, b.follow(chromedp.Click(chromedp.CSS("#try"))))
	require.Contains(t, b.text(), "Welcome")
}

// WCAG 2.2.2: what moves for longer than five seconds needs a way to stop it.
func TestThePictureOfTheVisitorsPageComesToRest(t *testing.T) {
	t.Parallel()
	s := openSite(t)
	s.down(operator.StartOptions{})
	b := newTab(t, person{})
	b.do(command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-reduced-motion", Value: "no-preference"}},
	}))
	require.Equal(t, http.StatusServiceUnavailable, b.open(s.url))
	require.Equal(t, []bool{true, true}, read[[]bool](b, `document.getAnimations().map((a) => a.effect.getComputedTiming().endTime <= 5000)`))
}
