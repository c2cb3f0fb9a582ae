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
		earliest := e.now(t, r, token)
		_, now, err := r.PutRow(e.ctx, "a", []byte("row"), lease)
		must(t, err == nil, "PutRow: %v", err)
		latest := e.now(t, r, token)
		set := e.list(t, r)
		got := find(t, set, "a")
		must(t, isBetween(set.Blob.Now, earliest, e.now(t, r, token)),
			"ListRows has the time %v, want the store's, at least %v", set.Blob.Now, earliest)
		must(t, now.IsZero() || isBetween(now, earliest, latest),
			"PutRow returned the time %v, want the store's, between %v and %v, or none", now, earliest, latest)
		must(t, isBetween(got.Seen, earliest, latest),
			"Seen is %v, want the store's time, between %v and %v", got.Seen, earliest, latest)
		lasts := got.Lease.Sub(got.Seen)
		must(t, (lasts-lease).Abs() <= imprecision, "Lease is %v after Seen, want %v", lasts, lease)
		must(t, got.Life == store.Live, "a new row is %v, want live", got.Life)
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
			must(t, !row.Lease.After(set.Blob.Now),
				"at %v a row with a lease until %v is expired", set.Blob.Now, row.Lease)
			break
		}
		must(t, !set.Blob.Now.After(row.Lease.Add(imprecision)),
			"at %v a row with a lease until %v is %v, want expired", set.Blob.Now, row.Lease, row.Life)
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
		token := e.put(t, r, key, "again")
		must(t, token != "", "PutRow of the new row %s returned no token, want the document's", key)
		e.requireRow(t, r, key, "again", store.Live)
	}
}
