package storetest

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-downtime/downtime/store"
)

// mutant is a handle on a small store that has one fault, or none.
type mutant struct {
	data     *data
	second   bool
	readOnly bool
	cache    *store.Blob // "caches in the second handle"
}

// data is shared by the handles. It keeps the token beside the bytes, so that they can differ.
type data struct {
	fault string

	mu          sync.Mutex
	token       store.Token // "" if there is no document
	bytes       []byte
	written     bool // there was a document once
	unconfirmed bool // no write can be confirmed
	thawed      chan struct{}
	reads       int
	writes      int
	before      store.Blob // the document before the last write
	wakes       []*wake
	due         []func()      // wakes to call without mu
	waking      sync.Mutex    // "waits for a wake in cancel"
	pair        chan struct{} // see waitForAnother
	prepared    int
	kept        [][]byte
	rows        rowData
}

type wake struct {
	handle *mutant
	f      func()
}

// mutantOptions have all functions, so that no check is skipped.
var mutantOptions = Options{
	Secrets: []string{"hunter2"},
	Second: func(_ *testing.T, first store.Store) store.Store {
		return &mutant{data: first.(*mutant).data, second: true}
	},
	ReadOnly: func(_ *testing.T, first store.Store) store.Store {
		return &mutant{data: first.(*mutant).data, readOnly: true}
	},
	Unconfirmed: func(*testing.T) store.Store { return &mutant{data: &data{unconfirmed: true}} },
	Lose: func(_ *testing.T, st store.Store) {
		d := locked(st)
		defer d.mu.Unlock()
		d.before = store.Blob{Token: d.token, Bytes: d.bytes}
		d.token, d.bytes = "", nil
	},
	Tamper: func(_ *testing.T, st store.Store) {
		d := locked(st)
		defer d.mu.Unlock()
		d.bytes = []byte("tampered")
	},
	LoseRows: func(_ *testing.T, st store.Store) {
		d := locked(st)
		defer d.mu.Unlock()
		d.loseRows()
	},
	BreakRow: func(_ *testing.T, st store.Store, key string) {
		d := locked(st)
		defer d.mu.Unlock()
		d.rowsOf(st.(*mutant))[key].broken = true
	},
	Age: func(_ *testing.T, st store.Store, by time.Duration) {
		d := locked(st)
		defer d.mu.Unlock()
		for _, r := range d.rowsOf(st.(*mutant)) {
			r.seen, r.lease = r.seen.Add(-by), r.lease.Add(-by)
		}
	},
	Freeze: func(_ *testing.T, st store.Store) (thaw func()) {
		d := locked(st)
		defer d.mu.Unlock()
		d.thawed = make(chan struct{})
		return sync.OnceFunc(func() { close(d.thawed) })
	},
	Kept: func(_ *testing.T, st store.Store, place string) []byte {
		d := locked(st)
		defer d.mu.Unlock()
		i, _ := strconv.Atoi(place)
		return d.kept[i]
	},
}

func locked(st store.Store) *data {
	d := st.(*mutant).data
	d.mu.Lock()
	return d
}

func mutantEnv(t *testing.T, fault string) *env {
	t.Helper()
	o := mutantOptions
	switch fault { // these are found by waiting
	case "never wakes", "cancels another's by a second cancel", "wakes for its own handle only", "wakes one subscriber only", "waits for a wake in cancel", "never says that hints arrive",
		"has a clock that stands still", "asks its data for its name", "asks its data whether it hints", "does not end with the context":
		o.Timeout = time.Second
	}
	unconfirmed := o.Unconfirmed
	o.Unconfirmed = func(t *testing.T) store.Store {
		st := unconfirmed(t)
		st.(*mutant).data.fault = fault
		return st
	}
	return newEnv(t, func(*testing.T) store.Store {
		m := &mutant{data: &data{fault: fault}}
		if fault == "begins with a document" {
			m.data.bytes, m.data.token = []byte("x"), store.TokenOf([]byte("x"))
		}
		return m
	}, o)
}

// is reports whether the store has one of these faults.
func (d *data) is(faults ...string) bool { return slices.Contains(faults, d.fault) }

// enter locks d, unless ctx ends before. It returns an error under an ended context.
func (d *data) enter(ctx context.Context, call string) error {
	d.mu.Lock()
	if thawed := d.thawed; thawed != nil {
		d.mu.Unlock()
		ended := ctx.Done()
		if d.is("does not end with the context") {
			ended = nil
		}
		select {
		case <-thawed:
		case <-ended:
			if d.is("calls what it cannot read lost") {
				return store.ErrLost
			}
		}
		d.mu.Lock()
	}
	if err := ctx.Err(); err != nil && !d.is("ignores the context of "+call) {
		d.mu.Unlock()
		if d.is("names an ended context otherwise") {
			return errors.New("connection closed")
		}
		return err
	}
	return nil
}

