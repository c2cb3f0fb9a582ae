package operator

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

func TestWritesAreRefusedOverARevisionThatTheCallerHasNotSeen(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		seen *int64
		want error
	}{
		"the one that there is": {seen: new(int64(7))},
		"an older one":          {seen: new(int64(6)), want: store.ErrConflict},
		"a newer one":           {seen: new(int64(8)), want: store.ErrConflict},
		"nothing was written":   {seen: new(int64(0)), want: store.ErrConflict},
		"any":                   {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := mixedStore()
			_, err := on(st).End(t.Context(), EndOptions{All: true, IfRevision: tc.seen})
			require.ErrorIs(t, err, tc.want)
			_, err = on(mixedStore()).Start(t.Context(), StartOptions{Holder: "z", IfRevision: tc.seen})
			require.ErrorIs(t, err, tc.want)
		})
	}
	_, err := on(storeAt(noonUTC)).Start(t.Context(), StartOptions{Holder: "z", IfRevision: new(int64(0))})
	require.NoError(t, err, "before the first write the revision is 0")
}

func TestEndAllOfARevisionThatIsGoneBeginsNothingAnew(t *testing.T) {
	t.Parallel()
	st := storeAt(noonUTC)
	st.gone = store.ErrLost
	_, err := on(st).End(t.Context(), EndOptions{All: true, IfRevision: new(int64(7))})
	require.ErrorIs(t, err, store.ErrConflict)
	require.Nil(t, st.text)
}

func TestEndTakesARevisionOnlyForAll(t *testing.T) {
	t.Parallel()
	for _, o := range []EndOptions{{ID: "mine", IfRevision: new(int64(7))}, {Holder: "x", IfRevision: new(int64(7))}} {
		_, err := on(mixedStore()).End(t.Context(), o)
		var f *period.FieldError
		require.ErrorAs(t, err, &f)
		require.Equal(t, "revision", f.Field)
	}
}
