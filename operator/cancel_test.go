package operator

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/store"
)

func TestCancelRemovesWhatRefusesNothing(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"coming", "disabled", "over"} {
		st := mixedStore()
		had, _ := st.doc(t).Find(id)
		res, err := on(st).Cancel(t.Context(), id, CancelOptions{IfVersion: new(int64(1))})
		require.NoError(t, err)
		require.Equal(t, had, res.Period)
		require.NotContains(t, idsOf(res.After.Periods), id)
		require.Len(t, res.After.Periods, 5)
		require.Equal(t, int64(5), res.After.CloseRev)
	}
}

func TestCancelRefuses(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		id      string
		version *int64
		want    error
		text    string
	}{
		"a window in force":     {"running", nil, ErrInForce, `"running": the period is in force; end it instead`},
		"a deployment in force": {"mine", nil, ErrInForce, `"mine": the period is in force`},
		"another version":       {"coming", new(int64(9)), store.ErrConflict, `"coming" has version 1 now, not 9`},
		"an unknown id":         {"zzz", nil, ErrNotFound, `"zzz": no such period`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := mixedStore()
			was := st.text
			res, err := on(st).Cancel(t.Context(), test.id, CancelOptions{IfVersion: test.version})
			require.ErrorIs(t, err, test.want)
			require.ErrorContains(t, err, test.text)
			require.Equal(t, was, st.text)
			require.Equal(t, []string{"mine", "theirs", "running"}, idsOf(res.InForce()))
		})
	}
}
