package core

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-downtime/downtime/period"
)

// Bounds on an API key, in bytes.
const (
	minKeyLen = 16
	maxKeyLen = 4096
)

// Key is one secret that [APIKeyHeader] or [APIKeyQuery] accepts. Only a digest of it is
// kept; printing and logging a Key, in whatever way, shows no secret. Two keys given to
// one predicate make a rotation: add the new one, move the clients, take the old one
// out. The zero Key is invalid.
type Key struct {
	// A function, because fmt follows pointers, and cannot call methods on a Key in an
	// unexported field. Nil if there is a problem.
	digest  func() [sha256.Size]byte
	source  string // where it came from, without the secret
	value   any    // for the FieldError: the variable's name, or nil
	problem string
}

// KeyLiteral is the key that the program got by itself, from its own configuration or a
// secret manager: 16 to 4096 bytes, as `openssl rand -hex 32` prints them. A key that is
// shorter, blank, or has white space around it or control characters in it is reported
// by [New], without being shown.
func KeyLiteral(secret string) Key {
	return newKey(Key{source: "literal"}, secret)
}

// KeyFromEnv is the key that an environment variable holds now, by the rules of
// [KeyLiteral]: the whole value is one key, never a list. A variable that is not set, or
// whose value is not fit, is reported by [New], by its name; the value is never shown.
func KeyFromEnv(variable string) Key {
	if !isVariableName(variable) {
		// Not shown: most likely it is the secret itself.
		return Key{
			source:  "environment",
			problem: "want the name of an environment variable (letters, digits and _); for the key itself use KeyLiteral",
		}
	}
	k := Key{source: "environment variable " + variable, value: variable}
	secret, set := os.LookupEnv(variable)
	if !set {
		k.problem = "environment variable is not set; put a key of 16 to 4096 bytes there, for example from openssl rand -hex 32"
		return k
	}
	return newKey(k, secret)
}

// newKey completes k by the secret, or by what is wrong with it.
func newKey(k Key, secret string) Key {
	switch {
	case secret == "":
		k.problem = "is empty"
	case strings.TrimSpace(secret) == "":
		k.problem = "is blank"
	case strings.TrimSpace(secret) != secret:
		k.problem = "has white space around it, which no header can carry (a line feed at the end of a file?)"
	case strings.ContainsFunc(secret, unicode.IsControl) || !utf8.ValidString(secret):
		k.problem = "holds control characters or invalid UTF-8, which no header can carry"
	case len(secret) < minKeyLen:
		k.problem = "is too short"
	case len(secret) > maxKeyLen:
		k.problem = "is too long"
	default:
		digest := sha256.Sum256([]byte(secret))
		k.digest = func() [sha256.Size]byte { return digest }
		return k
	}
	k.problem = "key " + k.problem + "; want 16 to 4096 bytes, for example from openssl rand -hex 32"
	return k
}

// String says where the key came from, not what it is.
func (k Key) String() string {
	if k.source == "" {
		return "core.Key(zero)"
	}
	return "core.Key(" + k.source + ")"
}

// Format writes String for every verb and flag, so that none shows more.
func (k Key) Format(f fmt.State, _ rune) {
	_, _ = f.Write([]byte(k.String()))
}

// LogValue is String.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.String()) }

// APIKeyHeader is the predicate that says yes to a request whose header, of this name,
// is one of keys: exactly one such header line, which is exactly the key. Absent, empty
// or repeated, it never is. The predicate's name tells the header.
//
// All keys are compared in constant time, whichever fits. header is a name of its own,
// such as "X-Downtime-Key": Authorization and Cookie carry the application's
// credentials, and are refused. Send the key over TLS only, and let no proxy log it.
func APIKeyHeader(header string, keys ...Key) Predicate {
	canonical := http.CanonicalHeaderKey(header)
	set := newKeySet(keys)
	var bad faults
	if problem := keyHeaderProblem(canonical); problem != "" {
		bad.add(".Header", header, problem)
	}
	bad.keys(keys)
	name := "api key in header " + canonical
	return Predicate{name: name, faults: bad, check: func(_ context.Context, r *http.Request, _ *asker) bool {
		if r == nil {
			return false
		}
		lines := r.Header[canonical]
		return len(lines) == 1 && set.holds(lines[0])
	}}
}

// keySet holds the digests of the keys that are fine.
type keySet [][sha256.Size]byte

func newKeySet(keys []Key) keySet {
	var set keySet
	for _, k := range keys {
		if k.digest != nil {
			set = append(set, k.digest())
		}
	}
	return set
}

// holds reports whether presented is one of the keys. The time it takes tells neither
// which one, nor how much of it was right.
func (s keySet) holds(presented string) bool {
	if presented == "" || len(presented) > maxKeyLen {
		return false
	}
	digest := sha256.Sum256([]byte(presented))
	return s.compare(digest, subtle.ConstantTimeCompare) == 1
}

// compare compares with every key; equal is 1 for yes and 0 for no.
func (s keySet) compare(digest [sha256.Size]byte, equal func(x, y []byte) int) int {
	found := 0
	for i := range s {
		found |= equal(digest[:], s[i][:])
	}
	return found
}

// keys checks the keys of a predicate.
func (f *faults) keys(keys []Key) {
	if len(keys) == 0 {
		f.add(".Keys", nil, "is empty; want at least one key")
	}
	var seen keySet
	for i, k := range keys {
		field := fmt.Sprintf(".Keys[%d]", i)
		switch {
		case k.digest == nil && k.problem == "":
			f.add(field, nil, "is the zero Key; make one with KeyLiteral or KeyFromEnv")
		case k.digest == nil:
			f.add(field, k.value, k.problem)
		case seen.compare(k.digest(), subtle.ConstantTimeCompare) == 1:
			f.add(field, k.value, "is the same key as one before it; want different keys")
		default:
			seen = append(seen, k.digest())
		}
	}
}

const (
	alphanumeric = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	unreserved   = alphanumeric + "-._~"            // RFC 3986, section 2.3
	tokenBytes   = alphanumeric + "!#$%&'*+-.^_`|~" // RFC 9110, section 5.6.2
)

// keyHeaderProblem says why a header, in canonical form, cannot carry a key.
func keyHeaderProblem(header string) string {
	switch header {
	case "Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie":
		return `carries other credentials than a bare key; want a header of its own, such as "X-Downtime-Key"`
	case "Host", "Transfer-Encoding", "Trailer", "Content-Length", "Connection", "Upgrade", "Te", "Keep-Alive", "Proxy-Connection":
		return `belongs to HTTP itself and never carries a key; want a header of its own, such as "X-Downtime-Key"`
	}
	if header == "" || strings.Trim(header, tokenBytes) != "" || len(header) > period.MaxNameLen {
		return `is no header name; want one such as "X-Downtime-Key"`
	}
	return ""
}

func isVariableName(s string) bool {
	return s != "" && strings.Trim(s, alphanumeric+"_") == "" && (s[0] < '0' || s[0] > '9')
}
