package core

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	goodKey  = "0123456789abcdef"
	otherKey = "fedcba9876543210-fedcba9876543210"
)

func TestAPIKeyHeader(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		header http.Header
		want   bool
	}{
		"the key":                              {http.Header{"X-Key": {goodKey}}, true},
		"the other key":                        {http.Header{"X-Key": {otherKey}}, true},
		"no header":                            {http.Header{}, false},
		"no headers at all":                    {nil, false},
		"an empty header":                      {http.Header{"X-Key": {""}}, false},
		"a header without lines":               {http.Header{"X-Key": {}}, false},
		"a blank header":                       {http.Header{"X-Key": {"                "}}, false},
		"the key twice":                        {http.Header{"X-Key": {goodKey, goodKey}}, false},
		"both keys":                            {http.Header{"X-Key": {goodKey, otherKey}}, false},
		"a good one after a bad one":           {http.Header{"X-Key": {"wrong", goodKey}}, false},
		"a good one beside an empty one":       {http.Header{"X-Key": {goodKey, ""}}, false},
		"both in one line":                     {http.Header{"X-Key": {goodKey + ", " + otherKey}}, false},
		"a key that is cut short":              {http.Header{"X-Key": {goodKey[:15]}}, false},
		"a key that goes on":                   {http.Header{"X-Key": {goodKey + "0"}}, false},
		"another case":                         {http.Header{"X-Key": {strings.ToUpper(goodKey)}}, false},
		"white space around it":                {http.Header{"X-Key": {" " + goodKey}}, false},
		"a prefix as in Authorization":         {http.Header{"X-Key": {"Bearer " + goodKey}}, false},
		"another header":                       {http.Header{"X-Api-Key": {goodKey}}, false},
		"a header with an underscore":          {http.Header{"X_Key": {goodKey}}, false},
		"Authorization":                        {http.Header{"Authorization": {goodKey}}, false},
		"one whose digest is the key's digest": {http.Header{"X-Key": {fmt.Sprintf("%x", sha256.Sum256([]byte(goodKey)))}}, false},
		"a megabyte":                           {http.Header{"X-Key": {strings.Repeat("a", 1<<20)}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := APIKeyHeader("x-key", KeyLiteral(goodKey), KeyLiteral(otherKey))
			require.NoError(t, p.fault("Bypass[0]"))
			r := getRequest(t, "/?X-Key="+goodKey+"&x-key="+goodKey)
			r.Header = tc.header
			requireAllows(t, tc.want, p, r)
		})
	}
}

func TestAPIKeyWithoutRequest(t *testing.T) {
	t.Parallel()
	for _, p := range []Predicate{APIKeyHeader("X-Key", KeyLiteral(goodKey)), APIKeyQuery("key", KeyLiteral(goodKey))} {
		for _, r := range []*http.Request{nil, {}} {
			yes, panicked := p.allows(t.Context(), r, nil)
			require.False(t, yes)
			require.Nil(t, panicked)
		}
	}
}

func TestAPIKeyQueryIsNotReadFromTheHeaderNorTheHeaderFromTheQuery(t *testing.T) {
	t.Parallel()
	r := getRequest(t, "/?X-Key="+goodKey)
	requireAllows(t, false, APIKeyHeader("X-Key", KeyLiteral(goodKey)), r)
	r = getRequest(t, "/")
	r.Header.Set("X-Key", goodKey)
	requireAllows(t, false, APIKeyQuery("X-Key", KeyLiteral(goodKey)), r)
}