func (m *mutant) Info() store.Info {
	d := m.data
	if d.is("asks its data for its name") {
		_ = d.enter(context.Background(), "Info")
		d.mu.Unlock()
	}
	i := store.Info{Name: "mutant", Application: "shop", Durability: "nothing"}
	switch d.fault {
	case "has no name":
		i.Name = " "
	case "prints its password":
		i.Name = "db://user:hunter2@host"
	case "says its password elsewhere":
		i.Durability = "what hunter2 can do"
	case "colors its name":
		i.Name = "\x1b[1mdb"
	case "has a limit below zero":
		i.MaxBytes = -1
	case "has a limit above the seam's":
		i.MaxBytes = 2 * store.MaxBytes
	case "has a clock that stands still", "has a clock that runs back", "has a clock in each handle":
		i.OwnClock = true
	case "polls back in time":
		i.Poll = -time.Second
	}
	return i
}

func (m *mutant) Get(ctx context.Context, have store.Token) (store.Blob, error) {
	d := m.data
	if err := d.enter(ctx, "Get"); err != nil {
		return store.Blob{}, err
	}
	defer d.mu.Unlock()
	if m.readOnly && d.is("cannot read where it is read-only") {
		return store.Blob{}, store.ErrReadOnly
	}
	return m.read(have)
}

// read is the result of Get and ListRows for the document. The caller holds mu.
func (m *mutant) read(have store.Token) (store.Blob, error) {
	d := m.data
	d.reads++
	if d.token == "" {
		return d.readNothing(have)
	}
	blob := store.Blob{Token: d.token, Bytes: d.bytes, Now: d.clock()}
	if m.second && d.is("has a clock in each handle") {
		blob.Now = blob.Now.Add(-time.Hour)
	}
	switch {
	case d.is("shows an older document") && d.reads%3 == 0 && d.before.Token != "":
		blob.Token, blob.Bytes = d.before.Token, d.before.Bytes
	case d.is("shows new bytes with an old token") && d.reads%3 == 0 && lines(d.bytes) > 3:
		blob.Token = d.before.Token
	case d.is("caches in the second handle") && m.second:
		if m.cache == nil {
			m.cache = &blob
		}
		blob.Token, blob.Bytes = m.cache.Token, m.cache.Bytes
	case d.is("shows half of a write") && d.reads%3 == 0 && lines(d.bytes) > 3:
		blob.Bytes = blob.Bytes[:len(blob.Bytes)-2]
		blob.Token = store.TokenOf(blob.Bytes)
	}
	if d.same(have, blob.Token) && !d.is("is never unchanged") || have == "" && d.is("is unchanged without a token") {
		switch d.fault {
		case "gives bytes beside unchanged", "believes the token that it has read":
			return blob, store.ErrUnchanged
		case "has no token beside unchanged":
			blob.Token = ""
		case "has no time beside unchanged":
			blob.Now = time.Time{}
		}
		blob.Bytes = nil
		return blob, store.ErrUnchanged
	}
	if d.tampered() {
		if !d.is("gives bytes that were changed", "lists bytes that were changed") {
			blob.Bytes = nil
		}
		return blob, store.ErrTampered
	}
	if !d.is("changes what was read") {
		blob.Bytes = bytes.Clone(blob.Bytes)
	}
	return blob, nil
}

// readNothing is read where there is no document.
func (d *data) readNothing(have store.Token) (store.Blob, error) {
	blob, err := store.Blob{Now: d.clock()}, store.ErrLost
	switch {
	case d.is("begins without a time"):
		blob.Now = time.Time{}
	case d.is("begins with a token"), d.is("keeps the token of a lost document") && d.written:
		blob.Token = store.TokenOf(nil)
	case d.is("is unchanged while empty"), d.is("is unchanged after a loss") && have == d.before.Token && d.written:
		err = store.ErrUnchanged
	case d.is("claims that nothing was lost") && !d.written, d.is("forgets that it was written", "lists a lost document as never written") && d.written:
		err = store.ErrNeverWritten
	}
	return blob, err
}

// tampered reports whether the bytes are not those of the token.
func (d *data) tampered() bool {
	switch d.fault {
	case "believes the token", "lists a tampered document", "counts writes as token", "salts its tokens", "has a token of the size", "shows half of a write",
		"shows new bytes with an old token", "keeps the caller's slice", "changes what was read":
		return false
	}
	return d.token != store.TokenOf(d.bytes)
}

