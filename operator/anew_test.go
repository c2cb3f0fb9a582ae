package operator

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

func TestWhatADocumentThatBeginsAnewReplaces(t *testing.T) {
	t.Parallel()
	of := func(key, storeID string) store.Row {
		return aRow(t, key, func(r *period.Row) { r.StoreID = storeID })
	}
	dead := of("a", "s1")
	dead.Life = store.Expired
	unreadable := store.Row{Key: "u", Bytes: []byte("{"), Life: store.Live}
	tombstone := store.Row{Key: "d", Life: store.Deleted}
	const anyOther = period.AnyDocument
	for name, tc := range map[string]struct {
		rows                        []store.Row
		lost, never, withoutReplace string
	}{
		"no rows":                           {nil, anyOther, "", ""},
		"rows of one document":              {[]store.Row{of("a", "s1"), of("b", "s1")}, "s1", "s1", ""},
		"a silent row":                      {[]store.Row{dead}, "s1", "s1", ""},
		"rows of two documents":             {[]store.Row{of("a", "s1"), of("b", "s2"), of("c", "s1")}, anyOther, anyOther, ""},
		"a row without a document":          {[]store.Row{of("a", ""), of("b", "s1")}, "s1", "s1", ""},
		"a tombstone and an unreadable row": {[]store.Row{tombstone, unreadable, of("a", "s1")}, "s1", "s1", ""},
		"only rows that do not tell of any": {[]store.Row{tombstone, unreadable, of("a", "")}, anyOther, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for gone, want := range map[error]string{store.ErrLost: tc.lost, store.ErrNeverWritten: tc.never} {
				st := &trialFleet{trialStore: storeAt(noonUTC), rows: tc.rows}
				st.gone = gone
				res, err := on(st).Init(t.Context(), InitOptions{Replace: true, Name: "shop"})
				require.NoError(t, err)
				require.Equal(t, want, res.After.Replaces, "%v", gone)
				require.Equal(t, "shop", res.After.Name)
				require.Nil(t, res.Before)

				st = &trialFleet{trialStore: storeAt(noonUTC), rows: tc.rows}
				st.gone = gone
				res, err = on(st).Init(t.Context(), InitOptions{})
				require.NoError(t, err)
				require.Equal(t, tc.withoutReplace, res.After.Replaces)
			}
			st := &trialFleet{trialStore: storeAt(noonUTC), rows: tc.rows}
			st.gone = store.ErrLost
			res, err := on(st).End(t.Context(), EndOptions{All: true})
			require.NoError(t, err)
			require.Equal(t, tc.lost, res.After.Replaces)
		})
	}
}

// TestAnUnreadableDocumentIsPutAside covers the writes that may go over one.
func TestAnUnreadableDocumentIsPutAside(t *testing.T) {
	t.Parallel()
	for name, do := range map[string]func(o Operator) (Result, error){
		"end all":            func(o Operator) (Result, error) { return o.End(t.Context(), EndOptions{All: true}) },
		"init that replaces": func(o Operator) (Result, error) { return o.Init(t.Context(), InitOptions{Replace: true}) },
		"end all at revision 0, which is that of no document": func(o Operator) (Result, error) {
			return o.End(t.Context(), EndOptions{All: true, IfRevision: new(int64(0))})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := &trialKeeper{trialStore: storeAt(noonUTC)}
			st.text = []byte(`{"format": 1, "periods": [}`)
			res, err := do(on(st))
			require.NoError(t, err)
			require.Equal(t, "trial.bad", res.Kept)
			require.Equal(t, [][]byte{[]byte(`{"format": 1, "periods": [}`)}, st.kept)
			require.Empty(t, res.After.Periods)
			require.Equal(t, period.AnyDocument, res.After.Replaces)
			require.Equal(t, int64(1), res.After.Revision)
			require.Equal(t, "unreadable", st.log(t)[0].Anew)
			require.Len(t, st.log(t), 1)
		})
	}
}

