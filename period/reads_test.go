package period

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestReadsListsWhatIsImplemented(t *testing.T) {
	t.Parallel()
	var want []string
	for prefix, v := range map[string]any{"": Document{}, "periods.": Period{}} {
		for f := range reflect.TypeOf(v).Fields() {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if name == "-" {
				name = strings.ToLower(f.Name)
			}
			want = append(want, prefix+name)
		}
	}
	require.ElementsMatch(t, want, Reads(), "every field is read, and no reserved member is")
	for _, reserved := range []string{"passes", "periods.scope", "periods.mode"} {
		require.NotContains(t, Reads(), reserved)
	}
}

func TestUsesListsWhatADocumentHas(t *testing.T) {
	t.Parallel()
	required := []string{"close_rev", "format", "periods", "revision", "store_id", "write_id"}
	period := []string{"periods.enabled", "periods.id", "periods.kind", "periods.start", "periods.version"}
	for name, tc := range map[string]struct {
		d    Document
		want []string
	}{
		"nothing but the required":         {Document{}, nil},
		"an ordinary period":               {Document{Periods: []Period{{Start: noon}}}, period},
		"one of several":                   {Document{Periods: []Period{{Start: noon}, {Reason: "r"}, {End: noon}}}, append([]string{"periods.reason", "periods.end"}, period...)},
		"optional members":                 {Document{Name: "n", Reconciled: 1, Replaces: "*"}, []string{"name", "reconciled", "replaces"}},
		"a log":                            {Document{Log: Log{[][]byte{[]byte(`{}`)}}}, []string{"log"}},
		"an instant that JSON cannot hold": {Document{Periods: []Period{{Start: time.Date(12000, 1, 1, 0, 0, 0, 0, time.UTC)}}}, []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := tc.d.Uses()
			require.True(t, slices.IsSorted(got))
			if !strings.Contains(name, "cannot") {
				tc.want = append(tc.want, required...)
			}
			require.ElementsMatch(t, tc.want, got)
		})
	}
	full := fullDocument()
	full.Name, full.Reconciled, full.Replaces, full.Log = "n", 1, "*", fullLog(t)
	full.Followers = []Follower{{Name: "ops", At: noon}}
	require.ElementsMatch(t, Reads(), full.Uses(), "a document that has everything uses what this version reads")
	_, err := json.Marshal(full)
	require.NoError(t, err)
}
