package others

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getsentry/sentry-go"
	"github.com/labstack/echo/v4"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	echodowntime "github.com/go-downtime/downtime/adapters/echo"
	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/events"
)

// withoutDowntime is the function of docs/events.md.
var withoutDowntime = sentry.ClientOptions{BeforeSend: func(event *sentry.Event, hint *sentry.EventHint) *sentry.Event {
	if _, planned := errors.AsType[*core.BlockedError](hint.OriginalException); planned {
		return nil
	}
	return event
}}

// TestSentryIsNotToldOfDowntime has a server that receives what sentry-go sends.
func TestSentryIsNotToldOfDowntime(t *testing.T) {
	t.Parallel()
	blank := regexp.MustCompile(`\s+`)
	page, err := os.ReadFile("../../docs/events.md")
	require.NoError(t, err)
	own, err := os.ReadFile("trackers_test.go")
	require.NoError(t, err)
	_, body, _ := strings.Cut(string(own), "BeforeSend: ")
	body, _, _ = strings.Cut(body, "\n}}")
	require.Contains(t, blank.ReplaceAllString(string(page), " "), blank.ReplaceAllString(body, " "), "the page has another function")

	var mu sync.Mutex
	var sent []string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		sent = append(sent, string(b))
	}))
	t.Cleanup(server.Close)
	options := withoutDowntime
	options.Dsn = strings.Replace(server.URL, "http://", "http://key@", 1) + "/1"
	client, err := sentry.NewClient(options)
	require.NoError(t, err)
	hub := sentry.NewHub(client, sentry.NewScope())

	gate, err := core.New(core.Config{Down: true, ExemptExact: []string{"/broken"}})
	require.NoError(t, err)
	e := echo.New()
	e.HTTPErrorHandler = func(err error, c echo.Context) {
		hub.CaptureException(err)
		e.DefaultHTTPErrorHandler(err, c)
	}
	e.Use(echodowntime.Middleware(gate, echodowntime.WithResponder(echodowntime.DelegateErrors)))
	e.GET("/broken", func(echo.Context) error { return errors.New("the database is broken") })
	for _, path := range []string{"/", "/broken"} {
		w := httptest.NewRecorder()
		e.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		require.GreaterOrEqual(t, w.Code, 500)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	require.True(t, hub.FlushWithContext(ctx))
	mu.Lock()
	defer mu.Unlock()
	require.Len(t, sent, 1)
	require.Contains(t, sent[0], "the database is broken")
}

// TestAWebhookIsVerifiedByTheReferenceLibrary has the library of Standard Webhooks as the receiver.
func TestAWebhookIsVerifiedByTheReferenceLibrary(t *testing.T) {
	t.Parallel()
	const secret, other = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
	receiver, err := standardwebhooks.NewWebhook(other)
	require.NoError(t, err)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if err := receiver.Verify(body, r.Header); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
		}
	}))
	t.Cleanup(server.Close)
	e := events.Event{Event: events.Started, Key: "store:started:abc:r1", Text: "ü <&>", Site: events.Site{Periods: []string{}}}
	for secrets, accepted := range map[string]bool{other: true, secret + " " + other: true, secret: false} {
		hook, err := events.NewWebhook(server.URL, secrets, nil)
		require.NoError(t, err)
		require.Equal(t, accepted, hook.Deliver(t.Context(), e) == nil)
	}
}
