package filestore

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/storetest"
)

func TestStore(t *testing.T) {
	t.Parallel()
	options := conformance
	options.ProvesNeverWritten = true
	storetest.Run(t, func(t *testing.T) store.Store {
		t.Helper()
		return newFile(t)
	}, options)
}

func TestStoreWithMustExist(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) store.Store {
		t.Helper()
		return newFile(t, MustExist())
	}, conformance)
}

var conformance = storetest.Options{
	Second: func(t *testing.T, first store.Store) store.Store {
		t.Helper()
		return again(t, first.(*Store))
	},
	ReadOnly: func(t *testing.T, first store.Store) store.Store {
		t.Helper()
		link := filepath.Join(t.TempDir(), "link.json")
		require.NoError(t, os.Symlink(first.(*Store).path, link))
		st, err := New(link)
		require.NoError(t, err)
		return st
	},
	Unconfirmed: func(t *testing.T) store.Store {
		t.Helper()
		st := newFile(t)
		failAt(st, "sync-directory", errors.New("refused by the test"))
		return st
	},
	Lose: func(t *testing.T, st store.Store) {
		t.Helper()
		require.NoError(t, os.Remove(st.(*Store).path))
	},
	LoseRows: func(t *testing.T, st store.Store) {
		t.Helper()
		require.NoError(t, os.RemoveAll(st.(*Store).path+".instances"))
	},
	BreakRow: func(t *testing.T, st store.Store, key string) {
		t.Helper()
		require.NoError(t, os.WriteFile(filepath.Join(st.(*Store).path+".instances", key+".json"), []byte("{"), 0o600))
	},
	Age: func(t *testing.T, st store.Store, by time.Duration) {
		t.Helper()
		s := st.(*Store)
		dir, err := s.openRows()
		require.NoError(t, err)
		defer func() { require.NoError(t, dir.Close()) }()
		for _, name := range names(t, s.path+".instances") {
			r, err := readRecord(dir, name)
			if filepath.Ext(name) != ".json" && filepath.Ext(name) != ".gone" || errors.Is(err, fs.ErrNotExist) {
				continue
			}
			require.NoError(t, err)
			r.Seen = r.Seen.Add(-by)
			if !r.Lease.IsZero() {
				r.Lease = r.Lease.Add(-by)
			}
			require.NoError(t, s.writeRecord(dir, name, r))
		}
	},
	Kept: func(t *testing.T, _ store.Store, place string) []byte {
		t.Helper()
		b, err := os.ReadFile(place)
		require.NoError(t, err)
		return b
	},
}
