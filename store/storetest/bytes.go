package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/go-downtime/downtime/store"
)

// requireBytes fails t unless got is want, and shows where they differ.
func requireBytes(t reporter, what string, want, got []byte) {
	t.Helper()
	if bytes.Equal(want, got) {
		return
	}
	at := 0
	for at < min(len(want), len(got)) && want[at] == got[at] {
		at++
	}
	t.Fatalf("%s: got %d bytes, want %d; they differ from byte %d: got %s, want %s",
		what, len(got), len(want), at, excerpt(got[at:]), excerpt(want[at:]))
}

// requireDocument fails t unless the document consists of want.
func (e *env) requireDocument(t reporter, st store.Store, want []byte) {
	t.Helper()
	requireBytes(t, "the document", want, e.get(t, st, "").Bytes)
}

// requireErr fails t unless err is want.
func requireErr(t reporter, what string, err, want error) {
	t.Helper()
	must(t, errors.Is(err, want), "%s: got error %v, want %q", what, err, want)
}

// excerpt is the beginning of b, for a message.
func excerpt(b []byte) string {
	if len(b) > 40 {
		return fmt.Sprintf("%q… (%d bytes)", b[:40], len(b))
	}
	return fmt.Sprintf("%q", b)
}

// everyByte holds every byte value, alone and in sequences that encodings change: it is not
// valid UTF-8, and has quotes, NUL, line ends and a byte-order mark.
func everyByte() []byte {
	var b bytes.Buffer
	for i := range 256 {
		b.WriteByte(byte(i))
	}
	b.WriteString("\ufeff\r\n\r\n\n\\'\"`%s$1?{}\x00\x00 שלום e\u0301 \U0001F6A7\xff\xfe ")
	for i := range 256 {
		b.WriteByte(byte(255 - i))
	}
	return b.Bytes()
}

// sized is n bytes that do not compress well, the same ones in each call.
func sized(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{}).Read(b) // it never fails
	return b
}

// lines counts the lines of a document in which each write adds one.
func lines(b []byte) int { return strings.Count(string(b), "\n") }

// capitals is another token: tokens are compared byte by byte.
func capitals(t store.Token) store.Token { return store.Token(strings.ToUpper(string(t))) }
