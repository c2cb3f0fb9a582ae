package storetest

import (
	"time"

	"github.com/go-downtime/downtime/store"
)

// leaseChecks are about the stamps of rows, and how long rows are kept.
var leaseChecks = []check{
	{"stamps rows by its own clock", rowStamps},
	{"keeps rows whose lease has ended", rowExpired},
	{"prunes rows", rowPruned},
	{"prunes rows and tombstones as time passes", pruned},
}

func rowStamps(t reporter, e *env) {
	r, token := e.withRows(t)
	for _, lease := range []time.Duration{time.Minute, time.Hour, 1500 * time.Millisecond} {
		earliest := e.now(t, r, token).Add(-imprecision)
		_, now, err := r.PutRow(e.ctx, "a", []byte("row"), lease)
		if err != nil {
			t.Fatalf("PutRow: %v", err)
		}
		latest := e.now(t, r, token).Add(imprecision)
		set := e.list(t, r)
		got := find(t, set, "a")
		switch {
		case set.Blob.Now.Before(earliest) || set.Blob.Now.After(e.now(t, r, token).Add(imprecision)):
			t.Fatalf("ListRows has the time %v, want the store's, at least %v", set.Blob.Now, earliest)
		case !now.IsZero() && (now.Before(earliest) || now.After(latest)):
			t.Fatalf("PutRow returned the time %v, want the store's, between %v and %v, or none", now, earliest, latest)
		case got.Seen.Before(earliest) || got.Seen.After(latest):
			t.Fatalf("Seen is %v, want the store's time, between %v and %v", got.Seen, earliest, latest)
		case (got.Lease.Sub(got.Seen) - lease).Abs() > imprecision:
			t.Fatalf("Lease is %v after Seen, want %v", got.Lease.Sub(got.Seen), lease)
		case got.Life != store.Live:
			t.Fatalf("a new row is %v, want live", got.Life)
		}
	}
}

// rowExpired writes leases that have ended already, which is a row of long ago.
func rowExpired(t reporter, e *env) {
	r, _ := e.withRows(t)
	life := map[string]store.Life{"a": store.Live, "b": store.Expired, "c": store.Expired, "d": store.Expired}
	for key, lease := range map[string]time.Duration{"a": time.Hour, "b": 0, "c": -time.Second, "d": time.Hour - store.KeepRow} {
		e.putFor(t, r, key, "row "+key, lease)
	}
	for range 2 { // a listing changes nothing
		e.requireKeys(t, r, "a", "b", "c", "d")
		for key, want := range life {
			e.requireRow(t, r, key, "row "+key, want)
		}
	}
	// A lease that ends in time makes no difference.
	e.putFor(t, r, "a", "row a", 100*time.Millisecond)
	for {
		set := e.list(t, r)
		row := find(t, set, "a")
		if row.Life == store.Expired {
			if row.Lease.After(set.Blob.Now) {
				t.Fatalf("at %v a row with a lease until %v is expired", set.Blob.Now, row.Lease)
			}
			break
		}
		if set.Blob.Now.After(row.Lease.Add(imprecision)) {
			t.Fatalf("at %v a row with a lease until %v is %v, want expired", set.Blob.Now, row.Lease, row.Life)
		}
		e.wait(t, 5*time.Millisecond)
	}
	e.put(t, r, "b", "back") // an instance that was cut off
	e.requireRow(t, r, "b", "back", store.Live)
}

func rowPruned(t reporter, e *env) {
	r, _ := e.withRows(t)
	e.put(t, r, "a", "row a")
	e.putFor(t, r, "b", "row b", -store.KeepRow-time.Hour)
	e.requireKeys(t, r, "a")
	e.put(t, r, "b", "again")
	e.requireRow(t, r, "b", "again", store.Live)
}

func pruned(t reporter, e *env) {
	r, _ := e.withRows(t)
	need(t, e.o.Age != nil, "Options.Age is nil: the time of rows cannot pass")
	e.putFor(t, r, "a", "row", 2*time.Minute)
	e.put(t, r, "b", "row")
	e.remove(t, r, "b", "left")
	e.remove(t, r, "c", "never there")
	e.o.Age(e.t, r, store.KeepRow-time.Minute)
	e.requireKeys(t, r, "a", "b", "c")
	e.requireRow(t, r, "a", "row", store.Expired)
	e.requireRefused(t, r, "b")
	e.requireRefused(t, r, "c")
	e.o.Age(e.t, r, 2*time.Minute)
	e.requireKeys(t, r, "a") // its lease ended less than KeepRow ago
	e.o.Age(e.t, r, 2*time.Minute)
	e.requireKeys(t, r)
	for _, key := range []string{"a", "b"} {
		if token := e.put(t, r, key, "again"); token == "" {
			t.Fatalf("PutRow of the new row %s returned no token, want the document's", key)
		}
		e.requireRow(t, r, key, "again", store.Live)
	}
}