func (d *data) same(have, token store.Token) bool {
	switch d.fault {
	case "compares the beginning of a token":
		return have != "" && strings.HasPrefix(string(token), string(have))
	case "compares tokens without case":
		return strings.EqualFold(string(have), string(token))
	}
	return have == token
}

// clock is the store's.
func (d *data) clock() time.Time {
	now := time.Now()
	switch d.fault {
	case "has a clock that stands still":
		return now.Truncate(24 * time.Hour)
	case "has a clock that runs back":
		return now.Add(-time.Duration(d.reads) * time.Second)
	case "has a clock in the year 1":
		return time.Time{}.Add(time.Duration(d.reads) * time.Second)
	case "has another machine's clock":
		return now.Add(-time.Hour)
	}
	return now
}

func (m *mutant) Swap(ctx context.Context, old store.Token, next []byte) error {
	d := m.data
	if ctx.Err() != nil && d.is("writes under an ended context") {
		_ = m.swap(old, next)
	}
	if err := d.checkSize(next); err != nil {
		return err
	}
	if err := d.enter(ctx, "Swap"); err != nil {
		return err
	}
	defer d.wakeAll()
	switch {
	case m.readOnly && d.is("names read-only otherwise"):
		return errors.New("permission denied")
	case m.readOnly && !d.is("writes where it is read-only"):
		return store.ErrReadOnly
	}
	if err := m.swap(old, next); err != nil || !d.unconfirmed {
		return err
	}
	switch {
	case d.is("confirms what is not durable"), d.is("confirms at the second attempt") && d.writes > 1:
		return nil
	case d.is("undoes what it cannot confirm"):
		d.token, d.bytes = "", nil
	case d.is("calls the unconfirmed a conflict"):
		return store.ErrConflict
	}
	return store.ErrUnconfirmed
}

func (d *data) checkSize(next []byte) error {
	limit := store.MaxBytes
	err := store.CheckSize(next, limit)
	switch {
	case d.is("keeps an empty document") && len(next) == 0, len(next) > limit && d.is("has no limit"):
		return nil
	case len(next) > limit && d.is("does not name the limit"):
		return store.ErrTooLarge
	case len(next) > limit && d.is("cuts what is too large"):
		d.bytes = slices.Clone(next[:limit-1])
		d.token = store.TokenOf(d.bytes)
	case len(next) == limit && d.is("refuses the largest document"):
		return &store.TooLargeError{Size: limit, Limit: limit - 1}
	}
	return err
}

// swap writes next if old fits. The caller holds mu.
func (m *mutant) swap(old store.Token, next []byte) error {
	d := m.data
	next = d.alter(next)
	token := d.tokenOf(next)
	d.writes++
	if d.token != "" && d.tampered() && !d.is("writes over bytes it cannot trust") {
		return store.ErrTampered
	}
	switch {
	case d.token == token && d.is("refuses the same bytes"), d.token == token && old == "" && d.is("refuses a repeated first write"):
		return store.ErrConflict
	case d.token == token, token == d.before.Token && d.is("repeats the write before the last"):
		return nil
	case !d.fits(old):
		if d.is("writes beside a conflict", "creates beside the conflict") {
			d.token, d.bytes = token, next
		}
		if d.is("names a conflict otherwise") {
			return errors.New("no row was updated")
		}
		return store.ErrConflict
	case d.token == "" && d.is("refuses all first writes"), d.token == "" && d.written && d.is("cannot begin anew"):
		return store.ErrConflict
	}
	if d.is("checks first, writes later", "lets two first writes win", "conflicts with the same Swap") {
		d.waitForAnother()
	}
	if d.is("conflicts with the same Swap") && d.token == token {
		return store.ErrConflict
	}
	m.write(token, next)
	return nil
}

// write keeps the document, and wakes. The caller holds mu.
func (m *mutant) write(token store.Token, next []byte) {
	d := m.data
	d.before = store.Blob{Token: d.token, Bytes: slices.Clone(d.bytes)}
	switch {
	case d.is("changes what was read"):
		d.bytes = append(d.bytes[:0], next...)
	case d.is("keeps the caller's slice"):
		d.bytes = next
	default:
		d.bytes = slices.Clone(next)
	}
	d.token, d.written = token, true
	d.rowsAfterWrite(m)
	if d.is("never wakes") {
		return
	}
	for _, w := range d.wakes {
		if w.handle == m || !d.is("wakes for its own handle only") {
			d.due = append(d.due, w.f)
		}
		if d.is("wakes one subscriber only") {
			return
		}
	}
}

