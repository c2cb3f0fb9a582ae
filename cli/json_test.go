package cli

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/internal/visible"
	"github.com/go-downtime/downtime/internal/wire"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store/memstore"
)

func TestWriteJSONIsTheSameValueWithoutControlBytes(t *testing.T) {
	t.Parallel()
	want := "\x1b[2J\u009b\u202e\u2028\U000e0041 <b>&\"\\ ä 🚀\x7f"
	for _, indent := range []bool{true, false} {
		var out bytes.Buffer
		require.NoError(t, writeJSON(&out, map[string]string{"text": want}, indent))
		var got map[string]string
		require.NoError(t, json.Unmarshal(out.Bytes(), &got))
		require.Equal(t, want, got["text"])
		require.False(t, visible.Hidden(out.String()), "%q", out.String())
		require.Contains(t, out.String(), "<b>&")
	}
}

// TestJSONMembers holds the names of the members, which docs/command.md promises.
func TestJSONMembers(t *testing.T) {
	t.Parallel()
	st := memstore.New()
	members := func(args ...string) []string {
		_, stdout, _ := run(t, st, append(args, "--json")...)
		var m map[string]any
		require.NoError(t, json.Unmarshal([]byte(stdout), &m), stdout)
		return slices.Sorted(maps.Keys(m))
	}
	require.Equal(t, []string{
		"close_rev", "emergency", "fleet", "hand_edited", "in_force", "overdue", "revision", "state", "store", "time", "upcoming", "written",
	}, members("status"))
	require.Equal(t, []string{"exit_code", "fleet", "period", "result", "state"}, members("start", "--no-wait", "--holder", "x", "--for", "1h"))
	require.Equal(t, []string{
		"close_rev", "emergency", "fleet", "hand_edited", "in_force", "next", "overdue", "revision", "since", "state", "store", "store_id",
		"time", "until", "upcoming", "write_id", "written",
	}, members("status"))
	require.Equal(t, []string{"periods", "revision", "store", "time", "written"}, members("list"))
	require.Equal(t, []string{"entries", "store"}, members("log"))
	require.Equal(t, []string{
		"at", "cause", "method", "outcome", "passes", "period", "rules", "since", "target", "until",
	}, members("check", "GET", "/"))
	require.Equal(t, []string{"ended", "exit_code", "fleet", "result", "state"}, members("end", "--holder", "x"))

	_, stdout, _ := run(t, st, "schedule", "--start", "2097-01-01T00:00:00Z", "--for", "1h", "--json")
	var result resultJSON
	require.NoError(t, json.Unmarshal([]byte(stdout), &result))
	require.Equal(t, period.Window, result.Period.Kind)
	require.Equal(t, wire.Upcoming, result.Period.Status)
	require.Equal(t, []wire.Period{*result.Period}, result.State.Upcoming)
}
