package cli

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/admin"
	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/internal/wire"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/memstore"
)

// severed is a store as one instance reaches it. A test cuts the instance off.
type severed struct {
	*memstore.Store

	cut atomic.Bool
}

var errCut = errors.New("no route to host")

func (s *severed) Get(ctx context.Context, have store.Token) (store.Blob, error) {
	if s.cut.Load() {
		return store.Blob{}, errCut
	}
	return s.Store.Get(ctx, have)
}

func (s *severed) PutRow(ctx context.Context, key string, b []byte, lease time.Duration) (store.Token, time.Time, error) {
	if s.cut.Load() {
		return "", time.Time{}, errCut
	}
	return s.Store.PutRow(ctx, key, b, lease)
}

// TestARowIsDrainedForThePeriodsThatItListsAndNoLonger cuts an instance off while it has drained a
// window. The window ends, the site is up for a while, and another window begins. Command, page
// and API show the last report of the instance, and never that it is drained.
func TestARowIsDrainedForThePeriodsThatItListsAndNoLonger(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		mem := memstore.New()
		gateOn := func(st store.Store) *core.Gate {
			gate, err := core.New(core.Config{Store: st, Logger: slog.New(slog.DiscardHandler)})
			require.NoError(t, err)
			t.Cleanup(func() { _ = gate.Shutdown(context.WithoutCancel(t.Context())) })
			return gate
		}
		away := &severed{Store: mem}
		gate, other := gateOn(away), gateOn(mem)
		page, err := admin.New(other, admin.Config{
			Path: "/ops", Authorize: core.Func("anyone", func(context.Context, *http.Request) bool { return true }),
			Actor: func(context.Context, *http.Request) string { return "kim" },
		})
		require.NoError(t, err)
		get := func(path string) string {
			w := httptest.NewRecorder()
			page.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody))
			require.Equal(t, http.StatusOK, w.Code)
			return w.Body.String()
		}
		for _, after := range []time.Duration{5 * time.Second, 35 * time.Second} {
			_, err := operator.Operator{Store: mem, Actor: "kim"}.Schedule(t.Context(), operator.WindowOptions{Start: time.Now().Add(after), EndAfter: 20 * time.Second})
			require.NoError(t, err)
		}
		key := gate.Status().Instance
		// shown is how the command, the page and both JSON documents show the instance.
		shown := func() (fleet, row, status string, counts wire.Counts, instance wire.Instance) {
			_, fleet, _ = run(t, mem, "fleet", "--tz", "UTC")
			_, status, _ = run(t, mem, "status", "--tz", "UTC")
			_, text, _ := run(t, mem, "fleet", "--json")
			for _, text := range []string{text, get("/ops/api/v1/fleet")} {
				var f wire.Fleet
				require.NoError(t, json.Unmarshal([]byte(text), &f))
				for _, i := range f.Instances {
					if i.ID == key {
						instance = i
					}
				}
				if counts != (wire.Counts{}) {
					require.Equal(t, counts, *f.Fleet, "command and API judge alike")
				}
				counts = *f.Fleet
			}
			_, row, _ = strings.Cut(get("/ops/fleet"), `data-instance="`+key+`"`)
			row, _, _ = strings.Cut(row, "</tr>")
			return fleet, row, status, counts, instance
		}

		wait(15 * time.Second)
		away.cut.Store(true)
		fleet, row, _, counts, instance := shown()
		require.Len(t, instance.Drains, 1)
		require.Equal(t, 2, counts.Drained)
		require.Contains(t, fleet, "2 live (2 drained)")
		require.Contains(t, row, "refuses, drained")

		wait(15 * time.Second) // the first window is over
		require.True(t, gate.Status().Open, "it opens by the document that it has")
		fleet, row, status, counts, instance := shown()
		require.Equal(t, wire.Live, instance.Life)
		require.Empty(t, instance.Drains)
		require.Len(t, instance.Drained, 1, "it said so")
		require.Zero(t, counts.Drained)
		require.NotContains(t, fleet, "drained")
		require.NotContains(t, row, "drained")
		require.Contains(t, squeezed(status)[0], "state UP, but 1 of 2 instances refuses: host")
		require.Contains(t, status, "has not reported the change yet, last report")

		wait(10 * time.Second) // the second window is in force
		require.False(t, gate.Status().Open)
		_, admitted := gate.Enter(httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody))
		require.False(t, admitted)
		fleet, row, status, counts, instance = shown()
		require.Equal(t, wire.Live, instance.Life)
		require.Empty(t, instance.Drains)
		require.True(t, instance.Outdated)
		require.Equal(t, 1, counts.Drained, "the other instance")
		require.Equal(t, 1, counts.Outdated)
		require.Contains(t, fleet, "2 live (1 drained, 1 outdated)")
		require.Contains(t, fleet, "that it was refusing; the site was up since then, and the instance has not reported again")
		require.Contains(t, row, "last reported before this downtime began")
		require.Contains(t, status, "1 outdated")
		code, _, _ := run(t, mem, "status", "--exit-code")
		require.Equal(t, ExitUnobserved, code)

		away.cut.Store(false)
		wait(5 * time.Second)
		fleet, _, _, _, instance = shown()
		require.Len(t, instance.Drains, 1)
		require.Contains(t, fleet, "2 live (2 drained)")
	})
}
