package core

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strconv"
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

// Key is one secret that [APIKeyHeader] or [APIKeyQuery] accepts. It keeps only a digest.
// Printing or logging a Key never shows the secret. To rotate a key, give both keys to one
// predicate: add the new key, move the clients to it, then remove the old key. The zero Key is
// invalid.
type Key struct {
	// digest is a function, so that fmt cannot print the digest: fmt follows pointers, and it
	// cannot call the methods of a Key in an unexported field. Nil if there is a problem.
	digest  func() [sha256.Size]byte
	name    string // by Named; "" if it has none
	source  string // origin of the key, without the secret
	value   any    // for the FieldError: the variable's name, or nil
	problem string
}

// KeyLiteral makes a key from a secret that the program has, for example from its configuration
// or from a secret manager. A key has 16 to 4096 bytes; `openssl rand -hex 32` prints a good one.
// [New] reports a key that is too short, too long or blank, has white space around it, or holds
// control characters or invalid UTF-8. The report does not show the key.
func KeyLiteral(secret string) Key {
	return newKey(Key{source: "literal"}, secret)
}

// KeyFromEnv makes a key from the present value of an environment variable. The rules of
// [KeyLiteral] apply. The whole value is one key, never a list. If the variable is not set or its
// value is invalid, [New] reports the variable's name. It never shows the value.
func KeyFromEnv(variable string) Key {
	if !isVariableName(variable) {
		// The error does not show the argument: it is most likely the secret itself.
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

// Named returns k with a name, for example of the client that has the key. If a request passes by
// the key, [Decision].Rule ends with the name. Several keys can have one name. name must not be
// blank. "" means that the key has no name.
func (k Key) Named(name string) Key {
	k.name = name
	return k
}

// newKey returns k with the digest of the secret, or with the problem of the secret.
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

// String names the origin of the key and never shows the key.
func (k Key) String() string {
	if k.source == "" {
		return "core.Key(zero)"
	}
	if k.name != "" {
		return "core.Key(" + k.source + ", " + strconv.Quote(k.name) + ")"
	}
	return "core.Key(" + k.source + ")"
}

// Format writes the result of String for every verb and flag, so that no format shows the secret.
func (k Key) Format(f fmt.State, _ rune) {
	_, _ = f.Write([]byte(k.String()))
}

// LogValue returns the result of String.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.String()) }

// APIKeyHeader returns a predicate that says yes to a request whose header holds one of keys. The
// request must have exactly one line of this header, and the line must equal the key. The
// predicate says no if the header is absent, empty or repeated. The predicate's name contains the
// header's name.
//
// The predicate compares all keys in constant time, also after a match. Use a header for this
// purpose only, such as "X-Downtime-Key". [New] refuses Authorization and Cookie, because they
// carry the application's credentials. Send the key over TLS only, and do not let a proxy log it.
func APIKeyHeader(header string, keys ...Key) Predicate {
	canonical := http.CanonicalHeaderKey(header)
	set := newKeySet(keys)
	var bad faults
	if problem := keyHeaderProblem(canonical); problem != "" {
		bad.add(".Header", header, problem)
	}
	bad.keys(keys)
	find := func(r *http.Request) int {
		if r == nil || len(r.Header[canonical]) != 1 {
			return notFound
		}
		return set.find(r.Header[canonical][0])
	}
	return keyPredicate("api key in header "+canonical, bad, keys, find)
}

// keyPredicate returns the predicate that says yes if find finds one of keys in the request.
func keyPredicate(name string, bad faults, keys []Key, find func(r *http.Request) int) Predicate {
	p := Predicate{name: name, faults: bad, check: func(_ context.Context, r *http.Request, _ *asker) bool {
		return find(r) != notFound
	}}
	names := make([]string, len(keys))
	for i, k := range keys {
		names[i] = k.name
	}
	if strings.Join(names, "") != "" {
		p.via = func(r *http.Request) string {
			if i := find(r); i != notFound {
				return names[i]
			}
			return ""
		}
	}
	return p
}

const notFound = -1

// keySet holds the digests of keys. An invalid key has the zero digest, which no text is known to
// have; its predicate lets no request pass.
type keySet [][sha256.Size]byte

func newKeySet(keys []Key) keySet {
	set := make(keySet, len(keys))
	for i, k := range keys {
		if k.digest != nil {
			set[i] = k.digest()
		}
	}
	return set
}

// find returns the index of the key that equals presented, or notFound. Its duration depends
// neither on which key matches nor on how many bytes match.
func (s keySet) find(presented string) int {
	if presented == "" || len(presented) > maxKeyLen {
		return notFound
	}
	digest := sha256.Sum256([]byte(presented))
	return s.compare(digest, subtle.ConstantTimeCompare)
}

// compare compares digest with every key. It returns the index of the equal one, or notFound.
func (s keySet) compare(digest [sha256.Size]byte, equal func(x, y []byte) int) int {
	found := notFound
	for i := range s {
		found = subtle.ConstantTimeSelect(equal(digest[:], s[i][:]), i, found)
	}
	return found
}

// keys checks the keys of a predicate.
func (f *faults) keys(keys []Key) {
	f.unless(len(keys) > 0, ".Keys", nil, "is empty; want at least one key")
	var seen keySet
	for i, k := range keys {
		field := fmt.Sprintf(".Keys[%d]", i)
		if k.name != "" {
			f.nameAt(field+".Name", k.name)
		}
		switch {
		case k.digest == nil && k.problem == "":
			f.add(field, nil, "is the zero Key; make one with KeyLiteral or KeyFromEnv")
		case k.digest == nil:
			f.add(field, k.value, k.problem)
		case seen.compare(k.digest(), subtle.ConstantTimeCompare) != notFound:
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

// keyHeaderProblem says why a header, in canonical form, cannot carry a key; "" if it can.
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
