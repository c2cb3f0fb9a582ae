package period

import (
	"encoding/json"
	"maps"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReasonsAreValues(t *testing.T) {
	t.Parallel()
	texts := map[string]string{"pt-BR": "Discos\n\"novos\"", "de": "Platten \xff", "fr": ""}
	r := NewReasons(texts)
	texts["de"] = "changed"
	require.Equal(t, []string{"de", "pt-BR"}, r.Languages())
	require.Equal(t, "Platten \xff", r.In("de"), "every byte is kept, so that Validate can refuse it")
	require.Equal(t, "Discos\n\"novos\"", r.In("pt-BR"))
	require.Empty(t, r.In("fr"))

	more := r.With(map[string]string{"de": "", "ar": "أقراص"})
	require.Equal(t, map[string]string{"ar": "أقراص", "pt-BR": "Discos\n\"novos\""}, maps.Collect(more.All()))
	require.Equal(t, []string{"de", "pt-BR"}, r.Languages(), "it did not change")
	require.Equal(t, r.With(nil), r)
	require.Equal(t, NewReasons(map[string]string{"b": "1", "a": "2"}), NewReasons(map[string]string{"a": "2"}).With(map[string]string{"b": "1"}))
	require.Zero(t, more.With(map[string]string{"ar": "", "pt-BR": ""}))
	require.Zero(t, NewReasons(nil))
	require.Nil(t, Reasons{}.Languages())

	for range r.All() {
		break
	}
	b, err := json.Marshal(more)
	require.NoError(t, err)
	var again Reasons
	require.NoError(t, json.Unmarshal(b, &again))
	require.Equal(t, more, again)
	require.Error(t, json.Unmarshal([]byte(`["de"]`), &again))
}
