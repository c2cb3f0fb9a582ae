package store

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/go-downtime/downtime/period"
)

const (
	// MaxKey is the largest length of a row's key, in bytes. A key consists of a-z and 0-9.
	MaxKey = 64
	// MaxRow is the largest row, in bytes.
	MaxRow = 64 << 10
	// KeepRow is how long a row is kept after its lease has ended, and a tombstone after
	// the row was deleted.
	KeepRow = 24 * time.Hour
)

// Rows is a [Store] that keeps a row for each instance, beside the document. Rows never
// change the document or its token.
//
// A lease is a stamp on a row and never its time to live. A row disappears only by
// DeleteRow, or [KeepRow] after its lease has ended. The store stamps rows and judges leases
// by its own clock.
type Rows interface {
	// PutRow writes the row of one instance and stamps it: seen now, live for the lease.
	// One process at a time writes a row.
	//
	// If there was no such row, or its lease had ended, PutRow returns the token of the
	// document, read after the row became visible to ListRows. This order is what makes a
	// barrier sound: an operator's write is either in the token that a new instance gets, or
	// the operator's list of rows after the write holds the new instance. In other cases
	// PutRow may return an empty token, which means that the document was not read. It is
	// also empty if there is no document. The time is the store's clock; zero if it was not read.
	//
	// A lease of zero or less is allowed: the row counts as one whose lease ended then.
	//
	// Errors: [ErrRowDeleted]; [ErrReadOnly] if this process cannot write rows; those of [CheckRow].
	PutRow(ctx context.Context, key string, b []byte, lease time.Duration) (Token, time.Time, error)
	// DeleteRow deletes the row and leaves a tombstone with the note for [KeepRow]. A later
	// PutRow of the key is refused. If there is no row, DeleteRow still leaves the tombstone,
	// because a PutRow may be running. If there is a tombstone, DeleteRow changes nothing. The
	// key and the size of the note are those of [CheckRow].
	DeleteRow(ctx context.Context, key string, note []byte) error
	// ListRows reads the document and all rows. The read is consistent: the document did
	// not change between the first and the last row that was read. If the document's token is have,
	// the Blob has no Bytes, and the error is nil. Rows that ended more than
	// [KeepRow] ago are not listed.
	//
	// If ListRows returns [ErrNeverWritten], [ErrLost] or [ErrTampered], the rows, the time and
	// Since are still valid.
	ListRows(ctx context.Context, have Token) (Rowset, error)
}

// Rowset is the result of [Rows.ListRows].
type Rowset struct {
	Blob Blob
	// Rows are all rows and tombstones, ordered by key. Empty means none.
	Rows []Row
	// Since is when this set of rows was created, by the store's clock. If the store lost its
	// rows, a new set begins, which does not hold all instances at first. Zero means that there
	// is no set: no row was ever written, or the set was lost.
	Since time.Time
	// Newest identifies the newest document that was ever written here, which the store noted apart
	// from the document. Zero means that the document in Blob continues it, or that the store keeps
	// no such note. It is not zero after an older copy was put back, for example.
	Newest period.Mark
}

// Row is one row, as the store keeps it.
type Row struct {
	Key string
	// Bytes is the row as the instance wrote it. Nil for a tombstone, and for a row that the
	// store cannot read.
	Bytes []byte
	// Note is the note of a tombstone, as DeleteRow got it.
	Note []byte
	// Seen is when the row was written, or deleted. Lease is when its lease ends. Both by
	// the store's clock. Zero if the store cannot read the row.
	Seen, Lease time.Time
	// Life is what the store knows about the instance.
	Life Life
	// Err says why the store cannot read the row. The other rows stay valid.
	Err error
}

// Life is what a store knows about the instance of a row.
type Life uint8

const (
	// Live means that the lease has not ended.
	Live Life = iota + 1
	// Expired means that the lease has ended, or that the row cannot be read. The instance
	// is dead or cut off; the store cannot tell which.
	Expired
	// Gone means that the process is known to be dead.
	Gone
	// Deleted means that the row was deleted. Its tombstone remains.
	Deleted
)

var lives = map[Life]string{Live: "live", Expired: "expired", Gone: "gone", Deleted: "deleted"}

// String is "live", "expired", "gone" or "deleted".
func (l Life) String() string { return cmp.Or(lives[l], "invalid") }

// CheckRow returns a [*FieldError] if key or b cannot be written as a row. It is for authors
// of stores.
func CheckRow(key string, b []byte) error {
	isForeign := func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') }
	switch {
	case key == "", len(key) > MaxKey, strings.ContainsFunc(key, isForeign):
		return &FieldError{Field: "key", Value: key, Problem: "want 1 to 64 characters of a-z and 0-9"}
	case len(b) > MaxRow:
		return &FieldError{Field: "row " + key, Value: len(b), Problem: "want at most 65536 bytes"}
	}
	return nil
}
