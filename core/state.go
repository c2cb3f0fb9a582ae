package core

import (
	"log/slog"
	"strings"
	"time"

	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

// state is the state of the follower. It is a plain value. Only [settings.step] makes a new one.
type state struct {
	begun time.Time
	seed  uint64 // of the spread between instances

	known known     // the content and the health of the store
	read  reading   // the reads of the store
	row   reporting // the row of this instance
	file  override  // the content of the override file
	now   concluded // the result of the last step

	waited  bool // New has returned
	leaving bool // Shutdown was called
	stopped bool // Shutdown has waited: the follower no longer reads or reports
}

// known holds the content and the health of the store.
type known struct {
	doc        *period.Document // adopted; nil if nothing was ever written
	handEdited bool             // doc differs from the document that its write made
	regress    *period.Document // the store's document, if it must not replace doc
	token      store.Token      // of the last read, adopted or not
	ever       bool             // at least one read succeeded
	served     bool             // a read began after the row was written, so the gate may serve
	listed     bool             // the rows were listed at least once
	compared   bool             // they were listed when their set was complete
	listAfter  time.Time        // while the gate serves, no listing before this time; zero if none was tried
	ahead      *period.Document // identity of a document that another instance has seen, if doc does not continue it
	at         time.Time        // the last answered read
	lost       bool             // the last read failed
	err        error            // error of the last read, if it failed
	errors     int64            // failed reads
	unhinted   int64            // changes that a poll found before a hint
	stale      time.Time        // when the state became older than MaxStale; zero if it is not
	offset     time.Duration    // the store's clock minus this machine's
	clockError time.Duration    // largest possible error of offset
	warning    string           // of the store, as the log shows it
}

// reading holds the state of the reads of the store. One read runs at a time. A read that overran
// its deadline no longer counts as running, so that the next one can begin.
type reading struct {
	n      int       // number of the last read that began
	heard  int       // number of the newest read that was answered
	late   int       // reads that overran their deadline and have not ended
	due    time.Time // the next read
	owed   bool      // a hint or a caller needs a read that begins from now on
	again  bool      // the row was written during the running read, see rowDone
	busy   bool      // a read runs
	list   bool      // the last read also lists the rows
	asked  time.Time // start of the running read, or of the last one
	hinted time.Time // start of the last read that a hint or a caller asked for
	fails  int       // in a row
}

// reporting holds the state of the row of this instance. One write of the row runs at a time,
// concurrently with the reads.
type reporting struct {
	key        string // of the row; "" if the store keeps no rows
	seq        int64  // of the last row that was sent
	due        time.Time
	news       time.Time   // when a change is reported; zero if there is none
	told       period.Row  // the part of the last row that another process may wait for
	token      store.Token // that the last write of the row returned
	busy       bool
	asked      time.Time // when the last write began
	registered bool      // the row is there
	since      time.Time // when this row was written first; zero if it never was
	gaveUp     bool      // the gate serves without a row
	fails      int       // in a row
	err        error     // of the last write
	warned     bool      // err was logged
}

// override holds the content of the override file.
type override struct {
	value direction
	since time.Time
	read  bool // at least one read succeeded
	err   error
	busy  bool
	due   time.Time
}

// concluded holds the result of the last step.
type concluded struct {
	verdict  period.Verdict
	judgedAt time.Time // the instant of verdict; zero if it is out of date
	closure  *Closure  // installed; nil: open
	overdue  bool
	override direction // as the log shows it
	edge     time.Time // when the conclusion may change by itself, by this machine's clock
	closedAt time.Time // when this closed stretch began
	// keptSince is when an override or the loss of the store closed the gate in this closed stretch;
	// zero if neither did.
	keptSince time.Time
	quiet     bool      // closed, and every request that was admitted before has ended
	drained   []string  // ids of the drained periods
	logged    bool      // "drained" was logged for this closed stretch
	look      time.Time // the next look at the replaced snapshots; zero if all are quiet
	pause     time.Duration
}

// Events.
type (
	// tick means that time has passed, or that a snapshot was replaced.
	tick struct{}
	// hint means that the store may have changed.
	hint struct{}
	// want means that a caller waits for a read that begins from now on.
	want struct{}
	// waited means that New returns.
	waited struct{}
	// readDone is the end of a read.
	readDone struct {
		n               int // number of the read
		blob            store.Blob
		doc             *period.Document
		rows            []period.Row // those of other instances, if listed
		listed          bool
		since           time.Time // when the set of rows was created
		err             error
		asked, answered time.Time
	}
	// rowDone is the end of a write of the row.
	rowDone struct {
		token store.Token
		err   error
	}
	// fileRead is the end of a read of the override file.
	fileRead struct {
		value direction
		err   error
	}
	// leave means that Shutdown was called. stop means that Shutdown has finished waiting.
	leave struct{}
	stop  struct{}
)

// input is the input of a step beside state and event.
type input struct {
	now     time.Time
	pace    time.Duration // between two polls, as the store asks for it
	warning string        // of the store; "" if there is none
	quiet   bool          // every replaced snapshot that refused less is quiet
	idle    bool          // every replaced snapshot is quiet
	key     string        // a fresh key for a row
}

// output lists the actions of the follower after a step.
type output struct {
	install  bool      // replace the snapshot, by one of state.now.closure
	read     bool      // begin a read
	put      bool      // write the row
	readFile bool      // read the override file
	wake     time.Time // the next step without an event; zero means never
	lines    []logLine
	changes  []Transition
}

func (o *output) log(level slog.Level, msg string, attrs ...slog.Attr) {
	o.lines = append(o.lines, logLine{level, msg, attrs})
}

// transition logs a transition, and reports it to Config.OnTransition. [settings.step] adds the rest.
func (o *output) transition(level slog.Level, kind string, attrs ...slog.Attr) {
	o.log(level, strings.ReplaceAll(kind, "-", " "), attrs...)
	o.changes = append(o.changes, Transition{Kind: kind})
}

// spread returns d, up to a fifth shorter or longer at random, so that the instances of a fleet
// do not act at the same time.
func (s *state) spread(d time.Duration) time.Duration {
	return d - d/5 + s.random(2*d/5)
}

// random returns a duration from zero to limit. The seed is part of the state, so step stays a
// pure function.
func (s *state) random(limit time.Duration) time.Duration {
	s.seed = s.seed*6364136223846793005 + 1442695040888963407
	return time.Duration(float64(limit) * float64(s.seed>>11) / (1 << 53))
}

// retry returns the pause after this number of consecutive failures, at most longest. It is an
// exponential backoff with a random part.
func (s *state) retry(fails int, longest time.Duration) time.Duration {
	limit := min(firstRetry<<min(fails, 10), longest)
	return limit/2 + s.random(limit/2)
}

// unsettled reports whether New still waits for the first read.
func (set *settings) unsettled(s *state) bool {
	return set.Store != nil && !s.known.ever && !s.known.lost && !s.waited && !s.stopped
}

// mayServe reports whether the gate has registered, read the document and compared it with the rows
// of other instances. Rows that cannot be listed delay it for at most startingLimit.
func (s *state) mayServe(now time.Time) bool {
	k := &s.known
	return k.served && k.ahead == nil && (k.listed || s.row.key == "" || s.row.gaveUp || now.Sub(s.begun) >= startingLimit)
}
