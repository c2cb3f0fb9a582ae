package storetest

import (
	"context"
	"errors"
	"strings"
	"time"
	"unicode"

	"github.com/go-downtime/downtime/store"
)

// documentChecks are about the result of Get, with a document and without one.
var documentChecks = []check{
	{"a new store has no document", newStore},
	{"says that a deleted document is lost", lost},
	{"finds a document that does not match its token", tampered},
	{"gives back every byte", everyByteBack},
	{"gives back the largest document", largest},
	{"has the digest of the bytes as token", digests},
	{"tells the unchanged from the changed", unchanged},
	{"tells its time", clock},
	{"describes itself without secrets", info},
	{"describes itself while no data can be reached", frozen},
}

func newStore(t reporter, e *env) {
	st := e.open()
	for _, have := range []store.Token{"", store.TokenOf([]byte("a"))} {
		blob, err := st.Get(e.ctx, have)
		requireErr(t, "Get of a new store", err, e.noDocument())
		requireNothing(t, "Get of a new store", blob)
	}
	e.swap(t, st, "", []byte("a"))
	e.requireDocument(t, st, []byte("a"))
}

// requireNothing fails t unless blob has a time and nothing else.
func requireNothing(t reporter, what string, blob store.Blob) {
	t.Helper()
	must(t, blob.Bytes == nil && blob.Token == "",
		"%s: token %q and bytes %s, want neither", what, blob.Token, excerpt(blob.Bytes))
	must(t, !blob.Now.IsZero(), "%s: the time is zero, want the store's clock", what)
}

// lost also checks that a store never forgets that there was a document.
func lost(t reporter, e *env) {
	need(t, e.o.Lose != nil, "Options.Lose is nil: the document cannot be lost")
	st, token := e.written(t, "a")
	e.o.Lose(e.t, st)
	for _, handle := range e.handles(st) {
		for _, have := range []store.Token{"", token} {
			blob, err := handle.Get(e.ctx, have)
			requireErr(t, "Get of a deleted document", err, store.ErrLost)
			requireNothing(t, "Get of a deleted document", blob)
		}
	}
	requireErr(t, "Swap over the token of a deleted document", st.Swap(e.ctx, token, []byte("b")), store.ErrConflict)
	_, err := st.Get(e.ctx, "")
	requireErr(t, "Get after a refused Swap", err, store.ErrLost)
	e.swap(t, st, "", []byte("c"))
	e.requireDocument(t, st, []byte("c"))
}

func tampered(t reporter, e *env) {
	need(t, e.o.Tamper != nil, "Options.Tamper is nil: the token is computed from the bytes")
	st, token := e.written(t, "a")
	e.o.Tamper(e.t, st)
	for _, handle := range e.handles(st) {
		blob, err := handle.Get(e.ctx, "")
		requireErr(t, "Get", err, store.ErrTampered)
		must(t, blob.Bytes == nil, "beside ErrTampered: bytes %s, want none", excerpt(blob.Bytes))
		// A store that reads only its token here may find it unchanged.
		blob, err = handle.Get(e.ctx, token)
		must(t, err != nil && blob.Bytes == nil,
			"Get with the token: bytes %s, error %v, want none, and ErrTampered or ErrUnchanged",
			excerpt(blob.Bytes), err)
	}
	requireErr(t, "Swap", st.Swap(e.ctx, token, []byte("b")), store.ErrTampered)
	_, err := st.Get(e.ctx, "")
	requireErr(t, "Get after a refused Swap", err, store.ErrTampered)
}

func everyByteBack(t reporter, e *env) {
	st := e.open()
	old := store.Token("")
	for _, doc := range [][]byte{
		everyByte(), {0}, []byte("\n"), []byte("{}"), []byte("{}\n"), []byte("{}\r\n"), []byte(" {} "), {0xff}, []byte("null"),
	} {
		e.swap(t, st, old, doc)
		blob := e.get(t, st, old)
		requireBytes(t, "Get", doc, blob.Bytes)
		old = blob.Token
	}
}

func largest(t reporter, e *env) {
	st := e.open()
	limit := store.MaxOf(st)
	want := sized(limit)
	e.swap(t, st, "", want)
	e.requireDocument(t, st, want)

	for _, size := range []int{limit + 1, 2 * limit} {
		err := st.Swap(e.ctx, store.TokenOf(want), sized(size))
		requireErr(t, "Swap of a document that is too large", err, store.ErrTooLarge)
		tooLarge, ok := errors.AsType[*store.TooLargeError](err)
		must(t, ok && tooLarge.Size == size && tooLarge.Limit == limit,
			"Swap of %d bytes: got error %v, want a TooLargeError of size %d and limit %d", size, err, size, limit)
	}
	must(t, st.Swap(e.ctx, store.TokenOf(want), nil) != nil, "Swap of an empty document: no error, want one")
	e.requireDocument(t, st, want)
}

