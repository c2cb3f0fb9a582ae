package store

import (
	"crypto/sha256"
	"encoding/hex"
)

// Token identifies a document by its bytes: two documents have the same token if and only
// if their bytes are the same. The zero Token means that there is no document.
//
// A token is not a counter. After a restored backup a counter repeats with other bytes, and
// readers would not notice the change.
type Token string

// TokenOf returns the token of b: the first 128 bits of its SHA-256 digest, in 32 hexadecimal
// digits. It is for authors of stores.
func TokenOf(b []byte) Token {
	sum := sha256.Sum256(b)
	return Token(hex.EncodeToString(sum[:16]))
}
