package core_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/store/memstore"
)

// A predicate runs after the load of the snapshot and before the count, so this test replaces the
// snapshot in a predicate. Without the second look of Admit, the request would run under a
// snapshot that no drain checks any more.
func TestAdmitDecidesAnewIfTheSnapshotWasReplaced(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(t *testing.T, st *memstore.Store)
		asked  int
		want   core.Outcome
		cell   func(s core.Status) int64
	}{
		"by a wider closing": {
			func(t *testing.T, st *memstore.Store) {
				t.Helper()
				start(t, st, operator.StartOptions{Holder: "lou"})
			}, 2, core.Bypassed, func(s core.Status) int64 { return s.Bypassed },
		},
		"by an opening": {
			func(t *testing.T, st *memstore.Store) { t.Helper(); end(t, st) },
			1, core.Open, func(s core.Status) int64 { return s.InFlight },
		},
		"by an opening and a closing": {
			func(t *testing.T, st *memstore.Store) {
				t.Helper()
				end(t, st)
				start(t, st, operator.StartOptions{Holder: "lou"})
			}, 2, core.Bypassed, func(s core.Status) int64 { return s.Bypassed },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := memstore.New()
			start(t, st, operator.StartOptions{Holder: "kim"})
			var gate *core.Gate
			asked, hooked := 0, []core.Outcome{}
			gate, _ = newGate(t, core.Config{
				Store: st,
				Bypass: []core.Predicate{core.Func("staff", func(ctx context.Context, _ *http.Request) bool {
					if asked++; asked == 1 {
						c.change(t, st)
						require.NoError(t, gate.Refresh(ctx))
					}
					return true
				})},
				OnDecision: func(_ context.Context, _ *http.Request, d core.Decision) { hooked = append(hooked, d.Outcome) },
			})
			w := httptest.NewRecorder()
			ticket, d := gate.Admit(t.Context, w, httptest.NewRequest(http.MethodGet, "/", nil))
			require.Equal(t, c.want, d.Outcome)
			require.Equal(t, c.asked, asked)
			require.EqualValues(t, 1, c.cell(gate.Status()), "the request is counted under the snapshot that admitted it")
			if c.want == core.Open {
				require.Empty(t, hooked)
				require.Empty(t, w.Header(), "headers are set after the second look")
			} else {
				require.Equal(t, []core.Outcome{c.want}, hooked, "the hook is called for the last decision only")
			}
			ticket.Leave()
			s := gate.Status()
			require.Zero(t, s.InFlight+s.Bypassed+s.Exempt)
		})
	}
}

func TestExemptAndBypassedRequestsAreCountedApart(t *testing.T) {
	t.Parallel()
	st := memstore.New()
	start(t, st, operator.StartOptions{Holder: "kim"})
	gate, _ := newGate(t, core.Config{
		Store: st, ExemptPaths: []string{"/static"},
		Bypass: []core.Predicate{core.Func("staff", func(_ context.Context, r *http.Request) bool { return r.Header.Get("Staff") != "" })},
	})
	admit := func(path, staff string) core.Ticket {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Header.Set("Staff", staff)
		ticket, _ := gate.Admit(t.Context, httptest.NewRecorder(), r)
		return ticket
	}
	exempt, bypassed, blocked := admit("/static/a", ""), admit("/", "yes"), admit("/", "")
	s := gate.Status()
	require.EqualValues(t, 1, s.Exempt)
	require.EqualValues(t, 1, s.Bypassed)
	require.Zero(t, s.InFlight)
	require.EqualValues(t, 3, s.Judged)
	require.True(t, s.Quiet, "a full closing waits for neither")
	for _, ticket := range []core.Ticket{exempt, bypassed, blocked} {
		ticket.Leave()
	}
	s = gate.Status()
	require.Zero(t, s.Exempt+s.Bypassed)
	require.EqualValues(t, 3, s.Judged)
}
