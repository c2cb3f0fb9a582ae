package operator

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

var noonUTC = time.Date(2026, 3, 8, 12, 0, 0, 0, time.UTC)

// trialStore keeps a document in memory. A test sets its failures. It keeps no rows.
type trialStore struct {
	mu    sync.Mutex
	text  []byte // nil means that there is no document
	now   time.Time
	gone  error // what Get returns if there is no document; nil means ErrNeverWritten
	gets  int
	swaps int
	limit int // see store.Info.MaxBytes

	conflicts int                            // number of calls of Swap that conflict with another write
	get       func(n int) ([]byte, error)    // called by each Get with its number, from 1; nil and nil mean the real document
	swap      func() (write bool, err error) // called by each Swap
	afterSwap func(s *trialStore)
}

// storeAt returns a store that has a document with these periods, or no document if there are no
// periods.
func storeAt(now time.Time, periods ...period.Period) *trialStore {
	s := &trialStore{now: now}
	if periods != nil {
		d := &period.Document{Format: period.Format, StoreID: "s", Revision: 7, CloseRev: 5, Periods: slices.Clone(periods)}
		d.Seal()
		s.put(d)
	}
	return s
}

func (s *trialStore) Info() store.Info { return store.Info{Name: "trial", MaxBytes: s.limit} }

func (s *trialStore) Get(ctx context.Context, _ store.Token) (store.Blob, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gets++
	if err := ctx.Err(); err != nil {
		return store.Blob{}, err
	}
	if s.get != nil {
		if text, err := s.get(s.gets); text != nil || err != nil {
			return store.Blob{Token: store.TokenOf(text), Bytes: text, Now: s.now}, err
		}
	}
	return s.blob()
}

func (s *trialStore) blob() (store.Blob, error) {
	if s.text == nil {
		return store.Blob{Now: s.now}, cmp.Or(s.gone, store.ErrNeverWritten)
	}
	return store.Blob{Token: store.TokenOf(s.text), Bytes: s.text, Now: s.now}, nil
}

func (s *trialStore) Swap(_ context.Context, old store.Token, next []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.swaps++
	if s.conflicts > 0 {
		s.conflicts--
		s.change(func(*period.Document) {})
	}
	if token, _ := s.blob(); token.Token != old {
		return store.ErrConflict
	}
	write, err := true, error(nil)
	if s.swap != nil {
		write, err = s.swap()
	}
	if write {
		s.text = next
	}
	if s.afterSwap != nil {
		s.afterSwap(s)
	}
	return err
}

// put replaces the document.
func (s *trialStore) put(d *period.Document) {
	text, err := d.Encode()
	if err != nil {
		panic(err)
	}
	s.text = text
}

// change makes a write of another operator. It keeps the log.
func (s *trialStore) change(do func(d *period.Document)) {
	d := &period.Document{Format: period.Format, StoreID: "s"}
	if s.text != nil {
		var err error
		if d, err = period.Decode(s.text); err != nil {
			panic(err)
		}
	}
	d.Revision++
	do(d)
	d.Seal()
	s.put(d)
}

// doc returns the document that the store holds.
func (s *trialStore) doc(t testing.TB) *period.Document {
	t.Helper()
	d, err := period.Decode(s.text)
	require.NoError(t, err)
	return d
}

// log returns the entries of the document, the oldest first.
func (s *trialStore) log(t testing.TB) []period.Entry {
	t.Helper()
	entries, err := s.doc(t).Log.Entries()
	require.NoError(t, err)
	for i, j := 0, len(entries)-1; i < j; i, j = i+1, j-1 {
		entries[i], entries[j] = entries[j], entries[i]
	}
	return entries
}

// trialFleet is a trialStore that keeps rows.
type trialFleet struct {
	*trialStore
	rows []store.Row
	list error // what ListRows returns instead of rows
}

func (f *trialFleet) ListRows(ctx context.Context, _ store.Token) (store.Rowset, error) {
	if f.list != nil {
		return store.Rowset{}, f.list
	}
	blob, err := f.Get(ctx, "")
	return store.Rowset{Blob: blob, Rows: f.rows, Since: f.now.Add(-time.Hour)}, err
}

func (f *trialFleet) PutRow(context.Context, string, []byte, time.Duration) (store.Token, time.Time, error) {
	return "", f.now, nil
}

func (f *trialFleet) DeleteRow(context.Context, string, []byte) error { return nil }

// trialKeeper is a trialStore that puts documents aside.
type trialKeeper struct {
	*trialStore
	kept [][]byte
	keep func() error // called by each Keep
}

func (k *trialKeeper) Keep(_ context.Context, t store.Token) (string, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if t != store.TokenOf(k.text) {
		return "", store.ErrConflict
	}
	if k.keep != nil {
		if err := k.keep(); err != nil {
			return "", err
		}
	}
	k.kept = append(k.kept, k.text)
	return "trial.bad", nil
}

// aRow returns the live row of an instance that implements the same members as this version.
func aRow(t testing.TB, key string, change func(r *period.Row)) store.Row {
	t.Helper()
	r := period.Row{ID: key, Host: "web", PID: 1, Version: "v1.2.3", Reads: period.Reads(), State: period.Closed, StoreID: "s", Revision: 7, WriteID: "w"}
	if change != nil {
		change(&r)
	}
	b, err := r.Encode()
	require.NoError(t, err)
	return store.Row{Key: key, Bytes: b, Seen: noonUTC.Add(-time.Second), Lease: noonUTC.Add(time.Minute), Life: store.Live}
}

func on(st store.Store) Operator { return Operator{Store: st} }

func by(st store.Store, actor string) Operator { return Operator{Store: st, Actor: actor} }

func aDeployment(id, holder string) period.Period {
	return period.Period{ID: id, Kind: period.Deployment, Start: noonUTC.Add(-time.Hour), Enabled: true, Holder: holder, Version: 1}
}

func aWindow(id string, start, end time.Time) period.Period {
	return period.Period{ID: id, Kind: period.Window, Start: start, End: end, Enabled: true, Version: 1}
}

func idsOf(ps []period.Period) []string {
	out := []string{}
	for _, p := range ps {
		out = append(out, p.ID)
	}
	return out
}
