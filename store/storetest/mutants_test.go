package storetest

import (
	"context"
	"fmt"
	"runtime"
	"runtime/pprof"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/store"
)

// mutants are the faults that each check must find, and the text of its failure. The store that
// has them is in mutantstore_test.go and mutantrows_test.go.
var mutants = map[string]map[string]string{
	"a new store has no document": {
		"begins with a document":       "got error <nil>",
		"claims that nothing was lost": "document is lost",
		"begins without a time":        "time is zero",
		"begins with a token":          "want neither",
		"is unchanged while empty":     "document is unchanged",
	},
	"says that a deleted document is lost": {
		"forgets that it was written":        "no document was ever written",
		"keeps the token of a lost document": "want neither",
		"is unchanged after a loss":          "document is unchanged",
		"writes over a lost document":        "got error <nil>",
		"cannot begin anew":                  "another write",
	},
	"finds a document that does not match its token": {
		"believes the token":                  "got error <nil>",
		"gives bytes that were changed":       "want none",
		"writes over bytes it cannot trust":   "got error <nil>",
		"believes the token that it has read": "want none",
	},
	"gives back every byte": {
		"strips NUL":                 "Get: got",
		"trims blanks":               "document is unchanged",
		"repairs UTF-8":              "got",
		"converts line ends":         "got",
		"keeps JSON in a short form": "document is unchanged",
	},
	"gives back the largest document": {
		"keeps 65,535 bytes":           "got 65535 bytes",
		"refuses the largest document": "Swap of",
		"has no limit":                 "document is too large",
		"does not name the limit":      "want a TooLargeError",
		"cuts what is too large":       "got",
		"keeps an empty document":      "no error",
	},
	"has the digest of the bytes as token": {
		"counts writes as token":  "TokenOf",
		"salts its tokens":        "TokenOf",
		"has a token of the size": "TokenOf",
	},
	"tells the unchanged from the changed": {
		"is never unchanged":                "want \"document is unchanged\"",
		"gives bytes beside unchanged":      "want the same token, no bytes and a time",
		"has no token beside unchanged":     "want the same token",
		"has no time beside unchanged":      "want the same token, no bytes and a time",
		"is unchanged without a token":      "document is unchanged",
		"compares the beginning of a token": "document is unchanged",
		"compares tokens without case":      "document is unchanged",
	},
	"tells its time": {
		"has a clock that stands still": "stands still",
		"has a clock that runs back":    "went back",
		"has a clock in the year 1":     "want the store's clock",
		"has another machine's clock":   "no clock of its own",
		"has a clock in each handle":    "the time went",
	},
	"describes itself without secrets": {
		"has no name":                  "want a name",
		"prints its password":          "secret",
		"says its password elsewhere":  "secret",
		"colors its name":              "control characters",
		"has a limit below zero":       "MaxBytes is -1",
		"has a limit above the seam's": "want 0 to",
		"polls back in time":           "Poll is",
	},
	"describes itself while no data can be reached": {
		"asks its data for its name":     "blocks",
		"asks its data whether it hints": "blocks",
		"calls what it cannot read lost": "want another one",
		"does not end with the context":  "does not end",
	},
	"refuses a stale token": {
		"takes any token":                        "got error <nil>",
		"names a conflict otherwise":             "want \"document was changed by another write\"",
		"writes beside a conflict":               "got",
		"compares the beginning of an old token": "got error <nil>",
		"compares old tokens without case":       "got error <nil>",
	},
	"takes an empty token only where there is no document": {
		"takes an empty token for any": "got error <nil>",
	},
	"refuses a token where there is no document": {
		"creates over any token":      "got error <nil>",
		"creates beside the conflict": "wrote",
	},
	"repeats a Swap": {
		"refuses the same bytes":            "another write",
		"refuses a repeated first write":    "another write",
		"conflicts with the same Swap":      "several at once",
		"repeats the write before the last": "got error <nil>",
	},
	"keeps no reference to documents": {
		"keeps the caller's slice": "TokenOf",
		"changes what was read":    "an earlier result",
	},
	"obeys an ended context": {
		"ignores the context of Get":       "Get under",
		"ignores the context of Swap":      "Swap under",
		"writes under an ended context":    "got",
		"names an ended context otherwise": "context canceled",
	},
	"shows one handle's writes to the other": {
		"caches in the second handle": "document is unchanged",
	},
	"lets one of several first writes win": {
		"lets two first writes win": "two first writes",
		"refuses all first writes":  "no first write",
	},
	"loses no update of concurrent writers": {
		"checks first, writes later":        "",
		"shows an older document":           "as something new",
		"shows half of a write":             "",
		"shows new bytes with an old token": "with other bytes",
	},
	"does not write where it is read-only": {
		"writes where it is read-only":       "got error <nil>",
		"names read-only otherwise":          "store is read-only",
		"cannot read where it is read-only":  "Get",
		"names read-only otherwise for rows": "want none or ErrReadOnly",
	},
	"reports a write that is not confirmed": {
		"confirms what is not durable":     "got error <nil>",
		"confirms at the second attempt":   "got error <nil>",
		"undoes what it cannot confirm":    "Get",
		"calls the unconfirmed a conflict": "write is not confirmed",
	},
	"wakes its subscribers": {
		"never wakes":                          "no wake",
		"wakes after cancel":                   "after cancel",
		"cancels another's by a second cancel": "no wake",
		"wakes for its own handle only":        "no wake",
		"wakes one subscriber only":            "no wake",
	},
	"cancels in a wake": {
		"waits for a wake in cancel": "cancel waits",
	},
	"says whether hints arrive": {
		"never says that hints arrive":   "want that they arrive",
		"prints its password with hints": "secret",
	},
	"prepares what is prepared already": {
		"prepares once":           "several at once",
		"empties by preparing":    "Get",
		"loses rows by preparing": "ListRows has the rows",
	},
	"puts a document aside": {
		"puts nothing aside":             "want a place",
		"puts a replaced document aside": "got error <nil>",
		"has one place":                  "what Keep put aside",
		"moves what it puts aside":       "Get",
		"puts another document aside":    "what Keep put aside",
	},
	"begins without rows": {
		"begins with a row": "want none",
		"lists no document": "no bytes",
		"lists no time":     "no time",
	},
	"gives back a row": {
		"strips NUL from rows":         "the row a",
		"trims rows":                   "the row a",
		"keeps 65,535 bytes of a row":  "got 65535 bytes",
		"cannot keep an empty row":     "PutRow of a",
		"keeps 32 characters of a key": "want also",
		"lists a note with a row":      "without a note",
	},
	"replaces a row": {
		"keeps the first row":   "the row a",
		"appends to a row":      "the row a",
		"keeps the first lease": "the lease ends",
		"replaces all rows":     "want",
	},
	"orders rows by key": {
		"orders rows by time":          "ordered by key",
		"orders keys as numbers":       "ordered by key",
		"orders letters before digits": "ordered by key",
		"lists a row twice":            "each row once",
	},
	"refuses what cannot be a row": {
		"takes any key":           "want the FieldError",
		"folds the case of a key": "a key in capitals",
		"takes any row":           "a row that is too large",
		"cuts long keys":          "a key that is too long",
		"deletes any key":         "DeleteRow with",
		"names no field":          "want the FieldError",
	},
	"stamps rows by its own clock": {
		"returns another clock's time": "returned the time",
		"stamps by another clock":      "Seen is",
		"has leases of a minute":       "after Seen",
		"rounds leases to seconds":     "after Seen",
		"begins expired":               "want live",
		"lists another clock's time":   "ListRows has the time",
	},
	"keeps rows whose lease has ended": {
		"has leases that delete rows":    "ListRows has the rows",
		"renews leases by listing":       "is live",
		"never expires a row":            "is live",
		"expires rows early":             "is expired",
		"never renews an expired row":    "the row b is expired",
		"prunes after an hour":           "ListRows has the rows",
		"judges leases by another clock": "want expired",
	},
	"prunes rows": {
		"never prunes a row":             "ListRows has the rows",
		"prunes after two days":          "ListRows has the rows",
		"never takes a pruned key again": "PutRow of b",
	},
	"prunes rows and tombstones as time passes": {
		"prunes at the end of a lease":      "ListRows has the rows",
		"never prunes a tombstone":          "ListRows has the rows",
		"prunes a tombstone after an hour":  "ListRows has the rows",
		"refuses a row without a tombstone": "PutRow of b",
		"keeps a tombstone for two days":    "ListRows has the rows",
		"tells no token after a tombstone":  "PutRow of the new row",
	},
	"keeps rows apart from the document": {
		"counts a row as a write":    "got error <nil>",
		"counts a delete as a write": "got error <nil>",
		"forgets rows with a write":  "ListRows has the rows",
		"lists an older document":    "ListRows after a write",
	},
	"has rows without a document": {
		"needs a document for a row":       "PutRow of a",
		"tells the token of nothing":       "want none",
		"lists no rows without a document": "has the rows",
		"has no error beside rows":         "got error <nil>",
		"lists no time without a document": "time is zero",
		"is not there without a document":  "Since is zero",
		"lists the never written":          "document is lost",
	},
	"has rows beside a deleted document": {
		"lists no rows of a deleted document":    "has the rows",
		"lists a lost document as never written": "document is lost",
		"tells the token of the deleted":         "want none",
	},
	"has rows beside a document that does not match its token": {
		"lists no rows of a tampered document": "want also",
		"lists bytes that were changed":        "want no bytes",
		"lists a tampered document":            "got error <nil>",
		"lists no time beside ErrTampered":     "both times",
	},
	"tells a new instance the document's token": {
		"tells no token to a new row":          "PutRow of a new row",
		"tells the token before":               "want the document's",
		"tells no token to a row that is back": "lease had ended",
		"tells an old token to a live row":     "PutRow of a live row",
	},
	"lists rows without a document that the caller has": {
		"always lists the document":      "no bytes",
		"fails to list the unchanged":    "want no error",
		"lists no rows of the unchanged": "want also",
		"lists no time of the unchanged": "and a time",
		"never lists the document again": "ListRows after a write",
	},
	"keeps no reference to rows": {
		"keeps the caller's row":  "after the caller changed",
		"keeps the caller's note": "a note after",
		"changes what was listed": "an earlier result",
	},
	"says since when it has rows": {
		"has no Since":                  "Since is 0001",
		"is as young as its last row":   "as before",
		"is as young as the last write": "as before",
		"begins anew with a delete":     "as before",
		"was created in the future":     "before the first row",
		"keeps Since in the handle":     "as before",
		"is older than its first row":   "the time of that row",
		"moves Since to the first row":  "moved Since",
	},
	"is young again after it lost its rows": {
		"stays old after a loss":    "after the loss of all rows: rows",
		"is not young again":        "and a new one",
		"finds its rows in a cache": "after the loss of all rows: rows",
	},
	"shows a row that it cannot read": {
		"fails for a broken row":          "ListRows",
		"hides a broken row":              "ListRows has the rows",
		"hides rows after a broken one":   "ListRows has the rows",
		"calls a broken row live":         "want expired",
		"says nothing of a broken row":    "want expired and an error",
		"gives the bytes of a broken row": "without an error",
	},
	"keeps 1,000 rows": {
		"keeps 100 rows": "ListRows has the rows",
	},
	"obeys an ended context of rows": {
		"ignores the context of PutRow":     "PutRow under",
		"ignores the context of DeleteRow":  "DeleteRow under",
		"ignores the context of ListRows":   "ListRows under",
		"puts a row under an ended context": "ListRows has the rows",
		"deletes under an ended context":    "ListRows has the rows",
	},
	"leaves a tombstone with the note": {
		"deletes without a tombstone":       "want also",
		"deletes nothing":                   "want deleted",
		"loses the note":                    "the note of",
		"keeps 255 bytes of a note":         "the note of",
		"strips NUL from notes":             "the note of",
		"stamps a tombstone as the row was": "want when the row was deleted",
		"lists the row with its tombstone":  "without bytes",
		"deletes all rows":                  "ListRows has the rows",
	},
	"leaves a tombstone where there was no row": {
		"deletes only what is there":      "want also",
		"cannot delete what is not there": "DeleteRow of a",
	},
	"keeps the first tombstone": {
		"replaces a tombstone":  "the note of a",
		"renews a tombstone":    "moved the time",
		"cannot delete twice":   "DeleteRow of a",
		"deletes the tombstone": "want also",
	},
	"refuses a row that was deleted": {
		"accepts a row after its delete":      "got error <nil>",
		"refuses a row without a word":        "got error <nil>",
		"names a refused row otherwise":       "row of this instance was deleted",
		"writes a row that it refuses":        "after a refused PutRow",
		"accepts a row at the second attempt": "got error <nil>",
		"knows tombstones by handle":          "got error <nil>",
		"refuses all rows after a delete":     "PutRow of c",
	},
	"keeps a tombstone from the delete on": {
		"prunes a tombstone with its row":  "want also",
		"keeps no tombstone of an old row": "want also",
	},
	"refuses a row that is deleted meanwhile": {
		"looks for a tombstone first": "is live",
	},
	"shows one handle's rows to the other": {
		"keeps rows in the handle": "ListRows has the rows",
	},
	"loses no row of concurrent writers": {
		"loses a row of a concurrent write": "ListRows has the rows",
		"fails beside another PutRow":       "PutRow of",
	},
	"reads the token after the row is visible": {
		"reads the token before the row is visible": "ListRows after the write does not have the row",
		"reads the token before the row is back":    "ListRows after the write does not have the row",
	},
	"reads document and rows consistently": {
		"reads the document before rows": "the document changed",
		"reads rows before the document": "the document changed",
		"lists older rows":               "the document changed",
	},
}

