package core

import (
	"context"
	"errors"
	"time"
)

// Errors that a [Store] returns, possibly wrapped.
var (
	// ErrUnchanged: the document is still the one that the caller has.
	ErrUnchanged = errors.New("document unchanged")
	// ErrConflict: somebody else wrote in between; load, decide anew, commit again.
	ErrConflict = errors.New("document was changed by somebody else")
	// ErrLost: there was a document, and it is gone. Never to be read as "up".
	ErrLost = errors.New("document is gone")
	// ErrReadOnly: this store cannot be written through (a mounted ConfigMap, a grant).
	ErrReadOnly = errors.New("store is read-only")
)

// Mark names one write of one document, so that a reader can ask for "anything else
// than this" and a writer can say what it based its change on. The zero Mark means:
// nothing known, or nothing written yet.
type Mark struct {
	StoreID  string
	Revision int64
	WriteID  string
	// Tag is the store's own, compared for equality only. A store whose document can
	// change without a new revision (a file edited by hand) puts a digest of the content
	// here; others leave it empty.
	Tag string
}

// State is what one read of a [Store] found.
type State struct {
	// Document is what the store holds. Nil means that nothing was ever written, which
	// only a store that may begin empty (a file, memory) returns without an error. The
	// caller must not change it: stores may hand the same pointer to several readers.
	Document *Document
	// Mark identifies this content for the next Load or Commit.
	Mark Mark
	// Time is the store's clock at the read. Edges of windows follow it. Never zero,
	// also beside ErrUnchanged.
	Time time.Time
}

// Store keeps one [Document]. Implementations are safe for concurrent use, by goroutines
// and by processes, and pass storetest.Run.
type Store interface {
	// Load returns the state. If the content is still the one that have names, it returns
	// a State with only Mark and Time, and ErrUnchanged. A zero have is never unchanged.
	// A document that is missing is a State with a nil Document and a zero Mark, or
	// ErrLost if the store can tell that there was one. What cannot be read, parsed or
	// validated is an error; the caller keeps what it had.
	Load(ctx context.Context, have Mark) (State, error)
	// Commit replaces the document by next if its content is still the one that base
	// names (a zero base: still missing), else it returns ErrConflict and changes nothing.
	// All of next was computed by core: the store writes it as it is, whole or not at all.
	// entry is this write for the log: a store that is a [Journal] writes it with the
	// document, both or neither; any other ignores it. A zero entry is none: the document is
	// written alone.
	// ErrUnconfirmed: it is written, but not as safely as the store was told to, so that
	// reading it back would prove nothing. After any other error the caller does not know,
	// and reads back.
	Commit(ctx context.Context, base Mark, next *Document, entry Entry) error
	// String names the store for logs and messages, without secrets, for example
	// "file:/var/lib/app/downtime.json".
	String() string
}

// Subscriber is implemented beside [Store] by one that can say when to look again. A
// subscription is a hint that may be late, lost or wrong; the poll stays the truth.
type Subscriber interface {
	// Subscribe calls wake, which does not block, after each change, on any goroutine,
	// until cancel is called. cancel is idempotent and does not wait.
	Subscribe(wake func()) (cancel func())
}

// Pacer is implemented beside [Store] by one that knows how often it should be polled:
// because a poll of it is unusually cheap, or because it is sure, for the time being, that
// its hints arrive.
type Pacer interface {
	// PollInterval is the time to the next poll; more than zero. It is asked before each,
	// and does not block.
	PollInterval() time.Duration
}

// Pusher is implemented beside [Subscriber] by a store that knows whether its hints arrive.
type Pusher interface {
	// PushState reports whether hints are seen to arrive at present, and says in words how
	// the connection behind them is, without secrets. It does not block.
	PushState() (healthy bool, note string)
}
