package events_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/events"
	"github.com/go-downtime/downtime/period"
)

const (
	secret      = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" // the example of Standard Webhooks
	otherSecret = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
)

var anEvent = events.Event{Format: events.Format, Event: events.Started, Key: "s:started:abc:r1", StoreID: "s", Revision: 1, Site: events.Site{Periods: []string{}}}

// verify checks a request as a receiver does: by the specification, and not by our code.
func verify(secret string, h http.Header, body []byte) bool {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		return false
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(h.Get("webhook-id") + "." + h.Get("webhook-timestamp") + "." + string(body)))
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	for signature := range strings.FieldsSeq(h.Get("webhook-signature")) {
		if hmac.Equal([]byte(signature), []byte(want)) {
			return true
		}
	}
	return false
}

func TestAWebhookIsSigned(t *testing.T) {
	t.Parallel()
	var got *http.Request
	var body []byte
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Clone(context.Background())
		body, _ = io.ReadAll(r.Body)
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(server.Close)
	w, err := events.NewWebhook(server.URL+"/secret-path?x=1", "  "+secret+"\n"+otherSecret+"\n", nil)
	require.NoError(t, err)
	require.Equal(t, server.URL, w.Place())
	require.NoError(t, w.Deliver(t.Context(), anEvent))
	require.Equal(t, http.MethodPost, got.Method)
	require.Equal(t, "/secret-path?x=1", got.URL.String())
	require.Equal(t, "application/json", got.Header.Get("Content-Type"))
	require.Equal(t, anEvent.Key, got.Header.Get("webhook-id"))
	require.JSONEq(t, string(anEvent.Encode()), string(body))
	sent, err := strconv.ParseInt(got.Header.Get("webhook-timestamp"), 10, 64)
	require.NoError(t, err)
	require.WithinDuration(t, time.Now(), time.Unix(sent, 0), time.Minute)
	require.True(t, verify(secret, got.Header, body))
	require.True(t, verify(otherSecret, got.Header, body), "while a secret is replaced, both are valid")
	require.False(t, verify("whsec_"+base64.StdEncoding.EncodeToString(make([]byte, 32)), got.Header, body))
	body[0] = ' '
	require.False(t, verify(secret, got.Header, body))
}

func TestAnswersOfAReceiver(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") }))
	t.Cleanup(elsewhere.Close)
	for name, tc := range map[string]struct {
		code        int
		after       string
		fails       bool
		final       bool
		least, most time.Duration
	}{
		"OK":                            {200, "", false, false, 0, 0},
		"accepted":                      {202, "", false, false, 0, 0},
		"a time-out":                    {408, "", true, false, 0, 0},
		"too many":                      {429, "7", true, false, 7 * time.Second, 7 * time.Second},
		"unavailable until a time":      {503, "date", true, false, 50 * time.Second, time.Minute},
		"unavailable, and a bad header": {503, "soon", true, false, 0, 0},
		"unavailable, and a negative":   {503, "-7", true, false, 0, 0},
		"a fault of the receiver":       {500, "", true, false, 0, 0},
		"a wrong request":               {400, "", true, true, 0, 0},
		"not authorized":                {401, "9", true, true, 0, 0},
		"gone":                          {410, "", true, true, 0, 0},
		"a redirect":                    {302, "", true, true, 0, 0},
		"a redirect that keeps POST":    {307, "", true, true, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				after := tc.after
				if after == "date" {
					after = time.Now().Add(time.Minute).UTC().Format(http.TimeFormat)
				}
				if after != "" {
					w.Header().Set("Retry-After", after)
				}
				w.Header().Set("Location", elsewhere.URL)
				w.WriteHeader(tc.code)
			}))
			t.Cleanup(server.Close)
			w, err := events.NewWebhook(server.URL+"/hidden", secret, nil)
			require.NoError(t, err)
			err = w.Deliver(t.Context(), anEvent)
			require.Equal(t, tc.fails, err != nil)
			_, final := errors.AsType[*events.FinalError](err)
			require.Equal(t, tc.final, final)
			later, ok := errors.AsType[*events.LaterError](err)
			require.Equal(t, tc.least > 0, ok)
			if ok {
				require.GreaterOrEqual(t, later.After, tc.least)
				require.LessOrEqual(t, later.After, tc.most)
			}
			if err != nil {
				require.Contains(t, err.Error(), strconv.Itoa(tc.code))
				require.NotContains(t, err.Error(), "hidden")
			}
		})
	}
}

