package core

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAPIKeyQuery(t *testing.T) {
	t.Parallel()
	p := APIKeyQuery("key", KeyLiteral(goodKey), KeyLiteral("a key with + & = % in it"))
	require.NoError(t, p.fault("Bypass[0]"))
	for name, tc := range map[string]struct {
		query string
		want  bool
	}{
		"the key":                            {"key=" + goodKey, true},
		"the key among others":               {"a=b&key=" + goodKey + "&c", true},
		"the key percent-encoded":            {"key=%30123456789abcdef", true},
		"a key that needs encoding":          {"key=" + url.QueryEscape("a key with + & = % in it"), true},
		"the parameter's name encoded":       {"k%65y=" + goodKey, true},
		"no query":                           {"", false},
		"an empty key":                       {"key=", false},
		"the parameter without a value":      {"key", false},
		"another parameter":                  {"Key=" + goodKey, false},
		"the key twice":                      {"key=" + goodKey + "&key=" + goodKey, false},
		"a good one after a bad one":         {"key=x&key=" + goodKey, false},
		"an empty one beside it":             {"key=" + goodKey + "&key", false},
		"twice, once with an encoded name":   {"key=x&k%65y=" + goodKey, false},
		"a bad escape elsewhere":             {"key=" + goodKey + "&x=%zz", false},
		"a semicolon, which proxies divide":  {"x=1;key=" + goodKey, false},
		"a semicolon elsewhere":              {"key=" + goodKey + "&a;b", false},
		"a key that goes on":                 {"key=" + goodKey + "0", false},
		"an array as PHP has it":             {"key[]=" + goodKey, false},
		"a query without end":                {"key=" + goodKey + "&x=" + strings.Repeat("a", maxQueryLen), false},
		"as many parameters as there may be": {"key=" + goodKey + strings.Repeat("&a", maxQueryParams-1), true},
		"more parameters than there may be":  {"key=" + goodKey + strings.Repeat("&a", maxQueryParams), false},
		"a plus sign in the name":            {"key+=" + goodKey, false},
		"the name encoded twice":             {"k%2565y=" + goodKey, false},
		"half an escape in the name":         {"k%6=" + goodKey, false},
		"a key of escapes without end":       {"key=" + strings.Repeat("%30", maxKeyLen+1), false},
		"a bad escape in the key":            {"key=" + goodKey + "%", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := getRequest(t, "/")
			r.URL.RawQuery = tc.query
			r.Header.Set("Key", goodKey)
			requireAllows(t, tc.want, p, r)
		})
	}
}

// queryGate returns a closed gate with these predicates, and a function that returns the request
// that its handler got.
func queryGate(t *testing.T, bypass ...Predicate) (h http.Handler, got func() *http.Request) {
	t.Helper()
	gate, err := New(Config{Down: true, ExemptExact: []string{"/exempt"}, Bypass: bypass, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	var seen *http.Request
	return gate.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen = r })), func() *http.Request { return seen }
}

func TestAKeyInTheQueryIsTakenOut(t *testing.T) {
	t.Parallel()
	key := APIKeyQuery("key", KeyLiteral(goodKey))
	header := APIKeyHeader("X-Key", KeyLiteral(goodKey))
	for name, tc := range map[string]struct {
		bypass       Predicate
		target, left string
		referrer     string
	}{
		"the key alone":                     {key, "/x?key=" + goodKey, "/x", "no-referrer"},
		"the key first":                     {key, "/x?key=" + goodKey + "&a=b", "/x?a=b", "no-referrer"},
		"the key last":                      {key, "/x?a=b&key=" + goodKey, "/x?a=b", "no-referrer"},
		"the key among others":              {key, "/x?a=b&&key=" + goodKey + "&a=c%20d+e&f", "/x?a=b&&a=c%20d+e&f", "no-referrer"},
		"an encoded name":                   {key, "/x?k%65y=" + goodKey + "&keys=1", "/x?keys=1", "no-referrer"},
		"an absolute target":                {key, "http://h.test/x?key=" + goodKey, "http://h.test/x", "no-referrer"},
		"in a group":                        {Any("a", All("b", key)), "/x?key=" + goodKey, "/x", "no-referrer"},
		"in a group, beside another":        {Any("a", header, key), "/x?key=" + goodKey, "/x", "no-referrer"},
		"another predicate":                 {header, "/x?key=" + goodKey, "/x?key=" + goodKey, ""},
		"a group that another member opens": {Any("a", header, key), "/x?key=page-2", "/x?key=page-2", ""},
		"an exempt path":                    {key, "/exempt?key=" + goodKey, "/exempt?key=" + goodKey, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, got := queryGate(t, tc.bypass)
			r := getRequest(t, tc.target)
			if tc.referrer == "" {
				r.Header.Set("X-Key", goodKey)
			}
			require.NoError(t, r.ParseForm())
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			require.Equal(t, http.StatusOK, w.Code)
			require.Equal(t, tc.referrer, w.Header().Get("Referrer-Policy"))
			require.Same(t, r, got(), "a log in front of the gate has the same r")
			require.Equal(t, tc.left, r.RequestURI)
			_, query, _ := strings.Cut(tc.left, "?")
			require.Equal(t, query, r.URL.RawQuery)
			require.Equal(t, strings.Contains(query, "key=") && !strings.HasPrefix(query, "keys"), r.Form.Has("key"))
			if tc.referrer != "" {
				require.NotContains(t, r.URL.String()+r.RequestURI+r.Form.Encode(), goodKey)
			}
		})
	}
}