func TestAPIKeyFaults(t *testing.T) {
	t.Parallel()
	const secret = "s3cr3t" // part of every key below; no message may contain it
	long := secret + "-0123456789"
	good := KeyLiteral(goodKey)
	keys := func(keys ...Key) Predicate { return APIKeyHeader("X-Key", keys...) }
	for name, tc := range map[string]struct {
		p    Predicate
		want []string
	}{
		"no keys":                               {keys(), []string{"Bypass[1].Keys: is empty"}},
		"no keys for the query":                 {APIKeyQuery("key"), []string{"Bypass[1].Keys: is empty"}},
		"the zero Key":                          {keys(good, Key{}), []string{"Bypass[1].Keys[1]: is the zero Key"}},
		"an empty key":                          {keys(KeyLiteral("")), []string{"Bypass[1].Keys[0]: key is empty; want 16"}},
		"a blank key":                           {keys(KeyLiteral(strings.Repeat(" ", 32))), []string{"Bypass[1].Keys[0]: key is blank; want 16"}},
		"a blank key of line feeds":             {keys(KeyLiteral(strings.Repeat("\n", 32))), []string{"Bypass[1].Keys[0]: key is blank; want 16"}},
		"a short key":                           {keys(KeyLiteral(secret)), []string{"Bypass[1].Keys[0]: key is too short; want 16"}},
		"a key of 15 bytes":                     {keys(KeyLiteral(goodKey[1:])), []string{"Bypass[1].Keys[0]: key is too short; want 16"}},
		"a key without end":                     {keys(KeyLiteral(strings.Repeat(secret, 1000))), []string{"Bypass[1].Keys[0]: key is too long; want 16"}},
		"a line feed at the end":                {keys(KeyLiteral(long + "\n")), []string{"Bypass[1].Keys[0]: key has white space around it"}},
		"a blank in front":                      {keys(KeyLiteral(" " + long)), []string{"Bypass[1].Keys[0]: key has white space around it"}},
		"a line feed inside":                    {keys(KeyLiteral(long + "\n" + long)), []string{"Bypass[1].Keys[0]: key holds control characters"}},
		"a NUL inside":                          {keys(KeyLiteral(long + "\x00" + long)), []string{"Bypass[1].Keys[0]: key holds control characters"}},
		"invalid UTF-8":                         {keys(KeyLiteral(long + "\xff" + long)), []string{"Bypass[1].Keys[0]: key holds control characters"}},
		"the same key twice":                    {keys(KeyLiteral(long), good, KeyLiteral(long)), []string{"Bypass[1].Keys[2]: is the same key"}},
		"several":                               {keys(KeyLiteral(""), good, Key{}), []string{"Bypass[1].Keys[0]: key is empty", "Bypass[1].Keys[2]: is the zero"}},
		"no header":                             {APIKeyHeader("", good), []string{"Bypass[1].Header: is no header name"}},
		"a header with a blank":                 {APIKeyHeader("X Key", good), []string{`Bypass[1].Header: "X Key": is no header name`}},
		"a header with a colon":                 {APIKeyHeader("X-Key:", good), []string{`Bypass[1].Header: "X-Key:": is no header name`}},
		"a header with a line feed":             {APIKeyHeader("X-Key\r\n", good), []string{`Bypass[1].Header: "X-Key\r\n": is no header name`}},
		"a header that is not ASCII":            {APIKeyHeader("X-Käy", good), []string{`Bypass[1].Header: "X-Käy": is no header name`}},
		"Authorization":                         {APIKeyHeader("authorization", good), []string{`Bypass[1].Header: "authorization": carries other credentials`}},
		"Cookie":                                {APIKeyHeader("Cookie", good), []string{`Bypass[1].Header: "Cookie": carries other credentials`}},
		"Host, which net/http takes out":        {APIKeyHeader("HOST", good), []string{`Bypass[1].Header: "HOST": belongs to HTTP itself`}},
		"TE, of which the canonical form is Te": {APIKeyHeader("TE", good), []string{`Bypass[1].Header: "TE": belongs to HTTP itself`}},
		"no parameter":                          {APIKeyQuery("", good), []string{"Bypass[1].Param: want the name"}},
		"a parameter that needs encoding":       {APIKeyQuery("a&b", good), []string{`Bypass[1].Param: "a&b": want the name`}},
		"a parameter with a blank":              {APIKeyQuery("a b", good), []string{`Bypass[1].Param: "a b": want the name`}},
		"a parameter and its keys":              {APIKeyQuery("", Key{}), []string{"Bypass[1].Param:", "Bypass[1].Keys[0]:"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lines := faultLines(tc.p)
			require.Len(t, lines, len(tc.want), "%q", lines)
			for i, want := range tc.want {
				require.True(t, strings.HasPrefix(lines[i], want), "%q", lines[i])
				require.NotContains(t, lines[i], secret)
			}
			r := getRequest(t, "/?key="+goodKey+"&="+goodKey)
			for _, header := range []string{"X-Key", "Authorization", "Cookie", "Te", ""} {
				r.Header[header] = []string{goodKey}
			}
			requireAllows(t, false, tc.p, r)
		})
	}
}

