package memstore

import (
	"errors"
	"maps"
	"testing"
	"time"

	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/storetest"
)

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(*testing.T) store.Store { return New() }, storetest.Options{
		ProvesNeverWritten: true,
		Second:             func(_ *testing.T, first store.Store) store.Store { return first },
		LoseRows: func(_ *testing.T, st store.Store) {
			s := lock(st)
			defer s.mu.Unlock()
			s.rows, s.since = nil, time.Time{}
		},
		BreakRow: func(_ *testing.T, st store.Store, key string) {
			s := lock(st)
			defer s.mu.Unlock()
			row := s.rows[key]
			row.Bytes, row.Life, row.Err = nil, store.Expired, errors.New("broken by the test")
			s.rows[key] = row
		},
		Age: func(_ *testing.T, st store.Store, by time.Duration) {
			s := lock(st)
			defer s.mu.Unlock()
			for key, row := range maps.All(s.rows) {
				row.Seen, row.Lease = row.Seen.Add(-by), row.Lease.Add(-by)
				s.rows[key] = row
			}
		},
	})
}

func lock(st store.Store) *Store {
	s := st.(*Store)
	s.mu.Lock()
	return s
}