func digests(t reporter, e *env) {
	st, a := e.written(t, "a")
	other, _ := e.written(t, "a")
	got := e.get(t, other, "").Token
	must(t, got == a, "the same bytes have the token %q in one store and %q in another", a, got)
	e.swap(t, st, a, []byte("b"))
	b := e.get(t, st, a).Token
	must(t, b != a, "other bytes have the same token %q", a)
	// As after a restored backup, earlier bytes have the earlier token.
	e.swap(t, st, b, []byte("a"))
	for _, handle := range e.handles(st) {
		got := e.get(t, handle, b).Token
		must(t, got == a, "earlier bytes have the token %q, want %q as before", got, a)
		_, err := handle.Get(e.ctx, a)
		requireErr(t, "Get of earlier bytes with the earlier token", err, store.ErrUnchanged)
	}
}

func unchanged(t reporter, e *env) {
	st, first := e.written(t, "a")
	for range 3 {
		blob, err := st.Get(e.ctx, first)
		requireErr(t, "Get of the document that the caller has", err, store.ErrUnchanged)
		requireUnchanged(t, "beside ErrUnchanged", blob, first)
	}
	e.get(t, st, "") // an empty have is never unchanged
	for _, have := range []store.Token{"1", first + "0", first[:len(first)-1], capitals(first)} {
		e.get(t, st, have)
	}
	e.swap(t, st, first, []byte("b"))
	requireBytes(t, "Get after a write", []byte("b"), e.get(t, st, first).Bytes)
}

// requireUnchanged fails t unless blob has the token, a time and no bytes.
func requireUnchanged(t reporter, what string, blob store.Blob, token store.Token) {
	t.Helper()
	must(t, blob.Bytes == nil && blob.Token == token && !blob.Now.IsZero(),
		"%s: token %q, bytes %s, time %v, want the same token, no bytes and a time",
		what, blob.Token, excerpt(blob.Bytes), blob.Now)
}

func clock(t reporter, e *env) {
	st, first := e.written(t, "a")
	handles := e.handles(st)
	began := e.get(t, st, "").Now
	y := began.Year()
	must(t, 2000 <= y && y <= 9998, "the time is %v, want the store's clock", began)
	again := time.NewTicker(time.Millisecond)
	defer again.Stop()
	last := began
	for n := 0; n < 2*len(handles) || !last.After(began.Add(imprecision)); n++ {
		select {
		case <-again.C:
		case <-e.ctx.Done():
			t.Fatalf("the time stands still at %v", last)
		}
		// Not under e.ctx, so that a time-out of the store is not reported as the end of e.ctx.
		before := time.Now()
		blob, err := handles[n%len(handles)].Get(context.WithoutCancel(e.ctx), first)
		after := time.Now()
		requireErr(t, "Get", err, store.ErrUnchanged)
		must(t, !blob.Now.Before(last.Add(-imprecision)), "the time went back from %v to %v", last, blob.Now)
		must(t, !blob.Now.After(last.Add(e.timeout)), "the time went from %v to %v", last, blob.Now)
		must(t, st.Info().OwnClock || isBetween(blob.Now, before, after),
			"the time is %v between %v and %v of this machine, but Info says that the store has no clock of its own",
			blob.Now, before, after)
		last = blob.Now
	}
}

func info(t reporter, e *env) {
	st, _ := e.written(t, "a")
	for _, handle := range e.handles(st) {
		i := handle.Info()
		must(t, strings.TrimSpace(i.Name) != "", "Info.Name is %q, want a name", i.Name)
		for _, text := range []string{i.Name, i.Application, i.Durability} {
			e.requirePublic(t, "Info", text)
		}
		must(t, 0 <= i.MaxBytes && i.MaxBytes <= store.MaxBytes,
			"Info.MaxBytes is %d, want 0 to %d", i.MaxBytes, store.MaxBytes)
		must(t, i.Poll >= 0, "Info.Poll is %v, want none that is negative", i.Poll)
	}
}

// requirePublic fails t if text cannot be shown to an operator.
func (e *env) requirePublic(t reporter, what, text string) {
	t.Helper()
	must(t, !strings.ContainsFunc(text, unicode.IsControl), "%s says %q, want no control characters", what, text)
	for _, secret := range e.o.Secrets {
		must(t, !strings.Contains(text, secret), "%s holds a secret", what)
	}
}

// frozen looks at a store whose calls get no answer.
func frozen(t reporter, e *env) {
	need(t, e.o.Freeze != nil, "Options.Freeze is nil: the data can always be reached")
	st, _ := e.written(t, "a")
	thaw := e.o.Freeze(e.t, st)
	ctx, cancel := context.WithTimeout(e.ctx, 500*time.Millisecond)
	defer cancel()
	got := make(chan error, 1)
	go func() {
		_, err := st.Get(ctx, "")
		got <- err
	}()
	described := make(chan struct{})
	go func() {
		defer close(described)
		for range 20 { // from before the Get to its middle
			st.Info()
			if hinter, ok := st.(store.Hinter); ok {
				hinter.Hints()
			}
			<-time.After(10 * time.Millisecond)
		}
	}()
	defer func() { thaw() }()
	select {
	case <-described:
	case <-time.After(min(3*time.Second, e.timeout)):
		t.Fatalf("Info or Hints blocks while no data can be reached")
	}
	select {
	case err := <-got:
		must(t, err != nil && !errors.Is(err, store.ErrUnchanged) && !isNoDocument(err),
			"Get while no data can be reached: error %v, want another one", err)
	case <-time.After(min(5*time.Second, e.timeout)):
		t.Fatalf("Get does not end with its context")
	}
}