func TestKeyFromEnv(t *testing.T) {
	const secret = "s3cr3t-of-32-bytes-s3cr3t-of-32"
	for name, tc := range map[string]struct {
		variable, value string
		set             bool
		want            string // "" means fine
	}{
		"a key":                {"DOWNTIME_TEST_KEY", secret, true, ""},
		"a list is one key":    {"DOWNTIME_TEST_KEY", secret + "," + goodKey, true, ""},
		"not set":              {"DOWNTIME_TEST_KEY", "", false, `Bypass[1].Keys[0]: "DOWNTIME_TEST_KEY": environment variable is not set; put a key of 16`},
		"empty":                {"DOWNTIME_TEST_KEY", "", true, `Bypass[1].Keys[0]: "DOWNTIME_TEST_KEY": key is empty; want 16`},
		"blank":                {"DOWNTIME_TEST_KEY", "  ", true, `Bypass[1].Keys[0]: "DOWNTIME_TEST_KEY": key is blank; want 16`},
		"short":                {"DOWNTIME_TEST_KEY", "s3cr3t", true, `Bypass[1].Keys[0]: "DOWNTIME_TEST_KEY": key is too short; want 16`},
		"with a line feed":     {"DOWNTIME_TEST_KEY", secret + "\n", true, `Bypass[1].Keys[0]: "DOWNTIME_TEST_KEY": key has white space around it`},
		"no name":              {"", "", false, "Bypass[1].Keys[0]: want the name of an environment variable"},
		"the key for the name": {"s3cr3t+of/32=", "", false, "Bypass[1].Keys[0]: want the name of an environment variable"},
		"a digit in front":     {"1_s3cr3t", "", false, "Bypass[1].Keys[0]: want the name of an environment variable"},
	} {
		t.Run(name, func(t *testing.T) {
			if tc.set {
				t.Setenv(tc.variable, tc.value)
			}
			k := KeyFromEnv(tc.variable)
			p := APIKeyHeader("X-Key", k)
			require.NotContains(t, k.String(), "s3cr3t")
			r := getRequest(t, "/")
			r.Header.Set("X-Key", tc.value)
			requireAllows(t, tc.want == "", p, r)
			if tc.want == "" {
				require.NoError(t, p.fault("Bypass[1]"))
				return
			}
			lines := faultLines(p)
			require.Len(t, lines, 1)
			require.True(t, strings.HasPrefix(lines[0], tc.want), "%q", lines[0])
			require.NotContains(t, lines[0], "s3cr3t")
		})
	}
}

func TestKeyFromEnvHoldsOneKeyOnly(t *testing.T) {
	t.Setenv("DOWNTIME_TEST_KEY", goodKey+","+otherKey)
	p := APIKeyHeader("X-Key", KeyFromEnv("DOWNTIME_TEST_KEY"))
	for _, presented := range []string{goodKey, otherKey} {
		r := getRequest(t, "/")
		r.Header.Set("X-Key", presented)
		requireAllows(t, false, p, r)
	}
}

func TestKeyIsReadWhenItIsMade(t *testing.T) {
	t.Setenv("DOWNTIME_TEST_KEY", goodKey)
	p := APIKeyHeader("X-Key", KeyFromEnv("DOWNTIME_TEST_KEY"))
	t.Setenv("DOWNTIME_TEST_KEY", otherKey)
	r := getRequest(t, "/")
	r.Header.Set("X-Key", goodKey)
	requireAllows(t, true, p, r)
}

// The set compares every key in constant time, also after a match, so the duration shows nothing.
func TestEveryKeyIsCompared(t *testing.T) {
	t.Parallel()
	set := newKeySet([]Key{KeyLiteral(goodKey), KeyLiteral(otherKey), {}, KeyLiteral(goodKey + goodKey)})
	require.Len(t, set, 4)
	for fits := range len(set) + 1 {
		compared := 0
		found := set.compare([sha256.Size]byte{}, func(x, y []byte) int {
			require.Len(t, x, sha256.Size)
			require.Equal(t, set[compared][:], y)
			compared++
			if compared-1 == fits {
				return 1
			}
			return 0
		})
		require.Equal(t, len(set), compared)
		if fits == len(set) {
			fits = notFound
		}
		require.Equal(t, fits, found)
	}
}

func TestAnEmptyKeySetHoldsNoKey(t *testing.T) {
	t.Parallel()
	for _, presented := range []string{"", " ", goodKey} {
		require.Equal(t, notFound, keySet(nil).find(presented))
		require.Equal(t, notFound, keySet{{}}.find(presented), "a digest of zeros matches no key")
	}
}