func TestAKeyThatDoesNotOpenStays(t *testing.T) {
	t.Parallel()
	h, _ := queryGate(t, APIKeyQuery("key", KeyLiteral(goodKey)))
	r := getRequest(t, "/x?key=wrong")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	require.Equal(t, "/x?key=wrong", r.RequestURI)
	require.Empty(t, w.Header().Get("Referrer-Policy"))
}

// The hook and its log are part of the application, so they must not see the key.
func TestOnDecisionDoesNotSeeTheKey(t *testing.T) {
	t.Parallel()
	asked := 0
	gate, err := New(Config{
		Down: true, Bypass: []Predicate{APIKeyQuery("key", KeyLiteral(goodKey))}, Logger: slog.New(slog.DiscardHandler),
		OnDecision: func(_ context.Context, r *http.Request, _ Decision) {
			asked++
			require.NotContains(t, r.URL.String()+r.RequestURI, goodKey)
		},
	})
	require.NoError(t, err)
	r := getRequest(t, "/x?key="+goodKey)
	require.Equal(t, Bypassed, gate.Decide(t.Context(), r).Outcome)
	require.Equal(t, Bypassed, gate.Decide(t.Context(), r).Outcome, "Decide changes nothing")
	_, d := gate.Admit(t.Context, httptest.NewRecorder(), r)
	require.Equal(t, Bypassed, d.Outcome)
	require.Equal(t, 1, asked)
}

// hostileQueries are queries of up to 16 KiB from a client without a key.
func hostileQueries() map[string]string {
	fill := func(part string) string { return strings.Repeat(part, maxQueryLen/len(part)) }
	var distinct strings.Builder
	for i := 0; distinct.Len() < maxQueryLen-6; i++ {
		distinct.WriteString(strconv.FormatInt(int64(i), 36) + "&")
	}
	return map[string]string{
		"distinct parameters": distinct.String(),
		"parameters":          fill("a&"),
		"names":               fill("key&"),
		"as many as may be":   strings.Repeat("key="+strings.Repeat("x", maxQueryLen/maxQueryParams-5)+"&", maxQueryParams-1),
		"escapes":             fill("%41"),
		"names in escapes":    strings.Repeat("%6b%65%7a="+strings.Repeat("x", maxQueryLen/maxQueryParams-11)+"&", maxQueryParams-1),
		"one value":           "key=" + strings.Repeat("x", maxQueryLen-4),
		"one value, fitting":  "key=" + strings.Repeat("x", maxKeyLen),
		"a value of escapes":  "key=" + strings.Repeat("%41", maxKeyLen),
		"semicolons":          fill(";"),
		"a usual query":       "page=2&sort=name&q=shoes",
	}
}

//nolint:paralleltest // AllocsPerRun counts the allocations of the whole process
func TestAHostileQueryCostsLittle(t *testing.T) {
	p := APIKeyQuery("key", KeyLiteral(goodKey))
	for name, query := range hostileQueries() {
		r := &http.Request{URL: &url.URL{RawQuery: query}}
		perRun := testing.AllocsPerRun(10, func() { p.allows(t.Context(), r, nil) })
		require.LessOrEqual(t, perRun, float64(maxQueryParams), name)
	}
}

func BenchmarkAPIKeyQuery(b *testing.B) {
	p := APIKeyQuery("key", KeyLiteral(goodKey))
	for name, query := range hostileQueries() {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			r := &http.Request{URL: &url.URL{RawQuery: query}}
			ctx := context.Background()
			for b.Loop() {
				if yes, _ := p.allows(ctx, r, nil); yes {
					b.Fatal("it passes")
				}
			}
		})
	}
}

// FuzzAPIKeyQuery checks that a query passes only if it has the parameter once, with the key.
func FuzzAPIKeyQuery(f *testing.F) {
	f.Add("key=" + goodKey)
	f.Add("key=" + goodKey + "&key=")
	f.Add("k%65y=%30123456789abcdef;")
	p := APIKeyQuery("key", KeyLiteral(goodKey))
	f.Fuzz(func(t *testing.T, query string) {
		r := &http.Request{URL: &url.URL{RawQuery: query}}
		yes, panicked := p.allows(t.Context(), r, nil)
		require.Nil(t, panicked)
		values, err := url.ParseQuery(query)
		want := err == nil && len(query) <= maxQueryLen && strings.Count(query, "&") < maxQueryParams &&
			len(values["key"]) == 1 && values["key"][0] == goodKey
		require.Equal(t, want, yes)

		delete(values, "key")
		r.RequestURI = "/?" + query
		require.Equal(t, yes, p.hide(r))
		if yes {
			left, err := url.ParseQuery(r.URL.RawQuery)
			require.NoError(t, err)
			require.Equal(t, values, left)
			_, target, _ := strings.Cut(r.RequestURI, "?")
			require.Equal(t, r.URL.RawQuery, target)
		}
	})
}
