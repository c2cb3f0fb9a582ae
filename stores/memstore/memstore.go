// Package memstore keeps a document in the memory of one process: for tests, for
// examples, and for an application with one instance that forgets its downtime with a
// restart. Nothing outside of the process sees it, so that the downtime command cannot
// work on it.
package memstore

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/go-downtime/downtime/core"
)

// Store is a [core.Store], a [core.Subscriber] and a [core.Journal] in memory. It is safe for concurrent
// use, and holds no goroutine and nothing to close. The zero Store is not usable; see
// [New].
type Store struct {
	mu    sync.Mutex
	doc   *core.Document // never changed once it is here, so that readers may share it
	wakes map[*func()]func()
	rows  map[string]core.Instance // of instances, by id
	log   []core.Entry             // the oldest first
}

var (
	_ core.Store      = (*Store)(nil)
	_ core.Subscriber = (*Store)(nil)
	_ core.Journal    = (*Store)(nil)
)

// New returns an empty store.
func New() *Store {
	return &Store{wakes: map[*func()]func(){}, rows: map[string]core.Instance{}}
}

// String is "memory".
func (s *Store) String() string { return "memory" }

// Load returns the document; a State without one before the first Commit.
func (s *Store) Load(ctx context.Context, have core.Mark) (core.State, error) {
	if err := ctx.Err(); err != nil {
		return core.State{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	state := core.State{Document: s.doc, Mark: s.doc.Mark(), Time: time.Now()}
	if s.doc != nil && have == state.Mark {
		state.Document = nil
		return state, core.ErrUnchanged
	}
	return state, nil
}

// Commit takes a copy of next, in the form that any other store would give back: it goes
// through [core.Document.Encode], and what that refuses is refused here.
func (s *Store) Commit(ctx context.Context, base core.Mark, next *core.Document, entry core.Entry) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	text, err := next.Encode()
	if err != nil {
		return err
	}
	doc, err := core.DecodeDocument(text)
	if err != nil {
		return err
	}
	if doc.StoreID == "" || doc.Revision < 1 || doc.WriteID == "" {
		return errors.New("memory: the document has no store_id, revision or write_id; make it with the operator functions of core")
	}
	var kept []core.Entry
	if !entry.IsZero() {
		line, err := core.EncodeEntry(entry)
		if err != nil {
			return err
		}
		if entry, err = core.DecodeEntry(line); err != nil {
			return err
		}
		kept = []core.Entry{entry}
	}
	wakes, err := s.swap(base, doc, kept)
	for _, wake := range wakes {
		wake()
	}
	return err
}

func (s *Store) swap(base core.Mark, doc *core.Document, kept []core.Entry) (wakes []func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if base != s.doc.Mark() {
		return nil, core.ErrConflict
	}
	s.doc = doc
	s.log = append(s.log, kept...)
	s.log = s.log[max(0, len(s.log)-core.MaxEntries):]
	for _, wake := range s.wakes {
		wakes = append(wakes, wake)
	}
	return wakes, nil
}

// Entries returns the log, the newest first. The entries are shared by all callers, who do
// not change them.
func (s *Store) Entries(ctx context.Context, limit int) ([]core.Entry, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	n := min(len(s.log), core.LogLimit(limit))
	entries := append([]core.Entry{}, s.log[len(s.log)-n:]...)
	slices.Reverse(entries)
	return entries, nil
}

// Subscribe calls wake after each Commit that changed something, on the goroutine of the
// one who committed, until cancel is called. A call that is under way then may still come.
func (s *Store) Subscribe(wake func()) (cancel func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := &wake
	s.wakes[key] = wake
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.wakes, key)
	}
}
