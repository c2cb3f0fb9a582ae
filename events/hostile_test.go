package events_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/events"
	"github.com/go-downtime/downtime/period"
)

// A process that can write to the tables of a store can leave a row with any key and any host.
func TestARowWithAHostileNameIsDelivered(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(server.Close)
	w, err := events.NewWebhook(server.URL, secret, nil)
	require.NoError(t, err)
	now := time.Date(2026, 11, 27, 10, 0, 0, 0, time.UTC)
	from := events.Position{StoreID: "s", Revision: 1, At: now.Add(-time.Hour)}
	keys := map[string]bool{}
	ids := []string{"a\r\nX-Evil: 1", "b\x00", "c.d e", strings.Repeat("e", 1000), ""}
	for _, id := range ids {
		batch := events.Next(from, events.Observation{
			Document: &period.Document{Format: period.Format, StoreID: "s", Revision: 1}, Now: now,
			Silent: []events.Instance{{ID: id, Host: "web1\n\x1b]0;owned\a\u009b2J\u202e", Lease: now.Add(-time.Minute)}},
		}, 0)
		require.Len(t, batch.Events, 1)
		e := batch.Events[0]
		require.Regexp(t, `^[a-zA-Z0-9:~_-]{1,255}$`, e.Key)
		require.NotRegexp(t, `[\x00-\x1f\x7f-\x{9f}\x{202e}]`, e.Text)
		require.NoError(t, w.Deliver(t.Context(), e))
		keys[e.Key] = true
	}
	require.Len(t, keys, len(ids), "each instance has a key of its own")
}

func TestTheTextOfManyPeriodsIsShort(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 27, 10, 0, 0, 0, time.UTC)
	start := now.Add(-time.Hour)
	d := &period.Document{Format: period.Format, StoreID: "s", Revision: 1, Periods: []period.Period{
		{ID: "ends", Kind: period.Window, Enabled: true, Start: start, End: now.Add(-time.Minute), Reason: "Moving \x1b[31mdata"},
	}}
	for n := range 3000 {
		d.Periods = append(d.Periods, period.Period{ID: fmt.Sprintf("%064d", n), Kind: period.Deployment, Enabled: true, Start: start})
	}
	batch := events.Next(events.Position{StoreID: "s", Revision: 1, At: now.Add(-2 * time.Minute)}, events.Observation{Document: d, Now: now}, 0)
	require.Len(t, batch.Events, 1)
	text := batch.Events[0].Text
	require.Less(t, len(text), 10_000, "Linux gives a program at most 128 KiB for one variable")
	require.Contains(t, text, " and 2990 more.")
	require.NotContains(t, text, "\x1b")
	require.Len(t, batch.Events[0].Site.Periods, 3000)
}

// The text of a fault is logged at each attempt.
func TestAHostileReceiverDoesNotFillTheLog(t *testing.T) {
	t.Parallel()
	for name, says := range map[string]string{
		"a long status":               "HTTP/1.1 500 " + strings.Repeat("x", 1<<20) + "\r\nContent-Length: 0\r\n\r\n",
		"a long line that is no HTTP": strings.Repeat("x", 1<<20) + "\r\n\r\n",
		"a status with an escape":     "HTTP/1.1 500 \x1b[31m\r\nContent-Length: 0\r\n\r\n",
	} {
		l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
		require.NoError(t, err)
		t.Cleanup(func() { _ = l.Close() })
		go func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				_, _ = http.ReadRequest(bufio.NewReader(conn))
				_, _ = conn.Write([]byte(says))
				_ = conn.Close()
			}
		}()
		w, err := events.NewWebhook("http://"+l.Addr().String(), secret, nil)
		require.NoError(t, err)
		err = w.Deliver(t.Context(), anEvent)
		require.Error(t, err, name)
		require.Less(t, len(err.Error()), 500, name)
		require.NotContains(t, err.Error(), "\x1b", name)
	}
}
