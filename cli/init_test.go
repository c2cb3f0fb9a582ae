package cli

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/stores/filestore"
	"github.com/go-downtime/downtime/stores/memstore"
)

// shared is a store to which no document is a lost one, and which has tables.
type shared struct {
	*memstore.Store

	migrated *int
	err      error
}

func (s shared) Load(ctx context.Context, have core.Mark) (core.State, error) {
	state, err := s.Store.Load(ctx, have)
	if err == nil && state.Document == nil {
		return state, core.ErrLost
	}
	return state, err
}

func (s shared) Migrate(context.Context) error {
	*s.migrated++
	return s.err
}

func TestInitPreparesAStore(t *testing.T) {
	t.Parallel()
	migrated := 0
	st := shared{Store: memstore.New(), migrated: &migrated}

	code, stdout, stderr := run(t, st, "init", "--dry-run")
	require.Equal(t, ExitDone, code, stderr)
	require.Contains(t, stdout, "RESULT dry-run\n")
	require.Zero(t, migrated)

	code, stdout, stderr = run(t, st, "init")
	require.Equal(t, ExitDone, code, stderr)
	require.Regexp(t, "^tables     are there, as this version wants them\nbegun      document [a-z0-9]+\nstate      UP\n", stdout)
	require.Contains(t, stdout, "\nRESULT up\n")
	require.Equal(t, 1, migrated)

	code, stdout, stderr = run(t, st, "init")
	require.Equal(t, ExitDone, code, stderr)
	require.Contains(t, stdout, "nothing    to do: the store is already initialised\n")
	require.Contains(t, stdout, "revision 1\n")
	require.Equal(t, 2, migrated)

	_, _, _ = run(t, st, "start", "--holder", "x")
	code, stdout, _ = run(t, st, "init", "--yes")
	require.Equal(t, ExitDone, code)
	require.Contains(t, stdout, "\nRESULT down\n", "what is in force stays")
}

func TestInitAsJSON(t *testing.T) {
	t.Parallel()
	st := memstore.New()
	for _, initialised := range []bool{true, false} {
		_, stdout, _ := run(t, st, "init", "--json")
		var got resultJSON
		require.NoError(t, json.Unmarshal([]byte(stdout), &got))
		require.Equal(t, &initialised, got.Initialised)
		require.EqualValues(t, 1, got.State.Revision)
		require.Equal(t, resultUp, got.Result.Result)
	}
}

func TestInitOpensNothingByItself(t *testing.T) {
	t.Parallel()
	migrated := 0
	lost := func(changes ...func(*core.Instance)) core.Store {
		st := memstore.New()
		report(t, st, changes...)
		return shared{Store: st, migrated: &migrated}
	}
	had := func(i *core.Instance) {
		drained(i)
		i.StoreID, i.Revision, i.WriteID = "gone", 7, "w"
	}
	path := filepath.Join(t.TempDir(), "s.json")
	for name, test := range map[string]struct {
		st     core.Store
		stderr string
	}{
		"instances have seen a document": {
			lost(asReported, had, func(i *core.Instance) { i.StoreID, i.Revision = "gone", 7 }),
			"downtime: --yes: memory has lost its document: 2 instances had one (web2/4712, web3/4713), 1 of them refused when they last reported; " +
				"those that keep a closed state will open; restore it, or begin anew: downtime init --yes\n",
		},
		"a store without rows": {
			rowless{shared{Store: memstore.New(), migrated: &migrated}},
			"downtime: --yes: memory has no document, and keeps no rows of instances, so nobody can tell whether it had one: " +
				"instances that keep what that held down will open; restore it, or begin anew: downtime init --yes\n",
		},
		"a file store knows": {
			lostFile(t, path),
			"instances that keep what it held down will open; restore it, or begin anew: downtime init --yes\n",
		},
	} {
		code, stdout, stderr := run(t, test.st, "init")
		require.Equal(t, ExitUsage, code, name)
		require.Empty(t, stdout, name)
		require.Contains(t, stderr, test.stderr, name)
		_, err := test.st.Load(t.Context(), core.Mark{})
		require.ErrorIs(t, err, core.ErrLost, name)
		code, _, _ = run(t, test.st, "init", "--dry-run")
		require.Equal(t, ExitUsage, code, name)

		code, stdout, stderr = run(t, test.st, "init", "--yes")
		require.Equal(t, ExitDone, code, "%s: %s", name, stderr)
		require.Contains(t, stdout, "RESULT up\n", name)
	}

	st := lost(asReported, func(i *core.Instance) { i.Open, i.Cause = false, "starting" })
	code, _, stderr := run(t, st, "init")
	require.Equal(t, ExitDone, code, "instances that have never had a document are no witnesses: "+stderr)
}

// lostFile is a file store whose document was removed.
func lostFile(t *testing.T, path string) core.Store {
	t.Helper()
	st, err := filestore.New(path)
	require.NoError(t, err)
	_, err = core.Start(t.Context(), st, core.StartOptions{Holder: "x"})
	require.NoError(t, err)
	require.NoError(t, os.Remove(path))
	return st
}

func TestInitFailsWhereItCannotTell(t *testing.T) {
	t.Parallel()
	migrated := 0
	for name, st := range map[string]core.Store{
		"the tables cannot be made":    shared{Store: memstore.New(), migrated: &migrated, err: errors.New("no grant")},
		"the store cannot be read":     brokenStore{Store: memstore.New(), load: errors.New("no grant")},
		"the instances cannot be read": lostAndMute{mute{memstore.New()}},
	} {
		code, stdout, stderr := run(t, st, "init")
		require.Equal(t, ExitFailed, code, name)
		require.Empty(t, stdout, name)
		require.Contains(t, stderr, "no grant", name)
	}
}

type lostAndMute struct{ mute }

func (lostAndMute) Load(context.Context, core.Mark) (core.State, error) {
	return core.State{}, core.ErrLost
}
