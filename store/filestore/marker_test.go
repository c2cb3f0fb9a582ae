package filestore

import (
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

// revised makes a file with a document at this revision, and returns its bytes.
func revised(t *testing.T, st *Store, revision int64) []byte {
	t.Helper()
	op := operator.Operator{Store: st, Actor: "ann"}
	for {
		found, err := op.Read(t.Context())
		require.NoError(t, err)
		if found.Document.Mark().Revision == revision {
			b, err := os.ReadFile(st.path)
			require.NoError(t, err)
			return b
		}
		if len(found.InForce()) == 0 {
			_, err = op.Start(t.Context(), operator.StartOptions{Holder: "ann"})
		} else {
			_, err = op.End(t.Context(), operator.EndOptions{All: true})
		}
		require.NoError(t, err)
	}
}

// newestOf is the newest document that the store noted, if its document does not continue it.
func newestOf(t *testing.T, st *Store) int64 {
	t.Helper()
	set, err := again(t, st).ListRows(t.Context(), "")
	require.NoError(t, err)
	unchanged, err := again(t, st).ListRows(t.Context(), set.Blob.Token)
	require.NoError(t, err)
	require.Equal(t, set.Newest, unchanged.Newest)
	return set.Newest.Revision
}

func TestAnOlderCopyIsNoticed(t *testing.T) {
	t.Parallel()
	st := newFile(t)
	older := revised(t, st, 2)
	newer := revised(t, st, 7)
	require.Zero(t, newestOf(t, st))
	require.NoError(t, os.WriteFile(st.path, older, 0o600))
	require.Equal(t, int64(7), newestOf(t, st))

	op := operator.Operator{Store: st}
	for revision := int64(3); revision <= 9; revision++ {
		revised(t, st, revision)
		require.Equal(t, int64(7), newestOf(t, st), "an ordinary write of revision %d changes nothing", revision)
	}
	found, err := op.Fleet(t.Context())
	require.NoError(t, err)
	require.Equal(t, "the store went back: its revision 9 does not continue revision 7, which was written before", found.WentBack())
	_, err = op.Reconcile(t.Context(), operator.ReconcileOptions{Above: 7})
	require.NoError(t, err)
	require.Zero(t, newestOf(t, st), "an operator has decided")
	reconciled := revised(t, st, 10)

	require.NoError(t, os.WriteFile(st.path, newer, 0o600))
	require.Equal(t, int64(10), newestOf(t, st), "the newest is the reconciled one")
	revised(t, st, 8)
	require.NoError(t, os.WriteFile(st.path, reconciled, 0o600))
	require.Zero(t, newestOf(t, st), "it was put back")
	revised(t, st, 11)
	require.Zero(t, newestOf(t, st))
}

func TestTheNewestDocumentIsContinued(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(t *testing.T, st *Store){
		"by an edit by hand": func(t *testing.T, st *Store) {
			t.Helper()
			b, err := os.ReadFile(st.path)
			require.NoError(t, err)
			d, err := period.Decode(b)
			require.NoError(t, err)
			d.Name = "shop"
			b, err = d.Encode()
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(st.path, b, 0o600))
		},
		"by a file made by hand": func(t *testing.T, st *Store) {
			t.Helper()
			require.NoError(t, os.WriteFile(st.path, []byte(`{"format": 1, "periods": []}`), 0o600))
			_, err := operator.Operator{Store: st}.Start(t.Context(), operator.StartOptions{Holder: "ann"})
			require.NoError(t, err)
		},
		"by a document that replaces a lost one": func(t *testing.T, st *Store) {
			t.Helper()
			require.NoError(t, os.Remove(st.path))
			_, err := operator.Operator{Store: st}.End(t.Context(), operator.EndOptions{All: true})
			require.NoError(t, err)
		},
		"if the marker tells nothing": func(t *testing.T, st *Store) {
			t.Helper()
			require.NoError(t, os.Truncate(st.markerPath(), 0))
			revised(t, st, 5)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := newFile(t)
			revised(t, st, 4)
			change(t, st)
			require.Zero(t, newestOf(t, st))
		})
	}
}