// wakeAll calls the wakes that are due, and lets go of the lock before that.
func (d *data) wakeAll() {
	due := d.due
	d.due = nil
	d.mu.Unlock()
	if d.is("waits for a wake in cancel") {
		d.waking.Lock()
		defer d.waking.Unlock()
	}
	for _, f := range due {
		f()
	}
}

// alter is the part of a document that is kept.
func (d *data) alter(b []byte) []byte {
	switch d.fault {
	case "strips NUL":
		return bytes.ReplaceAll(b, []byte{0}, nil)
	case "trims blanks":
		return append(bytes.TrimSpace(b), make([]byte, max(0, 1-len(bytes.TrimSpace(b))))...)
	case "repairs UTF-8":
		return bytes.ToValidUTF8(b, []byte("\ufffd"))
	case "converts line ends":
		return bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n"))
	case "keeps JSON in a short form":
		if bytes.HasPrefix(bytes.TrimSpace(b), []byte("{")) {
			return bytes.TrimSpace(b)
		}
	case "keeps 65,535 bytes":
		return b[:min(len(b), 65_535)]
	}
	return b
}

func (d *data) tokenOf(b []byte) store.Token {
	switch d.fault {
	case "counts writes as token":
		return store.Token(strconv.Itoa(d.writes + 1))
	case "salts its tokens":
		return store.TokenOf(append([]byte("salt"), b...))
	case "has a token of the size":
		return store.Token(strconv.Itoa(len(b)))
	}
	return store.TokenOf(b)
}

// fits reports whether old may be written over.
func (d *data) fits(old store.Token) bool {
	switch d.fault {
	case "takes any token":
		return true
	case "takes an empty token for any":
		return old == d.token || old == ""
	case "creates over any token":
		return old == d.token || d.token == ""
	case "writes over a lost document":
		return old == d.token || d.token == "" && d.written
	case "compares the beginning of an old token":
		return old == d.token || old != "" && strings.HasPrefix(string(d.token), string(old))
	case "compares old tokens without case":
		return strings.EqualFold(string(old), string(d.token))
	}
	return old == d.token
}

// waitForAnother lets go of the lock until a second caller is here, or for a moment. The
// caller holds mu.
func (d *data) waitForAnother() {
	if waiting := d.pair; waiting != nil {
		d.pair = nil
		close(waiting)
		return
	}
	waiting := make(chan struct{})
	d.pair = waiting
	d.mu.Unlock()
	select {
	case <-waiting:
	case <-time.After(20 * time.Millisecond):
	}
	d.mu.Lock()
	if d.pair == waiting {
		d.pair = nil
	}
}

func (m *mutant) Subscribe(f func()) (cancel func()) {
	d := m.data
	d.mu.Lock()
	defer d.mu.Unlock()
	w := &wake{m, f}
	d.wakes = append(d.wakes, w)
	return func() {
		if d.is("waits for a wake in cancel") {
			d.waking.Lock()
			defer d.waking.Unlock()
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		switch n := len(d.wakes); {
		case d.is("wakes after cancel"):
		case d.is("cancels another's by a second cancel"):
			d.wakes = d.wakes[:max(0, n-1)]
		default:
			d.wakes = slices.DeleteFunc(d.wakes, func(other *wake) bool { return other == w })
		}
	}
}

func (m *mutant) Hints() (ok bool, note string) {
	d := m.data
	if d.is("asks its data whether it hints") {
		_ = d.enter(context.Background(), "Hints")
		d.mu.Unlock()
	}
	if d.is("prints its password with hints") {
		return true, "listens as user:hunter2"
	}
	return !d.is("never says that hints arrive"), "in memory"
}

func (m *mutant) Prepare(context.Context) error {
	d := m.data
	d.mu.Lock()
	defer d.mu.Unlock()
	d.prepared++
	switch {
	case d.is("prepares once") && d.prepared > 1:
		return errors.New("table exists")
	case d.is("empties by preparing"):
		d.token, d.bytes = "", nil
	case d.is("loses rows by preparing"):
		d.loseRows()
	}
	return nil
}

func (m *mutant) Keep(_ context.Context, t store.Token) (place string, err error) {
	d := m.data
	d.mu.Lock()
	defer d.mu.Unlock()
	if t != d.token && !d.is("puts a replaced document aside") {
		return "", store.ErrConflict
	}
	b := slices.Clone(d.bytes)
	switch d.fault {
	case "puts nothing aside":
		return "", nil
	case "has one place":
		d.kept = nil
	case "moves what it puts aside":
		d.token, d.bytes = "", nil
	case "puts another document aside":
		b = d.before.Bytes
	}
	d.kept = append(d.kept, b)
	return strconv.Itoa(len(d.kept) - 1), nil
}
