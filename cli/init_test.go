package cli

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/internal/wire"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/filestore"
	"github.com/go-downtime/downtime/store/memstore"
)

// shared is a store of several applications: it cannot prove that there never was a
// document, and it has tables.
type shared struct {
	*memstore.Store

	prepared *int
	err      error
}

func (shared) Info() store.Info { return store.Info{Name: "memory", Application: "shop"} }

func (s shared) Get(ctx context.Context, have store.Token) (store.Blob, error) {
	return losingStore{s.Store}.Get(ctx, have)
}

func (s shared) ListRows(ctx context.Context, have store.Token) (store.Rowset, error) {
	set, err := s.Store.ListRows(ctx, have)
	if errors.Is(err, store.ErrNeverWritten) {
		err = store.ErrLost
	}
	return set, err
}

func (s shared) Prepare(context.Context) error {
	*s.prepared++
	return s.err
}

func TestInitPreparesAStore(t *testing.T) {
	t.Parallel()
	prepared := 0
	st := shared{Store: memstore.New(), prepared: &prepared}

	code, stdout, stderr := run(t, st, "init", "--dry-run")
	require.Equal(t, ExitDone, code, stderr)
	require.Contains(t, stdout, "RESULT dry-run\n")
	require.Zero(t, prepared)

	code, stdout, stderr = run(t, st, "init")
	require.Equal(t, ExitDone, code, stderr)
	require.Regexp(t, "^tables     are there, as this version wants them\nbegun      document [a-z0-9]+\nstate      UP\n", stdout)
	require.Contains(t, stdout, "\nRESULT up\n")
	require.Equal(t, 1, prepared)

	code, stdout, stderr = run(t, st, "init")
	require.Equal(t, ExitDone, code, stderr)
	require.Contains(t, stdout, "nothing    to do: the store is already initialized\n")
	require.Contains(t, stdout, "revision 1\n")
	require.Equal(t, 2, prepared)

	_, _, _ = run(t, st, "start", "--no-wait", "--holder", "x")
	code, stdout, _ = run(t, st, "init", "--yes")
	require.Equal(t, ExitDone, code)
	require.Contains(t, stdout, "\nRESULT down\n", "what is in force stays")
}

func TestInitAsJSON(t *testing.T) {
	t.Parallel()
	st := memstore.New()
	for _, initialized := range []bool{true, false} {
		_, stdout, _ := run(t, st, "init", "--json")
		var got resultJSON
		require.NoError(t, json.Unmarshal([]byte(stdout), &got))
		require.Equal(t, &initialized, got.Initialized)
		require.EqualValues(t, 1, got.State.Revision)
		require.Equal(t, wire.Up, got.Result.Result)
	}
}

func TestInitOpensNothingByItself(t *testing.T) {
	t.Parallel()
	prepared := 0
	lost := func(changes ...func(*period.Row)) store.Store {
		st := memstore.New()
		report(t, st, changes...)
		return shared{Store: st, prepared: &prepared}
	}
	had := func(r *period.Row) {
		refusing(r)
		r.StoreID, r.Revision, r.WriteID = "gone", 7, "w"
	}
	path := filepath.Join(t.TempDir(), "s.json")
	for name, test := range map[string]struct {
		st     store.Store
		stderr string
	}{
		"instances have seen a document": {
			lost(asReported, had, func(r *period.Row) { r.StoreID, r.Revision = "gone", 7 }),
			"downtime: --yes: memory has lost its document: 2 instances had one (web2/4712, web3/4713), 1 of them refused when they last reported; " +
				"those that keep a closed state will open; restore it, or begin a new one: downtime init --yes\n",
		},
		"a store without rows": {
			rowless{shared{Store: memstore.New(), prepared: &prepared}},
			"downtime: --yes: memory has no document, and keeps no rows of instances that tell whether it had one: " +
				"instances that keep a closed state will open; restore it, or begin a new one: downtime init --yes\n",
		},
		"a file store knows": {
			lostFile(t, path),
			"instances that keep its closed state will open; restore it, or begin a new one: downtime init --yes\n",
		},
	} {
		code, stdout, stderr := run(t, test.st, "init")
		require.Equal(t, ExitUsage, code, name)
		require.Empty(t, stdout, name)
		require.Contains(t, stderr, test.stderr, name)
		_, err := test.st.Get(t.Context(), "")
		require.ErrorIs(t, err, store.ErrLost, name)
		code, _, _ = run(t, test.st, "init", "--dry-run")
		require.Equal(t, ExitUsage, code, name)

		code, stdout, stderr = run(t, test.st, "init", "--yes")
		require.Equal(t, ExitDone, code, "%s: %s", name, stderr)
		require.Contains(t, stdout, "RESULT up\n", name)
	}

	st := lost(asReported, func(r *period.Row) { r.State, r.Cause = period.Starting, "starting" })
	code, _, stderr := run(t, st, "init")
	require.Equal(t, ExitDone, code, "instances that have never had a document are no witnesses: "+stderr)
}

