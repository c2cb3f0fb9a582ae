// Package store is the interface between downtime and the place that holds its state.
//
// A store keeps one document for an application, as bytes, and a row of bytes for each instance
// that reports itself. It does not interpret the bytes: package period defines their content. The
// stores of this project are in the packages below this one. Package storetest is the conformance
// suite; run it on a store of your own.
//
// The required interface is [Store]. A store can implement [Rows], [Hinter], [Preparer], [Keeper]
// and io.Closer as well. A caller finds these capabilities by type assertion. A decorator of your
// own would hide them; [Wrap] keeps them all.
package store

import (
	"context"
	"time"

	"github.com/go-downtime/downtime/period"
)

// MaxBytes is the largest document that a store keeps: 1 MiB.
const MaxBytes = period.MaxDocument

// FieldError is one fault of one option of a store. See [period.FieldError].
type FieldError = period.FieldError

// Blob is the result of one read of the document.
type Blob struct {
	// Token identifies the bytes. "" means that there is no document.
	Token Token
	// Bytes is the document. Nil beside an error. The caller must not change it: a store
	// may give the same slice to several readers.
	Bytes []byte
	// Now is the store's clock at the read, see [Info.OwnClock]. It is also valid beside
	// [ErrUnchanged], [ErrNeverWritten] and [ErrLost]. Zero means that the clock was not read.
	Now time.Time
}

// Store keeps one document as bytes. Implementations are safe for concurrent use by
// goroutines and by processes.
type Store interface {
	// Get reads the document. If its token is have, Get returns a Blob without Bytes and
	// [ErrUnchanged]. An empty have is never unchanged. Otherwise Blob.Token is [TokenOf] of
	// Blob.Bytes.
	//
	// Errors: [ErrNeverWritten] if the store can prove that there never was a document;
	// [ErrLost] if there is none and the store cannot prove that; [ErrTampered], but a Get
	// with the stored token may also return ErrUnchanged. After any other error nothing is known
	// about the document.
	Get(ctx context.Context, have Token) (Blob, error)
	// Swap is a compare-and-swap: it replaces the document by next if its token is old. An empty
	// old means that there is no document: it was never written, or it is lost. The write is
	// atomic. Its durability is that of Info. Swap keeps no reference to next.
	//
	// Swap is idempotent: it succeeds if the document already consists of the bytes of next.
	// If such a repeated Swap still cannot confirm the write, it returns ErrUnconfirmed again.
	//
	// Errors: [ErrConflict] if another document is there; [ErrTooLarge], [ErrReadOnly] and
	// [ErrTampered]. After these four nothing was written. [ErrUnconfirmed] if the document was
	// written, but is not as durable as Info says. [ErrNotWritten] after another failure, if the
	// store knows that nothing was written and nothing will be. After any other error the
	// caller does not know whether the document was written, and reads it back.
	Swap(ctx context.Context, old Token, next []byte) error
	// Info describes the store. It does not block.
	Info() Info
}

// Info describes a [Store].
type Info struct {
	// Name names the store in messages, without secrets: "file:/var/lib/app/downtime.json".
	Name string
	// Application is the application's name in a store that several share. "" means that
	// the store belongs to one application.
	Application string
	// MaxBytes is the largest document that Swap accepts. Zero means [MaxBytes].
	MaxBytes int
	// Poll is the poll interval of one gate that suits the store at present. Zero means 5
	// seconds.
	Poll time.Duration
	// OwnClock is true if Blob.Now comes from a clock that all users of the store share, such as
	// the clock of a database server. False means that it comes from the clock of this machine.
	OwnClock bool
	// Warning says in one sentence, with the remedy, why changes may not reach every process that
	// uses this store, although no call fails. "" means that the store has noticed nothing.
	Warning string
	// Durability says in a few words what a successful Swap survives: "a crash of the
	// machine", "the end of the process". "" means that the store does not say.
	Durability string
}

// MaxOf is the largest document that st accepts, in bytes.
func MaxOf(st Store) int {
	if n := st.Info().MaxBytes; n > 0 {
		return n
	}
	return MaxBytes
}

// Hinter is a [Store] that can tell when to read again. A hint may be late, lost or wrong,
// so the poll stays authoritative.
type Hinter interface {
	// Subscribe calls wake after each change, on any goroutine, until cancel is called.
	// wake does not block. cancel is idempotent and does not wait for a call that runs.
	Subscribe(wake func()) (cancel func())
	// Hints reports whether hints are observed to arrive at present. The note describes the
	// connection behind them in words, without secrets. Hints does not block.
	Hints() (ok bool, note string)
}

// Preparer is a [Store] that needs something before its first use, such as tables.
type Preparer interface {
	// Prepare creates it or brings it up to date. It is idempotent.
	Prepare(ctx context.Context) error
}

// Keeper is a [Store] that can put an unreadable document aside before a write replaces it.
type Keeper interface {
	// Keep copies the document with this token to a place where an operator finds it, and
	// returns that place. It returns [ErrConflict] if the document is another one by now.
	Keep(ctx context.Context, t Token) (place string, err error)
}
