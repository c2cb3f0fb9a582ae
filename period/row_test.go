package period

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func fullRow() Row {
	return Row{
		ID: "k1", Host: "web1", PID: 4711, Boot: "b", App: "v1", Version: "v2", Started: noon, Seq: 3, Reads: Reads(), Rules: "r",
		Policy: "refuse", MaxStale: 30, Patience: 7.5, FirstStart: "refuse", State: Closed, Cause: "period", Override: "down",
		StoreID: "s", Revision: 7, WriteID: "w", Regressed: true, Problem: "p", Drained: []string{"a", "b"}, DrainedUntil: noon.Add(time.Hour),
		InFlight: 1, Bypassed: 2, Exempt: 3, Judged: 4,
	}
}

func TestRowsAreReadAsTheyWereWritten(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]Row{"everything": fullRow(), "the least": {ID: "k1", State: Open, Drained: []string{}}} {
		b, err := r.Encode()
		require.NoError(t, err, name)
		got, err := DecodeRow("k1", b)
		require.NoError(t, err, name)
		require.Equal(t, r, got, name)
	}
	b, err := Row{ID: "k1", State: Open}.Encode()
	require.NoError(t, err)
	require.Contains(t, string(b), `"drained":[]`)
	require.Equal(t, Mark{"s", 7, "w"}, fullRow().Mark())
}

func TestDecodeRow(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ given, want string }{
		"a row of a newer version":         {`{"id":"k1","state":"closed","streams":{"feed":3}}`, ""},
		"nothing":                          {"", "the row is empty"},
		"no JSON":                          {`{"id":`, "the row is not valid"},
		"another type":                     {`{"id":"k1","state":"open","revision":"7"}`, "the row is not valid"},
		"the row of another instance":      {`{"id":"k2","state":"open"}`, `id: "k2": want "k1", the key of the row`},
		"no id":                            {`{"state":"open"}`, `id: want "k1"`},
		"no state":                         {`{"id":"k1","drained":["a"]}`, "state: want"},
		"a state that nothing is known of": {`{"id":"k1","state":"holding"}`, `state: "holding": want "starting", "open", "closed" or "leaving"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := DecodeRow("k1", []byte(tc.given))
			if tc.want == "" {
				require.NoError(t, err)
				require.NotNil(t, r.Drained)
				return
			}
			require.ErrorContains(t, err, tc.want)
			require.Zero(t, r)
		})
	}
}

func TestARowHasDrainedAPeriodUntilItEnds(t *testing.T) {
	t.Parallel()
	r := fullRow()
	require.Equal(t, r.Drained, r.DrainedAt(noon))
	require.Empty(t, r.DrainedAt(r.DrainedUntil))
	r.DrainedUntil = time.Time{}
	require.Equal(t, r.Drained, r.DrainedAt(noon.AddDate(10, 0, 0)))
}

// FuzzDecodeRow checks that a row stays the same when it is written again.
func FuzzDecodeRow(f *testing.F) {
	full, err := fullRow().Encode()
	require.NoError(f, err)
	for _, seed := range []string{string(full), `{"id":"k1","state":"open"}`, `{"id":"k1","STATE":"closed","drained":null,"max_stale":1e300}`, `{}`, `null`, ``} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, b string) {
		r, err := DecodeRow("k1", []byte(b))
		if err != nil {
			require.Zero(t, r)
			return
		}
		_ = r.DrainedAt(noon)
		again, err := r.Encode()
		if err != nil {
			require.ErrorContains(t, err, "Time")
			return
		}
		same, err := DecodeRow("k1", again)
		require.NoError(t, err)
		require.True(t, r.Started.Equal(same.Started) && r.DrainedUntil.Equal(same.DrainedUntil))
		same.Started, same.DrainedUntil = r.Started, r.DrainedUntil
		if len(r.Reads) == 0 {
			same.Reads = r.Reads
		}
		require.Equal(t, r, same)
	})
}