// lostFile is a file store whose document was removed.
func lostFile(t *testing.T, path string) store.Store {
	t.Helper()
	st, err := filestore.New(path)
	require.NoError(t, err)
	_, err = operator.Operator{Store: st}.Start(t.Context(), operator.StartOptions{Holder: "x"})
	require.NoError(t, err)
	require.NoError(t, os.Remove(path))
	return st
}

func TestInitFailsWhereItCannotTell(t *testing.T) {
	t.Parallel()
	prepared := 0
	for name, st := range map[string]store.Store{
		"the tables cannot be made":    shared{Store: memstore.New(), prepared: &prepared, err: errors.New("no grant")},
		"the store cannot be read":     brokenStore{Store: memstore.New(), get: errors.New("no grant")},
		"the instances cannot be read": lostAndMute{mute{memstore.New()}},
	} {
		code, stdout, stderr := run(t, st, "init")
		require.Equal(t, ExitFailed, code, name)
		require.Empty(t, stdout, name)
		require.Contains(t, stderr, "no grant", name)
	}
}

type lostAndMute struct{ mute }

func (lostAndMute) Info() store.Info { return store.Info{Name: "memory", Application: "shop"} }

func (lostAndMute) Get(context.Context, store.Token) (store.Blob, error) {
	return store.Blob{}, store.ErrLost
}

// keeping puts a document aside.
type keeping struct {
	store.Store

	kept *store.Token
}

func (k keeping) Keep(_ context.Context, t store.Token) (string, error) {
	*k.kept = t
	return "attic\x1b", nil
}

func TestADocumentThatCannotBeReadIsReplacedAndKept(t *testing.T) {
	t.Parallel()
	for name, again := range map[string][]string{"init": {"init", "--yes"}, "end": {"end", "--all"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var kept store.Token
			bad := []byte(`{"format": 1, "periods": [{}]}`)
			st := keeping{memstore.New(), &kept}
			require.NoError(t, st.Swap(t.Context(), "", bad))
			for _, args := range [][]string{{"status"}, {"start", "--no-wait"}, {"init"}, {"end"}, {"log"}} {
				code, stdout, stderr := run(t, st, args...)
				require.Equal(t, ExitFailed, code, args)
				require.Empty(t, stdout)
				require.Contains(t, stderr, "downtime: memory: the document cannot be read: ")
				require.Contains(t, stderr, ": repair it, or replace it by an empty one, and it is kept: downtime end --all\n")
			}
			_, stdout, _ := run(t, st, append(again, "--dry-run")...)
			require.Contains(t, stdout, "kept       the document that could not be read: a place that the write will name\n")
			require.Empty(t, kept)
			code, stdout, _ := run(t, st, again...)
			require.Equal(t, ExitDone, code)
			require.Contains(t, stdout, "kept       the document that could not be read: attic\\x1b\n")
			require.Contains(t, stdout, "revision 1\nRESULT up\n")
			require.Equal(t, store.TokenOf(bad), kept)
			_, stdout, _ = run(t, st, "log")
			require.Contains(t, stdout, "it began a new document: the one before was unreadable\n")
		})
	}
	t.Run("not where it cannot be kept", func(t *testing.T) {
		t.Parallel()
		st := memstore.New()
		require.NoError(t, st.Swap(t.Context(), "", []byte("x")))
		code, _, stderr := run(t, st, "end", "--all")
		require.Equal(t, ExitFailed, code)
		require.NotContains(t, stderr, "replace")
	})
	t.Run("not one of a newer version", func(t *testing.T) {
		t.Parallel()
		var kept store.Token
		st := keeping{memstore.New(), &kept}
		require.NoError(t, st.Swap(t.Context(), "", []byte(`{"format": 2, "periods": []}`)))
		code, _, stderr := run(t, st, "init", "--yes")
		require.Equal(t, ExitFailed, code)
		require.Contains(t, stderr, "upgrade this program")
		require.NotContains(t, stderr, "end --all")
		require.Empty(t, kept)
	})
}
