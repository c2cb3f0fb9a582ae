package storetest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/storetest"
)

// kvStore is a store on a key-value server: an example of how little a new store needs. The
// document is the value of one key, and each row that of another. All that the server must
// have is a compare-and-swap of one key, a read of several keys at one instant, and a clock.
type kvStore struct{ client kvClient }

const (
	documentKey = "/document"
	sinceKey    = "/since"
	rowPrefix   = "/row/"
)

func (s kvStore) Info() store.Info {
	return store.Info{Name: "kv:" + s.client.url, OwnClock: true, Durability: "nothing outlives the server"}
}

func (s kvStore) Get(ctx context.Context, have store.Token) (store.Blob, error) {
	answer, err := s.client.read(ctx, documentKey)
	if err != nil {
		return store.Blob{}, err
	}
	return blobOf(answer, have)
}

// blobOf computes the token from the bytes. The server's version is a counter, and no token.
func blobOf(answer kvAnswer, have store.Token) (store.Blob, error) {
	blob := store.Blob{Token: tokenOf(answer.Values[documentKey].Bytes), Now: answer.Now}
	switch blob.Token {
	case "":
		return blob, store.ErrLost
	case have:
		return blob, store.ErrUnchanged
	}
	blob.Bytes = answer.Values[documentKey].Bytes
	return blob, nil
}

func tokenOf(doc []byte) store.Token {
	if doc == nil {
		return ""
	}
	return store.TokenOf(doc)
}

func (s kvStore) Swap(ctx context.Context, old store.Token, next []byte) error {
	if err := store.CheckSize(next, store.MaxBytes); err != nil {
		return err
	}
	return s.update(ctx, documentKey, func(doc []byte, _ time.Time) ([]byte, error) {
		if token := tokenOf(doc); token != old && token != store.TokenOf(next) {
			return nil, store.ErrConflict
		}
		return next, nil
	})
}

// update replaces the value of a key by that of change, which gets the value and the time.
func (s kvStore) update(ctx context.Context, key string, change func(value []byte, now time.Time) ([]byte, error)) error {
	for {
		answer, err := s.client.read(ctx, key)
		if err != nil {
			return err
		}
		was := answer.Values[key]
		next, err := change(was.Bytes, answer.Now)
		if err != nil || bytes.Equal(next, was.Bytes) {
			return err
		}
		if done, err := s.client.compareAndSwap(ctx, key, was.Version, next); done || err != nil {
			return err
		}
	}
}

func (s kvStore) PutRow(ctx context.Context, key string, b []byte, lease time.Duration) (store.Token, time.Time, error) {
	if err := s.updateRow(ctx, key, b, func(row store.Row, now time.Time) (store.Row, error) {
		if row.Life == store.Deleted {
			return row, store.ErrRowDeleted
		}
		return store.Row{Bytes: b, Seen: now, Lease: now.Add(lease), Life: store.Live}, nil
	}); err != nil {
		return "", time.Time{}, err
	}
	blob, err := s.Get(ctx, "") // after the row is visible
	if errors.Is(err, store.ErrLost) {
		err = nil
	}
	return blob.Token, blob.Now, err
}

func (s kvStore) DeleteRow(ctx context.Context, key string, note []byte) error {
	return s.updateRow(ctx, key, note, func(row store.Row, now time.Time) (store.Row, error) {
		if row.Life == store.Deleted {
			return row, nil
		}
		return store.Row{Note: note, Seen: now, Lease: now, Life: store.Deleted}, nil
	})
}

// updateRow replaces the row of the key, if there is one, by that of change.
func (s kvStore) updateRow(ctx context.Context, key string, b []byte, change func(row store.Row, now time.Time) (store.Row, error)) error {
	if err := store.CheckRow(key, b); err != nil {
		return err
	}
	since := func(value []byte, now time.Time) ([]byte, error) {
		if value != nil {
			return value, nil
		}
		return now.MarshalText()
	}
	if err := s.update(ctx, sinceKey, since); err != nil {
		return err
	}
	return s.update(ctx, rowPrefix+key, func(value []byte, now time.Time) ([]byte, error) {
		row, err := change(rowOf(key, value, now), now)
		if err != nil {
			return nil, err
		}
		return json.Marshal(row)
	})
}

// rowOf reads a row. It is the zero Row if it was kept long enough.
func rowOf(key string, value []byte, now time.Time) store.Row {
	var row store.Row
	if err := json.Unmarshal(value, &row); err != nil {
		return store.Row{Key: key, Life: store.Expired, Err: err}
	}
	if now.Sub(row.Lease) > store.KeepRow { // the lease of a tombstone ended with the delete
		return store.Row{}
	}
	if row.Life == store.Live && !row.Lease.After(now) {
		row.Life = store.Expired
	}
	row.Key = key
	return row
}

func (s kvStore) ListRows(ctx context.Context, have store.Token) (store.Rowset, error) {
	answer, err := s.client.read(ctx, "/") // document and rows at one instant
	if err != nil {
		return store.Rowset{}, err
	}
	var set store.Rowset
	_ = set.Since.UnmarshalText(answer.Values[sinceKey].Bytes) // zero if there is no set
	for _, path := range slices.Sorted(maps.Keys(answer.Values)) {
		if key, ok := strings.CutPrefix(path, rowPrefix); ok {
			if row := rowOf(key, answer.Values[path].Bytes, answer.Now); row.Key != "" {
				set.Rows = append(set.Rows, row)
			}
		}
	}
	set.Blob, err = blobOf(answer, have)
	if errors.Is(err, store.ErrUnchanged) {
		err = nil
	}
	return set, err
}

// TestASixthStore runs the suite on it.
func TestASixthStore(t *testing.T) {
	t.Parallel()
	servers := map[store.Store]*kvServer{}
	change := func(st store.Store, f func(values map[string]kvValue)) {
		s := servers[st]
		s.mu.Lock()
		defer s.mu.Unlock()
		f(s.values)
	}
	storetest.Run(t, func(t *testing.T) store.Store {
		s := newKVServer(t)
		st := kvStore{kvClient{s.url}}
		servers[st] = s
		return st
	}, storetest.Options{
		Second: func(_ *testing.T, first store.Store) store.Store { return first },
		Lose: func(_ *testing.T, st store.Store) {
			change(st, func(values map[string]kvValue) { delete(values, documentKey) })
		},
		LoseRows: func(_ *testing.T, st store.Store) {
			change(st, func(values map[string]kvValue) {
				maps.DeleteFunc(values, func(key string, _ kvValue) bool { return key != documentKey })
			})
		},
		BreakRow: func(_ *testing.T, st store.Store, key string) {
			change(st, func(values map[string]kvValue) {
				values[rowPrefix+key] = kvValue{[]byte("not JSON"), values[rowPrefix+key].Version}
			})
		},
	})
}