// TestAnotherDocumentIsNoticed: "init" after a loss does not say that it replaces the lost one.
func TestAnotherDocumentIsNoticed(t *testing.T) {
	t.Parallel()
	st := newFile(t)
	revised(t, st, 4)
	require.NoError(t, os.Remove(st.path))
	_, err := operator.Operator{Store: st}.Init(t.Context(), operator.InitOptions{})
	require.NoError(t, err)
	require.Equal(t, int64(4), newestOf(t, st))
}

// TestTheMarkerIsNeverAheadOfTheDocument ends a writer, as kill -9 does, before each system call of
// a write. The marker may be one write behind, and then notices nothing.
func TestTheMarkerIsNeverAheadOfTheDocument(t *testing.T) {
	t.Parallel()
	st := newFile(t)
	revised(t, st, 3)
	var steps []string
	st.fault = func(step string) error {
		steps = append(steps, step)
		return nil
	}
	older := revised(t, st, 4)
	for i, step := range steps {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			st := newFile(t)
			require.NoError(t, os.WriteFile(st.path, older, 0o600))
			revised(t, st, 6)
			requireKilled(t, process(t.Context(), "die at a step of a deployment", st.path, stepVar+"="+strconv.Itoa(i)))
			require.Zero(t, newestOf(t, st))
			revised(t, st, 8)
			require.NoError(t, os.WriteFile(st.path, older, 0o600))
			require.Equal(t, int64(8), newestOf(t, st))
		})
	}
}

// TestARestartOnAnOlderCopyRefuses: the copy says that the site is up. It was put back while no
// instance ran.
func TestARestartOnAnOlderCopyRefuses(t *testing.T) {
	t.Parallel()
	st := newFile(t)
	up := revised(t, st, 2)
	revised(t, st, 3) // down
	require.NoError(t, os.WriteFile(st.path, up, 0o600))
	require.Contains(t, logs(t, st.path)(`msg="downtime: regressed"`), `mend="downtime reconcile --above 3"`)
	require.Contains(t, logs(t, st.path)("msg=serving"), "open=false")
}

func TestTheNoteForgetsNothingButWhatAnOperatorReplaces(t *testing.T) {
	t.Parallel()
	encoded := func(d period.Document) []byte {
		d.Format, d.Periods = period.Format, []period.Period{}
		d.Seal()
		b, err := d.Encode()
		require.NoError(t, err)
		return b
	}
	three, five := encoded(period.Document{StoreID: "s", Revision: 3}), encoded(period.Document{StoreID: "s", Revision: 5})
	fork, six := encoded(period.Document{StoreID: "s", Revision: 5}), encoded(period.Document{StoreID: "s", Revision: 6})
	for name, c := range map[string]struct {
		was, next []byte
		newest    int64
		behind    bool
	}{
		"a later write":                       {five, six, 6, false},
		"a write over an older copy":          {three, encoded(period.Document{StoreID: "s", Revision: 4}), 5, true},
		"over another write of this revision": {fork, six, 5, true},
		"over a lost document":                {nil, encoded(period.Document{StoreID: "t", Revision: 1}), 5, true},
		"one that replaces it":                {nil, encoded(period.Document{StoreID: "t", Revision: 1, Replaces: "s"}), 1, false},
		"a reconciled one":                    {three, encoded(period.Document{StoreID: "s", Revision: 6, Reconciled: 5}), 6, false},
		"text in no known format":             {five, []byte("text"), 5, false},
	} {
		n := note{}.after(nil, five, time.Now()).after(c.was, c.next, time.Now())
		require.Equal(t, c.newest, n.Revision, name)
		require.Equal(t, c.behind, n.Behind, name)
		require.Equal(t, store.TokenOf(c.next), n.Token, name)
	}
}
