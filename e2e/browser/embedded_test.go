package browser

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/operator"
)

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