func TestAnUnreadableDocumentStays(t *testing.T) {
	t.Parallel()
	broken := errors.New("disk full")
	endAll := func(o Operator) (Result, error) { return o.End(t.Context(), EndOptions{All: true}) }
	bad, newer := `{"format": 1}`, `{"format": 2}`
	for name, tc := range map[string]struct {
		text   string
		st     func(s *trialStore) store.Store
		do     func(o Operator) (Result, error)
		want   error
		code   Code
		reason string
	}{
		"for a start": {
			bad, func(s *trialStore) store.Store { return &trialKeeper{trialStore: s} },
			func(o Operator) (Result, error) { return o.Start(t.Context(), StartOptions{Holder: "x"}) }, ErrUnreadable, CodeUnreadable, "periods: is missing",
		},
		"for an end of one": {
			bad, func(s *trialStore) store.Store { return &trialKeeper{trialStore: s} },
			func(o Operator) (Result, error) { return o.End(t.Context(), EndOptions{ID: "a"}) }, ErrUnreadable, CodeUnreadable, "periods: is missing",
		},
		"for an init that replaces nothing": {
			bad, func(s *trialStore) store.Store { return &trialKeeper{trialStore: s} },
			func(o Operator) (Result, error) { return o.Init(t.Context(), InitOptions{}) }, ErrUnreadable, CodeUnreadable, "periods: is missing",
		},
		"in a store that cannot put it aside": {
			bad, func(s *trialStore) store.Store { return s }, endAll, ErrUnreadable, CodeUnreadable, "periods: is missing",
		},
		"if a newer version wrote it": {
			newer, func(s *trialStore) store.Store { return &trialKeeper{trialStore: s} }, endAll, period.ErrNewer, CodeUnreadable, "this program reads format 1",
		},
		"if it cannot be put aside": {
			bad, func(s *trialStore) store.Store {
				return &trialKeeper{trialStore: s, keep: func() error { return broken }}
			},
			endAll, broken, CodeUnavailable, "nothing was written: the unreadable document cannot be put aside: disk full",
		},
		"if the write fails": {
			bad, func(s *trialStore) store.Store {
				s.swap = func() (bool, error) { return false, store.NotWritten(broken) }
				return &trialKeeper{trialStore: s}
			}, endAll, broken, CodeUnavailable, "nothing was written: disk full",
		},
		"if the store is read-only": {
			bad, func(s *trialStore) store.Store {
				s.swap = func() (bool, error) { return false, store.ErrReadOnly }
				return &trialKeeper{trialStore: s}
			}, endAll, store.ErrReadOnly, CodeReadOnly, "read-only",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := storeAt(noonUTC)
			st.text = []byte(tc.text)
			res, err := tc.do(on(tc.st(st)))
			require.ErrorIs(t, err, tc.want)
			require.ErrorContains(t, err, tc.reason)
			require.Equal(t, tc.code, Explain(err).Code)
			require.False(t, Explain(err).Unknown)
			require.Equal(t, tc.text, string(st.text))
			require.Empty(t, res.Kept)
			require.Equal(t, noonUTC, res.Time)
		})
	}
}

func TestAnUnreadableDocumentThatWasMendedMeanwhileIsNotReplaced(t *testing.T) {
	t.Parallel()
	st := &trialKeeper{trialStore: storeAt(noonUTC, aDeployment("a", "x"))}
	mended := st.text
	st.text = []byte("{")
	st.get = func(n int) ([]byte, error) {
		if n == 1 {
			defer func() { st.text = mended }() // an operator mends it after the first read
			return []byte("{"), nil
		}
		return nil, nil
	}
	res, err := on(st).End(t.Context(), EndOptions{All: true})
	require.NoError(t, err)
	require.Equal(t, []string{"a"}, idsOf(res.Ended))
	require.Equal(t, int64(8), res.After.Revision)
	require.Empty(t, st.kept)
	require.Empty(t, res.Kept)
}