func TestTheNameOfAKeyIsInTheDecision(t *testing.T) {
	t.Parallel()
	ci, old, unnamed := KeyLiteral(goodKey).Named("ci"), KeyLiteral(otherKey).Named("ci, old"), KeyLiteral(goodKey+goodKey)
	for name, c := range map[string]struct {
		p    Predicate
		want map[string]string // rule, by the key that the request has
	}{
		"in a header": {APIKeyHeader("X-Key", ci, old, unnamed), map[string]string{
			goodKey: "api key in header X-Key: ci", otherKey: "api key in header X-Key: ci, old", goodKey + goodKey: "api key in header X-Key",
		}},
		"in a query": {APIKeyQuery("key", ci, unnamed), map[string]string{
			goodKey: "api key in query parameter key: ci", goodKey + goodKey: "api key in query parameter key",
		}},
		"in a group": {Any("jobs", APIKeyHeader("X-Key", old), APIKeyQuery("key", ci)), map[string]string{
			goodKey: "jobs: ci", otherKey: "jobs: ci, old",
		}},
		"without names": {APIKeyHeader("X-Key", KeyLiteral(goodKey)), map[string]string{goodKey: "api key in header X-Key"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gate, err := New(Config{Down: true, Bypass: []Predicate{c.p}, Logger: slog.New(slog.DiscardHandler)})
			require.NoError(t, err)
			for key, want := range c.want {
				r := getRequest(t, "/?key="+key)
				r.Header.Set("X-Key", key)
				d := gate.Decide(t.Context(), r)
				require.Equal(t, Bypassed, d.Outcome)
				require.Equal(t, want, d.Rule)
			}
		})
	}
	require.EqualError(t, APIKeyHeader("X-Key", ci.Named(" ")).Validate(), `Predicate.Keys[0].Name: " ": is blank; want a name for logs and status`)
}

// No way of printing a key, or a value that holds one, shows the secret.
func TestKeysAreNeverPrinted(t *testing.T) {
	const secret = "s3cr3t-of-32-bytes-s3cr3t-of-32-"
	t.Setenv("DOWNTIME_TEST_KEY", secret)
	digest := sha256.Sum256([]byte(secret))
	type holder struct {
		Exported   Key
		unexported Key
		pointer    *Key
		p          Predicate
	}
	literal, env := KeyLiteral(secret), KeyFromEnv("DOWNTIME_TEST_KEY")
	inside := APIKeyHeader("X-Key", literal)
	values := map[string]any{
		"literal":   literal,
		"env":       env,
		"pointer":   &literal,
		"slice":     []Key{literal, env},
		"predicate": inside,
		"query":     APIKeyQuery("key", literal),
		"named":     APIKeyQuery("key", literal.Named("ci")),
		"group":     Any("x", inside),
		"holder":    holder{literal, env, &literal, inside},
		"config":    Config{Bypass: []Predicate{inside}},
		"short":     KeyLiteral(secret[:8]),
		"faulty":    APIKeyHeader("X-Key", literal, literal, KeyLiteral(secret[:8])),
	}
	clean := func(name, out string) {
		require.NotEmpty(t, out)
		for _, leak := range [][]byte{[]byte("s3cr3t"), digest[:4]} {
			for _, form := range []string{"%s", "%x", "%X", "% x", "%d", "%o"} {
				require.NotContains(t, out, strings.Trim(fmt.Sprintf(form, leak), "[]"), name)
			}
		}
	}
	for name, v := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%d", "%o", "%c", "%U", "%t", "%e", "%p", "%T"} {
			clean(name, fmt.Sprintf(verb, v))
		}
		if encoded, err := json.Marshal(v); err == nil {
			clean(name, string(encoded))
		}
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", "v", v)
		slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "v", v)
		clean(name, log.String())
	}
	require.Equal(t, "core.Key(literal)", literal.String())
	require.Equal(t, "core.Key(environment variable DOWNTIME_TEST_KEY)", fmt.Sprintf("%d", env))
	require.Equal(t, `core.Key(literal, "ci")`, literal.Named("ci").String())
	require.Equal(t, "core.Key(zero)", fmt.Sprint(Key{}))
	require.Equal(t, "api key in header X-Key", inside.Name())
	require.Equal(t, "api key in query parameter key", APIKeyQuery("key", literal).Name())
}
