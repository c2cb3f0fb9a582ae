package browser

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/memstore"
)

// refusing serves a site behind a gate that cfg closes.
func refusing(t *testing.T, cfg core.Config) string {
	t.Helper()
	cfg.Logger = slog.New(slog.DiscardHandler)
	gate, err := core.New(cfg)
	require.NoError(t, err)
	server := httptest.NewServer(gate.Handler(http.NotFoundHandler()))
	t.Cleanup(func() {
		server.Close()
		require.NoError(t, gate.Shutdown(context.WithoutCancel(t.Context())))
	})
	return server.URL
}

// down is a store in which a deployment is in force.
func down(t *testing.T, o operator.StartOptions) store.Store {
	t.Helper()
	st := memstore.New()
	_, err := operator.Operator{Store: st, Actor: "ann"}.Start(t.Context(), o)
	require.NoError(t, err)
	return st
}

func TestVisitorsPageIsAccessible(t *testing.T) {
	t.Parallel()
	reason := "Moving to a larger database.\nOrders that you have placed are safe."
	sites := map[string]string{
		"expected":  refusing(t, core.Config{Store: down(t, operator.StartOptions{Reason: &reason, ExpectedAfter: 90 * time.Minute})}),
		"emergency": refusing(t, core.Config{Store: down(t, operator.StartOptions{Emergency: new(true)})}),
		"starting":  refusing(t, core.Config{Store: unread{}}),
	}
	for _, language := range []string{"en", "de", "es", "fr", "ar", "ja"} {
		for scheme, dark := range map[string]bool{"light": false, "dark": true} {
			t.Run(language+" "+scheme, func(t *testing.T) {
				t.Parallel()
				b := newTab(t, person{language: language, zone: "Europe/Berlin", dark: dark, phone: dark})
				for name, url := range sites {
					require.Equal(t, http.StatusServiceUnavailable, b.open(url))
					require.Equal(t, language, read[string](b, "document.documentElement.lang"))
					b.requireNoSidewaysScrolling()
					b.picture(name)
					// Both ends of the gradient are the same in every language.
					grounds := []string{"ground", "glow"}
					if language != "en" {
						grounds = grounds[:1]
					}
					for _, ground := range grounds {
						b.requireAccessibleOn(ground, name)
					}
				}
			})
		}
	}
}

// requireAccessibleOn requires that the visitors' page is accessible. Its text stands before a
// gradient, which axe-core cannot judge. It judges one end of it.
func (b *tab) requireAccessibleOn(ground, name string) {
	b.t.Helper()
	read[string](b, "document.body.style.background = 'var(--"+ground+")'")
	b.requireAccessible(name + "-" + ground)
}

// unread is a store that cannot be read.
type unread struct{ store.Store }

func (unread) Info() store.Info { return store.Info{Name: "unread"} }

func (unread) Get(context.Context, store.Token) (store.Blob, error) {
	return store.Blob{}, errors.New("no route to host")
}

// pass lets virtual time run in the page, and returns when d has passed. Timers fire at once,
// but not before the pending answers of servers. Then virtual time stops.
func (b *tab) pass(d time.Duration) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	_, err := chromedp.Run(ctx, chromedp.WaitEvent(emulation.VirtualTimeBudgetExpired, nil, command(emulation.SetVirtualTimePolicy, emulation.SetVirtualTimePolicyParams{
		Policy: emulation.VirtualTimePolicyPauseIfNetworkFetchesPending, Budget: new(float64(d.Milliseconds())),
	})))
	require.NoError(b.t, err)
}

// requireNoSidewaysScrolling fails if the page is wider than the screen.
func (b *tab) requireNoSidewaysScrolling() {
	b.t.Helper()
	require.LessOrEqual(b.t, read[int](b, "document.documentElement.scrollWidth"), read[int](b, "innerWidth"), "wider than the screen: %s", b.shown())
}

func TestVisitorsPageComesBackByItself(t *testing.T) {
	t.Parallel()
	eachFramework(t, func(t *testing.T, s *shop) {
		t.Helper()
		visitor := newTab(t, person{})
		require.Equal(t, http.StatusOK, visitor.open(s.url))
		require.Contains(t, visitor.text(), "Welcome")

		s.start("Moving the warehouse")
		require.Equal(t, http.StatusServiceUnavailable, visitor.open(s.url))
		require.Contains(t, visitor.text(), "Moving the warehouse")
		visitor.picture("down")
		visitor.pass(10 * time.Minute)
		require.Contains(t, visitor.text(), "Moving the warehouse", "it stays for as long as the site is down")

		s.end()
		visitor.pass(10 * time.Minute)
		visitor.until(`document.body.innerText.includes('Welcome')`)
		visitor.picture("back")
	})
}
