package storetest

import (
	"errors"
	"strings"
	"time"
	"unicode"

	"github.com/go-downtime/downtime/core"
)

func newStore(t reporter, e *env) {
	state, err := e.open().Load(e.ctx, core.Mark{})
	if e.o.MustBeInitialised {
		if err == nil || errors.Is(err, core.ErrUnchanged) {
			t.Fatalf("Load of a store that was never initialised: error %v, want one that says so", err)
		}
		return
	}
	if err != nil {
		t.Fatalf("Load of a new store: %v, want no error", err)
	}
	if state.Document != nil || state.Mark != (core.Mark{}) {
		t.Fatalf("Load of a new store: document %+v, mark %+v, want neither", state.Document, state.Mark)
	}
	if state.Time.IsZero() {
		t.Fatalf("Load of a new store: Time is zero, want the store's clock")
	}
}

func name(t reporter, e *env) {
	s := e.open().String()
	if strings.TrimSpace(s) == "" {
		t.Fatalf("String is %q, want a name", s)
	}
	if strings.IndexFunc(s, unicode.IsControl) >= 0 {
		t.Fatalf("String is %q, want no control characters", s)
	}
	for _, secret := range e.o.Secrets {
		if strings.Contains(s, secret) {
			t.Fatalf("String holds a secret")
		}
	}
}

func roundTrip(t reporter, e *env) {
	st := e.open()
	first := document(1, full("a"), window("b"), core.Period{ID: "c", Kind: core.Window, Start: when, Version: 1})
	e.commit(t, st, core.Mark{}, first)
	state := e.load(t, st, core.Mark{})
	requireSame(t, first, state.Document)
	requireMark(t, state)

	empty := document(2)
	e.commit(t, st, state.Mark, empty)
	state = e.load(t, st, core.Mark{})
	requireSame(t, empty, state.Document)
	requireMark(t, state)

	big := document(1<<60, full("a"))
	e.commit(t, st, state.Mark, big)
	requireSame(t, big, e.load(t, st, core.Mark{}).Document)
}

// texts are what stores and encodings have lost before.
var texts = map[string]string{
	"controls":     "\x00\x01\t\n\r\x1b\x7f\u0085",
	"syntax":       `"\'/{}[]<>&%$?;--` + "`",
	"other planes": "\U0001F6A7 \U0010FFFF \U00020000",
	"directions":   "שלום \u202eabc\u202c \u2028\u2029\ufeff",
	"composition":  "é e\u0301 ﷺ ﬁ",
	"replacement":  "\ufffd",
	"blanks":       "  a  b  ",
}

func characters(t reporter, e *env) {
	p := full("a")
	for name, text := range texts {
		p.Reason = text
		_, state := e.written(t, p)
		if got := state.Document.Periods[0].Reason; got != text {
			t.Fatalf("%s: got reason %q, want %q", name, got, text)
		}
	}
}

func microseconds(t reporter, e *env) {
	p := full("a")
	p.Start = when.Truncate(time.Second).Add(999_999 * time.Microsecond)
	p.End = time.Date(9998, 12, 31, 23, 59, 59, 1000, time.UTC)
	p.CreatedAt = time.Date(2000, 1, 1, 0, 0, 0, 1000, time.UTC)
	_, state := e.written(t, p)
	got := state.Document.Periods[0]
	if !got.Start.Equal(p.Start) || !got.End.Equal(p.End) || !got.CreatedAt.Equal(p.CreatedAt) {
		t.Fatalf("got %v, %v, %v, want %v, %v, %v", got.Start, got.End, got.CreatedAt, p.Start, p.End, p.CreatedAt)
	}
	if got.Start.Location() != time.UTC {
		t.Fatalf("got an instant in %v, want UTC", got.Start.Location())
	}
}

func largest(t reporter, e *env) {
	p := full(strings.Repeat("Z", core.MaxIDLen))
	p.Reason = strings.Repeat("\U0001F6A7", core.MaxReasonLen/4)
	p.Holder = strings.Repeat("é", core.MaxNameLen/2)
	p.CreatedBy, p.UpdatedBy = p.Holder, p.Holder
	p.Version = 1<<63 - 1
	want := document(1<<62, p)
	st := e.open()
	e.commit(t, st, core.Mark{}, want)
	requireSame(t, want, e.load(t, st, core.Mark{}).Document)
}

func many(t reporter, e *env) {
	periods := make([]core.Period, 10_000)
	for i := range periods {
		periods[i] = full(number(i))
	}
	want := document(1, periods...)
	st := e.open()
	e.commit(t, st, core.Mark{}, want)
	requireSame(t, want, e.load(t, st, core.Mark{}).Document)
}

func invalid(t reporter, e *env) {
	st, before := e.written(t, window("a"))
	for name, next := range map[string]*core.Document{
		"no document":      nil,
		"another format":   {Format: core.Format + 1, StoreID: "storetest", Revision: 2, WriteID: "w"},
		"an id twice":      after(before.Document, window("a")),
		"an invalid text":  after(before.Document, core.Period{ID: "b", Kind: core.Window, Start: when, Version: 1, Reason: "\xff"}),
		"an invalid start": after(before.Document, core.Period{ID: "b", Kind: core.Window, Version: 1}),
	} {
		if err := st.Commit(e.ctx, before.Mark, next, core.Entry{}); err == nil {
			t.Fatalf("Commit of %s: no error, want one (call Document.Encode)", name)
		}
	}
	requireSame(t, before.Document, e.load(t, st, core.Mark{}).Document)
}

func copies(t reporter, e *env) {
	st := e.open()
	given := document(1, full("a"), window("b"))
	want := document(1, given.Periods...)
	want.WriteID = given.WriteID
	e.commit(t, st, core.Mark{}, given)
	given.Periods[0].Enabled, given.Periods[0].Reason = false, "changed"
	given.Periods = given.Periods[:1]
	given.Revision, given.StoreID = 99, "other"
	requireSame(t, want, e.load(t, st, core.Mark{}).Document)
}

func immutable(t reporter, e *env) {
	st, state := e.written(t, full("a"), window("b"))
	want := *state.Document
	want.Periods = append([]core.Period{}, state.Document.Periods...)
	next := document(2, window("b"), full("c"))
	e.commit(t, st, state.Mark, next)
	e.load(t, st, core.Mark{})
	requireSame(t, &want, state.Document)
}