func TestAReceiverThatIsAwayIsTriedAgain(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	w, err := events.NewWebhook(server.URL+"/hidden", secret, nil)
	require.NoError(t, err)
	err = w.Deliver(t.Context(), anEvent)
	require.Error(t, err)
	_, final := errors.AsType[*events.FinalError](err)
	require.False(t, final)
	require.NotContains(t, err.Error(), "hidden")
}

func TestWebhookIsChecked(t *testing.T) {
	t.Parallel()
	long := "whsec_" + base64.StdEncoding.EncodeToString(make([]byte, 65))
	for name, tc := range map[string]struct{ url, secret, field, says string }{
		"https":                       {"https://example.com/x", secret, "", ""},
		"http on this machine":        {"http://127.0.0.1:8080/x", secret, "", ""},
		"http on this machine, IPv6":  {"http://[::1]/x", secret, "", ""},
		"http on localhost":           {"http://localhost/x", secret, "", ""},
		"http elsewhere":              {"http://example.com/x", secret, "webhook", "want https"},
		"http on a name like it":      {"http://localhost.example.com/x", secret, "webhook", "want https"},
		"another scheme":              {"ftp://example.com", secret, "webhook", "want https"},
		"no URL":                      {"example.com", secret, "webhook", "not a URL"},
		"an empty URL":                {"", secret, "webhook", "not a URL"},
		"a password":                  {"https://a:hunter2@example.com/x", secret, "webhook", "a user or a password"},
		"a fragment":                  {"https://example.com/x#y", secret, "webhook", "after #"},
		"no secret":                   {"https://example.com", " ", "secret", "openssl rand"},
		"a secret without its prefix": {"https://example.com", "hunter2hunter2hunter2hunter2", "secret", "does not begin with whsec_"},
		"a secret that is not Base64": {"https://example.com", "whsec_!hunter2", "secret", "not Base64"},
		"a short secret":              {"https://example.com", "whsec_aHVudGVyMg==", "secret", "has 7 bytes, want 24 to 64"},
		"a long secret":               {"https://example.com", long, "secret", "has 65 bytes"},
		"the second of two secrets":   {"https://example.com", secret + " whsec_aHVudGVyMg==", "secret", "number 2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := events.NewWebhook(tc.url, tc.secret, nil)
			if tc.field == "" {
				require.NoError(t, err)
				return
			}
			var fault *period.FieldError
			require.ErrorAs(t, err, &fault)
			require.Equal(t, tc.field, fault.Field)
			require.ErrorContains(t, err, tc.says)
			require.NotContains(t, err.Error(), "hunter2")
		})
	}
}

// FuzzNewWebhook checks that every URL that is accepted is https or leads to this machine.
func FuzzNewWebhook(f *testing.F) {
	f.Add("https://example.com/x", secret)
	f.Add("http://[::ffff:127.0.0.1]/", secret+" "+otherSecret)
	f.Add("http://127.0.0.1.example.com", "whsec_")
	f.Fuzz(func(t *testing.T, target, secrets string) {
		w, err := events.NewWebhook(target, secrets, nil)
		if err != nil {
			require.Nil(t, w)
			return
		}
		place := w.Place()
		if host, plain := strings.CutPrefix(place, "http://"); plain {
			if h, _, err := net.SplitHostPort(host); err == nil {
				host = h
			}
			ip := net.ParseIP(strings.Trim(host, "[]"))
			require.True(t, strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback(), place)
			return
		}
		require.True(t, strings.HasPrefix(place, "https://"), place)
	})
}

// pipes is a network inside a bubble of testing/synctest.
type pipes struct {
	mu     sync.Mutex
	down   bool
	accept chan net.Conn
}

func newPipes(t *testing.T, h http.Handler) (*pipes, *http.Transport) {
	t.Helper()
	p := &pipes{accept: make(chan net.Conn)}
	server := &http.Server{Handler: h}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(p) }()
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.down {
			return nil, errors.New("connection refused")
		}
		ours, theirs := net.Pipe()
		select {
		case p.accept <- theirs:
			return ours, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		_ = server.Close()
		<-done
	})
	return p, transport
}

func (p *pipes) set(down bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = down
}

func (p *pipes) Accept() (net.Conn, error) {
	conn, ok := <-p.accept
	if !ok {
		return nil, net.ErrClosed
	}
	return conn, nil
}

func (p *pipes) Close() error   { close(p.accept); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

func TestAnAttemptHasATimeOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		block := make(chan struct{})
		_, transport := newPipes(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-block }))
		defer close(block)
		w, err := events.NewWebhook("http://localhost/", secret, transport)
		require.NoError(t, err)
		begun := time.Now()
		require.Error(t, w.Deliver(t.Context(), anEvent))
		require.Equal(t, 15*time.Second, time.Since(begun))
	})
}
