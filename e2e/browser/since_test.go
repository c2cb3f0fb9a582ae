package browser

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/store/memstore"
)

// "Since" is when this site began to refuse. It never moves while the site is down.
func TestSinceNeverMovesWhileTheSiteIsDown(t *testing.T) {
	t.Parallel()
	st := memstore.New()
	var gate atomic.Pointer[core.Gate]
	begin := func() {
		t.Helper()
		g, err := core.New(core.Config{Store: st, Logger: slog.New(slog.DiscardHandler)})
		require.NoError(t, err)
		if old := gate.Swap(g); old != nil {
			require.NoError(t, old.Shutdown(t.Context()))
		}
	}
	begin()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		gate.Load().Handler(http.NotFoundHandler()).ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		server.Close()
		require.NoError(t, gate.Load().Shutdown(context.WithoutCancel(t.Context())))
	})

	// The site went down 13 minutes ago.
	early := operator.Operator{Store: ago{st, 13 * time.Minute}, Actor: "ann"}
	begun, err := early.Start(t.Context(), operator.StartOptions{Reason: new("Larger disks"), ExpectedAfter: time.Hour})
	require.NoError(t, err)
	require.NoError(t, gate.Load().Refresh(t.Context()))
	ann, bob := operator.Operator{Store: st, Actor: "ann"}, operator.Operator{Store: st, Actor: "bob"}
	b := newTab(t, person{})
	require.Equal(t, http.StatusServiceUnavailable, b.open(server.URL))
	const since = `document.querySelector('#since').dateTime`
	want := read[string](b, since)
	at, err := time.Parse(time.RFC3339, want)
	require.NoError(t, err)
	require.WithinDuration(t, begun.Period.Start, at, time.Second)
	shown := read[string](b, `document.querySelector('#since').textContent`)

	id := begun.Period.ID
	var other string
	edit := func(o operator.EditOptions) error {
		_, err := ann.Edit(t.Context(), id, o)
		return err
	}
	for _, change := range []struct {
		what string
		do   func() error
	}{
		{"another reason", func() error { return edit(operator.EditOptions{Reason: new("Even larger disks")}) }},
		{"a later expected end", func() error { return edit(operator.EditOptions{ExpectedEnd: new(time.Now().Add(3 * time.Hour))}) }},
		{"no end", func() error { return edit(operator.EditOptions{ExpectedEnd: new(time.Time{})}) }},
		{"an end by itself", func() error { return edit(operator.EditOptions{End: new(time.Now().Add(time.Hour))}) }},
		{"an emergency", func() error { return edit(operator.EditOptions{Emergency: new(true)}) }},
		{"a second period", func() error {
			res, err := bob.Start(t.Context(), operator.StartOptions{Reason: new("A new index"), ExpectedAfter: 9 * time.Hour})
			other = res.Period.ID
			return err
		}},
		{"the end of the first period", func() error {
			_, err := ann.End(t.Context(), operator.EndOptions{ID: id})
			return err
		}},
		{"a restart of the instance", func() error { begin(); return nil }},
		{"a third period, and the end of the second", func() error {
			if _, err := ann.Start(t.Context(), operator.StartOptions{Reason: new("A third one")}); err != nil {
				return err
			}
			_, err := bob.End(t.Context(), operator.EndOptions{ID: other})
			return err
		}},
	} {
		require.NoError(t, change.do(), change.what)
		require.NoError(t, gate.Load().Refresh(t.Context()))
		b.do(chromedp.Click(chromedp.CSS("#try")))
		b.until(`document.querySelector('#status').textContent.includes('Not back yet.')`)
		require.Equal(t, want, read[string](b, since), "%s: on the page that stays open", change.what)
		require.Equal(t, shown, read[string](b, `document.querySelector('#since').textContent`), change.what)
		another := newTab(t, person{})
		require.Equal(t, http.StatusServiceUnavailable, another.open(server.URL))
		require.Equal(t, want, read[string](another, since), "%s: on a new page", change.what)
	}
	require.Contains(t, b.text(), "A third one")
}

// The site goes down by an override file. Before the override ends, a period begins.
func TestSinceStaysWhenAnOverrideEnds(t *testing.T) {
	t.Parallel()
	st := memstore.New()
	file := filepath.Join(t.TempDir(), "override")
	require.NoError(t, os.WriteFile(file, []byte("down"), 0o600))
	gate, err := core.New(core.Config{Store: st, OverrideFile: file, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	server := httptest.NewServer(gate.Handler(http.NotFoundHandler()))
	t.Cleanup(func() {
		server.Close()
		require.NoError(t, gate.Shutdown(context.WithoutCancel(t.Context())))
	})
	b := newTab(t, person{})
	require.Equal(t, http.StatusServiceUnavailable, b.open(server.URL))
	const since = `document.querySelector('#since').dateTime`
	want := read[string](b, since)

	b.until(`Date.now() > Date.parse(` + since + `) + 2000`) // the page shows whole seconds
	_, err = operator.Operator{Store: st, Actor: "ann"}.Start(t.Context(), operator.StartOptions{Reason: new("Larger disks")})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, []byte("none"), 0o600))
	require.Eventually(t, func() bool { return gate.Status().Override == "" }, patience, 10*time.Millisecond)
	b.do(chromedp.Click(chromedp.CSS("#try")))
	b.until(`document.querySelector('#reason').textContent.includes('Larger disks')`)
	require.Equal(t, want, read[string](b, since))
}