// TestEachFaultIsCaught proves that each check can fail.
func TestEachFaultIsCaught(t *testing.T) {
	t.Parallel()
	for check, faults := range mutants {
		for fault, says := range faults {
			t.Run(fault, func(t *testing.T) {
				t.Parallel()
				got := failure(t, check, mutantEnv(t, fault))
				require.NotEmpty(t, got, "%q passes %q", fault, check)
				require.Contains(t, got, says)
				require.NotContains(t, got, "skipped")
			})
		}
	}
}

func TestEachCheckHasAMutant(t *testing.T) {
	t.Parallel()
	names, faults := map[string]bool{}, map[string]bool{}
	for _, c := range checks {
		require.NotEmpty(t, mutants[c.name], "no mutant for %q", c.name)
		require.False(t, names[c.name], "two checks are called %q", c.name)
		names[c.name] = true
	}
	for check, of := range mutants {
		require.True(t, names[check], "no check is called %q", check)
		for fault := range of {
			require.False(t, faults[fault], "two faults are called %q", fault)
			faults[fault] = true
		}
	}
}

// TestTheOriginalPasses: a store without a fault passes every check, and skips none.
func TestTheOriginalPasses(t *testing.T) {
	t.Parallel()
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			require.Empty(t, failure(t, c.name, mutantEnv(t, "")))
		})
	}
	t.Run("Run", func(t *testing.T) {
		t.Parallel()
		Run(t, func(*testing.T) store.Store { return &mutant{data: &data{}} }, mutantOptions)
	})
}

