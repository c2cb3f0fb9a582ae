package core

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWritesAreRefusedOverARevisionThatTheCallerHasNotSeen(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		seen *int64
		want error
	}{
		"the one that there is": {seen: new(int64(7))},
		"an older one":          {seen: new(int64(6)), want: ErrConflict},
		"a newer one":           {seen: new(int64(8)), want: ErrConflict},
		"nothing was written":   {seen: new(int64(0)), want: ErrConflict},
		"any":                   {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := mixedStore()
			_, err := End(t.Context(), st, EndOptions{All: true, Revision: tc.seen})
			require.ErrorIs(t, err, tc.want)
			_, err = Start(t.Context(), mixedStore(), StartOptions{Holder: "z", Revision: tc.seen})
			require.ErrorIs(t, err, tc.want)
		})
	}
	_, err := Start(t.Context(), storeAt(noonUTC), StartOptions{Holder: "z", Revision: new(int64(0))})
	require.NoError(t, err, "before the first write the revision is 0")
}

func TestEndAllOfARevisionThatIsGoneBeginsNothingAnew(t *testing.T) {
	t.Parallel()
	st := mixedStore()
	st.load = func(int) error { return ErrLost }
	_, err := End(t.Context(), st, EndOptions{All: true, Revision: new(int64(7))})
	require.ErrorIs(t, err, ErrConflict)
}

func TestEndTakesARevisionOnlyForAll(t *testing.T) {
	t.Parallel()
	for _, o := range []EndOptions{{ID: "mine", Revision: new(int64(7))}, {Holder: "x", Revision: new(int64(7))}} {
		_, err := End(t.Context(), mixedStore(), o)
		var f *FieldError
		require.ErrorAs(t, err, &f)
		require.Equal(t, "revision", f.Field)
	}
}
