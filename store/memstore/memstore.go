// Package memstore keeps the document and the rows in the memory of one process: for tests,
// for examples, and for an application with one instance that may forget its downtime at a
// restart. Another process cannot reach it, so the downtime command cannot work on it.
package memstore

import (
	"context"
	"sync"
	"time"

	"github.com/go-downtime/downtime/internal/wakes"
	"github.com/go-downtime/downtime/store"
)

// Store is a [store.Store], [store.Rows] and [store.Hinter] in memory. It is safe for
// concurrent use. It runs no goroutine, and there is nothing to close. The zero Store is
// empty and ready to use. A Store must not be copied.
type Store struct {
	wakes wakes.Set

	mu    sync.Mutex
	token store.Token
	bytes []byte               // never changed in place: readers share it
	rows  map[string]store.Row // by key, with tombstones
	since time.Time            // the first row
}

var (
	_ store.Rows   = (*Store)(nil)
	_ store.Hinter = (*Store)(nil)
)

// New returns an empty store.
func New() *Store { return &Store{} }

// Info describes the store.
func (s *Store) Info() store.Info {
	return store.Info{Name: "memory", Durability: "nothing outlives the process"}
}

// Get reads the document. Before the first Swap it returns [store.ErrNeverWritten].
func (s *Store) Get(ctx context.Context, have store.Token) (store.Blob, error) {
	if err := ctx.Err(); err != nil {
		return store.Blob{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	blob := store.Blob{Token: s.token, Now: time.Now()}
	switch {
	case s.bytes == nil:
		return blob, store.ErrNeverWritten
	case s.token == have:
		return blob, store.ErrUnchanged
	}
	blob.Bytes = s.bytes
	return blob, nil
}

// Swap replaces the document by a copy of next if its token is old.
func (s *Store) Swap(ctx context.Context, old store.Token, next []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := store.CheckSize(next, store.MaxBytes); err != nil {
		return err
	}
	changed, err := s.swap(old, next)
	if changed {
		s.wakes.Wake() // without the lock, because subscribers may use the store
	}
	return err
}

func (s *Store) swap(old store.Token, next []byte) (changed bool, err error) {
	token := store.TokenOf(next)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch s.token {
	case token:
		return false, nil
	case old:
	default:
		return false, store.ErrConflict
	}
	s.token, s.bytes = token, append([]byte{}, next...)
	return true, nil
}

// Subscribe calls wake after each change, on the goroutine that called Swap.
func (s *Store) Subscribe(wake func()) (cancel func()) { return s.wakes.Subscribe(wake) }

// Hints reports that hints arrive: Swap itself calls the subscribers.
func (s *Store) Hints() (ok bool, note string) { return true, "in this process" }