func TestAStoreThatProvesThatItWasNeverWrittenMustSaySo(t *testing.T) {
	t.Parallel()
	for name, check := range map[string]string{"Get": "a new store has no document", "ListRows": "has rows without a document"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := mutantEnv(t, "claims that nothing was lost")
			e.o.ProvesNeverWritten, e.o.Lose = true, nil
			require.Empty(t, failure(t, check, e))
			e = mutantEnv(t, "")
			e.o.ProvesNeverWritten = true
			require.Contains(t, failure(t, check, e), "no document was ever written")
		})
	}
}

// TestAbsentCapabilitiesAreSkipped: a skip says what is missing.
func TestAbsentCapabilitiesAreSkipped(t *testing.T) {
	t.Parallel()
	skipped := map[string]string{}
	for _, c := range checks {
		e := newEnv(t, func(*testing.T) store.Store {
			return struct{ store.Store }{&mutant{data: &data{}}}
		}, Options{})
		if got := failure(t, c.name, e); got != "" {
			skipped[c.name] = got
		}
	}
	for _, c := range slices.Concat(rowChecks, leaseChecks, tombstoneChecks, rowsetChecks, rowConcurrencyChecks) {
		if c.name != "shows a row that it cannot read" {
			require.Equal(t, "skipped: the store is no store.Rows", skipped[c.name], c.name)
		}
		delete(skipped, c.name)
	}
	require.Equal(t, map[string]string{
		"wakes its subscribers":                          "skipped: the store is no store.Hinter",
		"cancels in a wake":                              "skipped: the store is no store.Hinter",
		"says whether hints arrive":                      "skipped: the store is no store.Hinter",
		"prepares what is prepared already":              "skipped: the store is no store.Preparer",
		"puts a document aside":                          "skipped: the store is no store.Keeper",
		"shows one handle's writes to the other":         "skipped: Options.Second is nil: there is no second handle",
		"says that a deleted document is lost":           "skipped: Options.Lose is nil: the document cannot be lost",
		"finds a document that does not match its token": "skipped: Options.Tamper is nil: the token is computed from the bytes",
		"describes itself while no data can be reached":  "skipped: Options.Freeze is nil: the data can always be reached",
		"does not write where it is read-only":           "skipped: Options.ReadOnly is nil: every handle may write",
		"reports a write that is not confirmed":          "skipped: Options.Unconfirmed is nil: every write is confirmed or fails",
	}, skipped)
}

func TestGoroutinesThatOutliveTheirTestAreFound(t *testing.T) {
	t.Parallel()
	end := make(chan struct{})
	pprof.Do(t.Context(), pprof.Labels("storetest", "this-test"), func(context.Context) {
		go func() { <-end }()
	})
	require.Contains(t, goroutines("this-test", 0), "mutants_test.go")
	close(end)
	require.Empty(t, goroutines("this-test", 10*time.Second))
}

// recorder notes a failure where a testing.T has one.
type recorder struct{ failure string }

func (r *recorder) Helper() {}

func (r *recorder) Fatalf(format string, args ...any) {
	if r.failure == "" { // the first counts, not that of a deferred check
		r.failure = fmt.Sprintf(format, args...)
	}
	runtime.Goexit()
}

func (r *recorder) Skip(args ...any) { r.Fatalf("skipped: %s", fmt.Sprint(args...)) }

// failure runs one check and returns the text of its failure; "" if it passes.
func failure(t *testing.T, name string, e *env) string {
	t.Helper()
	i := slices.IndexFunc(checks, func(c check) bool { return c.name == name })
	require.GreaterOrEqual(t, i, 0, name)
	r := &recorder{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		checks[i].run(r, e)
	}()
	<-done
	return r.failure
}
