package exempt

import (
	"errors"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/period"
)

var (
	testExact    = []string{"/", "/healthz", "/slash/", "/café", "/a/b/c", "/a b.txt", "/a(1).txt", "/a (1).txt", "/static/x"}
	testPrefixes = []string{"/static", "/admin/", "/a/b", "/été", "/.well-known", "/..data"}
)

func testRules(tb testing.TB) *Rules {
	tb.Helper()
	e, err := New(testExact, testPrefixes)
	require.NoError(tb, err)
	return &e
}

// parsed is the URL that net/http parses from a request target.
func parsed(tb testing.TB, target string) *url.URL {
	tb.Helper()
	u, err := url.ParseRequestURI(target)
	require.NoError(tb, err)
	return u
}

func TestExemptTargets(t *testing.T) {
	t.Parallel()
	e := testRules(t)
	for name, tc := range map[string]struct {
		target string
		rule   string // "" means not exempt
	}{
		"an exact entry":                        {"/healthz", "/healthz"},
		"an exact entry with a query":           {"/healthz?verbose=1", "/healthz"},
		"the front page alone":                  {"/", "/"},
		"the front page with a query":           {"/?a=b", "/"},
		"an exact entry that ends in a slash":   {"/slash/", "/slash/"},
		"a prefix itself":                       {"/static", "/static"},
		"a prefix with a slash":                 {"/static/", "/static"},
		"below a prefix":                        {"/static/js/app.js", "/static"},
		"two slashes below a prefix":            {"/static//app.js", "/static"},
		"a prefix that was given with a slash":  {"/admin", "/admin/"},
		"below a prefix given with a slash":     {"/admin/users", "/admin/"},
		"a prefix of two segments":              {"/a/b/d", "/a/b"},
		"the shorter entry where two fit":       {"/a/b/c", "/a/b"},
		"a non-ASCII entry as browsers send it": {"/caf%C3%A9", "/café"},
		"a non-ASCII entry as it stands":        {"/café", "/café"},
		"a non-ASCII prefix":                    {"/%C3%A9t%C3%A9/1", "/été"},
		"an entry with a space":                 {"/a%20b.txt", "/a b.txt"},
		"an entry with brackets":                {"/a(1).txt", "/a(1).txt"},
		"an entry with a space and brackets, of which Go keeps the raw path": {"/a%20(1).txt", ""},
		"an absolute target":                       {"http://elsewhere.test/healthz", "/healthz"},
		"brackets below a prefix":                  {"/static/[id].js", "/static"},
		"an apostrophe below a prefix":             {"/static/a'b!.js", "/static"},
		"lower-case hex below a prefix":            {"/static/%c3%a9", "/static"},
		"an encoded slash in a name":               {"/static/a%2Fb.png", "/static"},
		"an encoded at sign":                       {"/static/%40scope/x.js", "/static"},
		"a percent sign in a name":                 {"/static/100%25", "/static"},
		"a percent sign before other text":         {"/static/100%25.txt", "/static"},
		"a percent sign before half an escape":     {"/static/%25a", "/static"},
		"two percent signs":                        {"/static/%25%25", "/static"},
		"dots inside of a name":                    {"/static/a..b/c.min.js", "/static"},
		"a hidden file":                            {"/static/.hidden", "/static"},
		"two dots that begin a name":               {"/static/..x", "/static"},
		"an entry that begins with a dot":          {"/.well-known/acme", "/.well-known"},
		"an entry that begins with two dots":       {"/..data/x", "/..data"},
		"a matrix parameter after a name":          {"/static/a;v=1/b", "/static"},
		"a fragment sign that reached the path":    {"/static/%23x", "/static"},
		"a question mark in a name":                {"/static/a%3Fb", "/static"},
		"a plus sign":                              {"/static/a+b", "/static"},
		"emoji below a prefix":                     {"/static/%F0%9F%98%80", "/static"},
		"a longer word":                            {"/administrator", ""},
		"a longer word after an exact entry":       {"/healthzz", ""},
		"a shorter word":                           {"/stati", ""},
		"below an exact entry":                     {"/healthz/live", ""},
		"a slash after an exact entry":             {"/healthz/", ""},
		"an exact entry without its slash":         {"/slash", ""},
		"above a prefix":                           {"/a", ""},
		"above a prefix, with a slash":             {"/a/", ""},
		"beside a prefix":                          {"/a/c", ""},
		"another case":                             {"/Healthz", ""},
		"another case of a prefix":                 {"/STATIC/x", ""},
		"an entry in the query":                    {"/other?x=/healthz", ""},
		"an entry in the middle":                   {"/x/static/y", ""},
		"two slashes in front":                     {"//static/x", ""},
		"two slashes and an authority":             {"//down.test/admin", ""},
		"two slashes alone":                        {"//", ""},
		"an encoded letter":                        {"/%61dmin", ""},
		"an encoded letter of an exact entry":      {"/health%7A", ""},
		"lower-case hex in the exempt part":        {"/caf%c3%a9", ""},
		"an encoded letter before an odd byte":     {"/%73tatic/x^", ""},
		"an encoded slash for the separator":       {"/static%2fx", ""},
		"an encoded slash in the exempt part":      {"/a%2Fb", ""},
		"an encoded slash for the front page":      {"/%2F", ""},
		"a letter encoded twice":                   {"/%2561dmin", ""},
		"a dot segment":                            {"/static/./x", ""},
		"a dot segment at the end":                 {"/static/.", ""},
		"a parent segment":                         {"/static/../admin", ""},
		"a parent segment at the end":              {"/static/..", ""},
		"a parent segment in front":                {"/x/../static", ""},
		"a dot in front":                           {"/./static", ""},
		"a dot alone":                              {"/.", ""},
		"an encoded parent segment":                {"/static/%2e%2e/admin", ""},
		"a half encoded parent segment":            {"/static/.%2E/admin", ""},
		"a parent segment with an encoded slash":   {"/static/..%2fadmin", ""},
		"the same behind an illegal byte":          {"/static/..%2fadmin^", ""},
		"a parent segment encoded twice":           {"/static/%252e%252e/admin", ""},
		"a slash encoded twice":                    {"/static/..%252Fx", ""},
		"a backslash encoded twice":                {"/static/%255cx", ""},
		"a percent sign encoded twice":             {"/static/%2525x", ""},
		"a letter below a prefix encoded twice":    {"/static/%2541", ""},
		"a parameter encoded twice":                {"/static/..%253b/", ""},
		"a question mark encoded twice":            {"/static/..%253F/", ""},
		"a fragment sign encoded twice":            {"/static/..%2523/", ""},
		"a NUL encoded twice":                      {"/static/..%2500/", ""},
		"a tab encoded twice":                      {"/static/..%2509/", ""},
		"a line feed encoded twice":                {"/static/..%250a/", ""},
		"a carriage return encoded twice":          {"/static/..%250d/", ""},
		"a space encoded twice":                    {"/static/..%2520/", ""},
		"an escape after another percent sign":     {"/static/%25%2532e", ""},
		"a parent segment before a query":          {"/static/..%3f/", ""},
		"a parent segment before a fragment":       {"/static/..%23/", ""},
		"a parent segment before a space":          {"/static/..%20/", ""},
		"a dot segment before a space":             {"/static/.%20", ""},
		"a parent segment with a matrix parameter": {"/static/..;x/admin", ""},
		"a dot segment with a matrix parameter":    {"/static/.;/x", ""},
		"the same, encoded":                        {"/static/..%3Bx/admin", ""},
		"three dots":                               {"/static/...", ""},
		"three dots and an extension":              {"/static/...js", ""},
		"a backslash":                              {`/static/..\admin`, ""},
		"an encoded backslash":                     {"/static/x%5Cy", ""},
		"an encoded line feed":                     {"/static/x%0aFAKE", ""},
		"an encoded NUL":                           {"/static/x%00.png", ""},
		"an encoded DEL":                           {"/static/x%7f", ""},
		"invalid UTF-8":                            {"/static/%ff", ""},
		"an overlong dot":                          {"/static/%c0%ae%c0%ae/x", ""},
		"a surrogate":                              {"/static/%ed%a0%80", ""},
		"a cut sequence at the end":                {"/static/%c3", ""},
		"an asterisk":                              {"*", ""},
		"a target without a path":                  {"http://h", ""},
		"an opaque target":                         {"http:healthz", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := parsed(t, tc.target)
			rule, ok := e.Match(u)
			require.Equal(t, tc.rule, rule, "Path %q RawPath %q", u.Path, u.RawPath)
			require.Equal(t, tc.rule != "", ok)
		})
	}
}

// Middleware may change one of the two paths of a URL and leave the other.
func TestExemptStaleRawPath(t *testing.T) {
	t.Parallel()
	e := testRules(t)
	for name, tc := range map[string]struct {
		u    url.URL
		rule string
	}{
		"the slash was cut off the decoded path only": {url.URL{Path: "/static/x", RawPath: "/static/x/"}, "/static"},
		"the same with an encoded slash":              {url.URL{Path: "/static/a/b", RawPath: "/static/a%2Fb/"}, "/static"},
		"an exact entry and its raw path":             {url.URL{Path: "/healthz", RawPath: "/healthz"}, "/healthz"},
		"a raw path that goes on":                     {url.URL{Path: "/healthz", RawPath: "/healthz/"}, ""},
		"a raw path that echo routes elsewhere":       {url.URL{Path: "/", RawPath: "/%2F"}, ""},
		"a raw path outside":                          {url.URL{Path: "/static/x", RawPath: "/admin2/x"}, ""},
		"a decoded path outside":                      {url.URL{Path: "/admin2/x", RawPath: "/static/x"}, ""},
		"a parent segment in the raw path only":       {url.URL{Path: "/static/x", RawPath: "/static/%2e%2e/x"}, ""},
		"a parent segment in the decoded path only":   {url.URL{Path: "/static/../x", RawPath: "/static/x"}, ""},
		"a line feed in the raw path only":            {url.URL{Path: "/static/x", RawPath: "/static/%0a"}, ""},
		"invalid UTF-8 in the raw path only":          {url.URL{Path: "/static/x", RawPath: "/static/%ff"}, ""},
		"a raw path that stops at the parent segment": {url.URL{Path: "/static/..x", RawPath: "/static/.."}, ""},
		"a raw path with one bad digit":               {url.URL{Path: "/static/\U00100000", RawPath: "/static/%z4%80%80%80"}, ""},
		"a raw path with good digits":                 {url.URL{Path: "/static/\U00100000", RawPath: "/static/%f4%80%80%80"}, "/static"},
		"a malformed raw path":                        {url.URL{Path: "/static/%zz", RawPath: "/static/%zz"}, ""},
		"a raw path that ends in a percent sign":      {url.URL{Path: "/static/x", RawPath: "/static/x%"}, ""},
		"a raw path that ends in half an escape":      {url.URL{Path: "/static/x", RawPath: "/static/x%2"}, ""},
		"a path that does not begin with a slash":     {url.URL{Path: "static/x"}, ""},
		"an opaque URL with a path":                   {url.URL{Opaque: "x", Path: "/static/x"}, ""},
		"nothing":                                     {url.URL{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rule, ok := e.Match(&tc.u)
			require.Equal(t, tc.rule, rule)
			require.Equal(t, tc.rule != "", ok)
		})
	}
}

func TestExemptNothingByItself(t *testing.T) {
	t.Parallel()
	none, err := New(nil, []string{})
	require.NoError(t, err)
	for _, e := range []*Rules{{}, &none} {
		for _, path := range []string{"/", "", "/healthz", "/admin", "/downtime", "*"} {
			_, ok := e.Match(&url.URL{Path: path})
			require.False(t, ok, path)
		}
		_, ok := e.Match(nil)
		require.False(t, ok)
	}
	_, ok := testRules(t).Match(nil)
	require.False(t, ok)
}

func TestExemptHostAndSchemeTakeNoPart(t *testing.T) {
	t.Parallel()
	e := testRules(t)
	_, ok := e.Match(&url.URL{Scheme: "http", Host: "static", Path: "/x"})
	require.False(t, ok)
	rule, ok := e.Match(&url.URL{Scheme: "ftp", Host: "any.test", Path: "/static/x", RawQuery: "..", Fragment: ".."})
	require.True(t, ok)
	require.Equal(t, "/static", rule)
}

func TestExemptEntriesRefused(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		entry, problem string
	}{
		"empty":                         {"", "is empty"},
		"no slash in front":             {"healthz", `begins with "/"`},
		"a blank in front":              {" /healthz", `begins with "/"`},
		"a URL":                         {"https://example.test/x", `begins with "/"`},
		"percent-encoded":               {"/caf%C3%A9", "decoded"},
		"a percent sign":                {"/100%", "decoded"},
		"a query":                       {"/x?y", "? #"},
		"a fragment":                    {"/x#y", "? #"},
		"a pattern":                     {"/static/*", "? #"},
		"a backslash":                   {`/static\x`, "? #"},
		"a matrix parameter":            {"/x;y", "? #"},
		"two slashes":                   {"/static//x", "//"},
		"two slashes alone":             {"//", "//"},
		"two slashes at the end":        {"/static//", "//"},
		"a dot segment":                 {"/./x", "segment"},
		"a dot segment at the end":      {"/x/.", "segment"},
		"a parent segment":              {"/x/../y", "segment"},
		"a parent segment at the end":   {"/x/..", "segment"},
		"a segment of three dots":       {"/...", "segment"},
		"a segment that begins as such": {"/x/...y", "segment"},
		"a line feed":                   {"/x\n", "control"},
		"a NUL":                         {"/\x00", "control"},
		"a DEL":                         {"/\x7f", "control"},
		"invalid UTF-8":                 {"/\xff", "UTF-8"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, err := New([]string{"/fine", tc.entry}, []string{"/ok", "/ok2", tc.entry})
			require.ErrorContains(t, err, tc.problem)
			var fields []string
			for _, fault := range fieldErrors(t, err) {
				fields = append(fields, fault.Field)
				require.Equal(t, tc.entry, fault.Value)
				require.Contains(t, fault.Problem, tc.problem)
			}
			require.Equal(t, []string{"ExemptExact[1]", "ExemptPaths[2]"}, fields)

			_, ok := e.Match(&url.URL{Path: tc.entry})
			require.False(t, ok, "a refused entry exempts nothing")
			_, ok = e.Match(&url.URL{Path: "/ok/x"})
			require.True(t, ok, "the others are kept")
		})
	}
}

func TestExemptWholeSiteRefusedAsPrefix(t *testing.T) {
	t.Parallel()
	e, err := New([]string{"/"}, []string{"/"})
	faults := fieldErrors(t, err)
	require.Len(t, faults, 1)
	require.Equal(t, "ExemptPaths[0]", faults[0].Field)
	require.Contains(t, faults[0].Problem, "whole site")
	_, ok := e.Match(&url.URL{Path: "/x"})
	require.False(t, ok)
}

func TestExemptEntryTwiceIsOne(t *testing.T) {
	t.Parallel()
	e, err := New([]string{"/x", "/x"}, []string{"/x/", "/x", "/y", "/y/z"})
	require.NoError(t, err)
	for path, want := range map[string]string{"/x": "/x/", "/x/1": "/x/", "/y/z/1": "/y"} {
		rule, ok := e.Match(&url.URL{Path: path})
		require.True(t, ok)
		require.Equal(t, want, rule)
	}
}

// fieldErrors are the faults that are joined in err.
func fieldErrors(tb testing.TB, err error) []*period.FieldError {
	tb.Helper()
	require.Error(tb, err)
	var joined interface{ Unwrap() []error }
	require.ErrorAs(tb, err, &joined)
	var faults []*period.FieldError
	for _, one := range joined.Unwrap() {
		fault, ok := errors.AsType[*period.FieldError](one)
		require.True(tb, ok, "%v", one)
		faults = append(faults, fault)
	}
	return faults
}

var leftOver = regexp.MustCompile("%[0-9a-fA-F]{2}")

// naivelyExempt states the path rule directly, without regard to its cost.
func naivelyExempt(exact, prefixes []string, u *url.URL) (rules []string) {
	if u.Opaque != "" || !strings.HasPrefix(u.Path, "/") {
		return nil
	}
	literal, decoded := []string{u.Path}, []string{u.Path}
	if u.RawPath != "" {
		d, err := url.PathUnescape(u.RawPath)
		if err != nil {
			return nil
		}
		literal, decoded = append(literal, u.RawPath), append(decoded, d)
	}
	for _, path := range decoded {
		if !utf8.ValidString(path) || strings.Contains(path, `\`) {
			return nil
		}
		for _, b := range []byte(path) {
			if b < 0x20 || b == 0x7f {
				return nil
			}
		}
		if leftOver.MatchString(path) {
			return nil
		}
		for segment := range strings.SplitSeq(path, "/") {
			cut := segment
			if i := strings.IndexAny(segment, ";?# "); i >= 0 {
				cut = segment[:i]
			}
			if cut == "." || cut == ".." || strings.HasPrefix(segment, "...") {
				return nil
			}
		}
	}
	for _, entry := range exact {
		if !slices.ContainsFunc(literal, func(path string) bool { return path != entry }) {
			rules = append(rules, entry)
		}
	}
	for _, entry := range prefixes {
		segments := strings.Split(strings.TrimSuffix(entry, "/"), "/")
		if !slices.ContainsFunc(literal, func(path string) bool {
			got := strings.Split(path, "/")
			return len(got) < len(segments) || !slices.Equal(got[:len(segments)], segments)
		}) {
			rules = append(rules, entry)
		}
	}
	return rules
}

// checkAgainstNaive reports whether u is exempt, and fails if naivelyExempt disagrees.
func checkAgainstNaive(tb testing.TB, e *Rules, u *url.URL) bool {
	tb.Helper()
	rule, ok := e.Match(u)
	want := naivelyExempt(testExact, testPrefixes, u)
	if ok != (len(want) > 0) {
		tb.Fatalf("exempt is %v, but the entries that cover Path %q RawPath %q are %q", ok, u.Path, u.RawPath, want)
	}
	if ok && !slices.Contains(want, rule) {
		tb.Fatalf("Path %q RawPath %q is exempt by %q, but covered by %q", u.Path, u.RawPath, rule, want)
	}
	return ok
}

func TestExemptAgreesWithTheNaiveRule(t *testing.T) {
	t.Parallel()
	e := testRules(t)
	heads := []string{"", "/", "/static", "/static/", "/%73tatic", "/static%2f", "/admin", "/administrator", "/a/b", "/a%2fb", "/a//b", "/healthz", "/caf%c3%a9", "/caf%C3%A9", "/.well-known", "/x"}
	tricks := []string{"", "/", ".", "..", "...", "%2e", "%2E%2e", "%252e", "%2f", "%5c", `\`, "%25", "%2525", "%253b", "%2500", "%2520", "%3f", "%23", "%20", ";", "..;", ".;", "%3b", "%00", "%0a", "%7f", "%ff", "%c3%a9", "^", "+", "x", "x.js", "//", "/..", "/../", "%"}
	counts := map[bool]int{}
	for _, head := range heads {
		for _, one := range tricks {
			for _, two := range tricks {
				for _, middle := range []string{"", "/"} {
					target := head + middle + one + two
					if u, err := url.ParseRequestURI(target); err == nil {
						counts[checkAgainstNaive(t, e, u)]++
						// As middleware that strips a slash leaves it.
						counts[checkAgainstNaive(t, e, &url.URL{Path: strings.TrimSuffix(u.Path, "/"), RawPath: target})]++
					}
					counts[checkAgainstNaive(t, e, &url.URL{Path: target})]++
				}
			}
		}
	}
	require.Greater(t, counts[true], 1000)
	require.Greater(t, counts[false], 10000)
}

// FuzzExempt checks the rule in both directions: a path is exempt exactly if it is below
// an entry, by whole segments, in both views, and holds nothing that reads as a dot
// segment.
func FuzzExempt(f *testing.F) {
	for _, seed := range [][2]string{
		{"/", ""},
		{"/static/x", ""},
		{"/static/../x", "/static/%2e%2e/x"},
		{"/a/b/c", "/a/b%2Fc"},
		{"/café", "/caf%c3%a9"},
		{"/static/x", "/static/x/"},
		{"/static/%2541", ""},
		{"/static/..;x", ""},
		{"/static/...js", ""},
		{"/\xff", "/%ff"},
		{"/..data/é", "/..data/%c3%a9"},
		{"//static", ""},
		{"/static/100%", "/static/100%25"},
		{"/static/%25", "/static/%2525"},
	} {
		f.Add(seed[0], seed[1])
	}
	e := testRules(f)
	f.Fuzz(func(t *testing.T, path, rawPath string) {
		checkAgainstNaive(t, e, &url.URL{Path: path, RawPath: rawPath})
		checkAgainstNaive(t, e, &url.URL{Path: "/static/" + path, RawPath: "/static/" + rawPath})
		for _, target := range []string{path, rawPath, "/static/" + rawPath, "/" + rawPath} {
			if u, err := url.ParseRequestURI(target); err == nil {
				checkAgainstNaive(t, e, u)
			}
		}
	})
}

// FuzzExemptEntries checks that an accepted entry exempts itself, and only paths that it
// covers.
func FuzzExemptEntries(f *testing.F) {
	f.Add("/admin", "/administrator")
	f.Add("/admin/", "/admin")
	f.Add("/", "/x")
	f.Add("/a b", "/a b/c")
	f.Fuzz(func(t *testing.T, entry, path string) {
		if e, err := New([]string{entry}, nil); err == nil {
			rule, ok := e.Match(&url.URL{Path: entry})
			require.True(t, ok)
			require.Equal(t, entry, rule)
			_, ok = e.Match(&url.URL{Path: path})
			require.Equal(t, path == entry, ok)
		}
		if e, err := New(nil, []string{entry}); err == nil {
			_, ok := e.Match(&url.URL{Path: strings.TrimSuffix(entry, "/") + "/x"})
			require.True(t, ok)
			if _, ok = e.Match(&url.URL{Path: path}); ok {
				require.True(t, strings.HasPrefix(path+"/", strings.TrimSuffix(entry, "/")+"/"))
			}
		}
	})
}

//nolint:paralleltest // AllocsPerRun counts the allocations of the whole process
func TestExemptDoesNotAllocate(t *testing.T) {
	e := testRules(t)
	for _, target := range []string{
		"/healthz", "/static/js/app.js", "/static/a%2Fb.png", "/static/%c3%a9", "/a/b/c", "/nothing/like/it",
		"/static/../x", "/static/%2e%2e%2fx", strings.Repeat("/a", 4096), "/static" + strings.Repeat("/a", 4096),
	} {
		u := parsed(t, target)
		require.Zero(t, testing.AllocsPerRun(100, func() { e.Match(u) }), "%.40s", target)
	}
}
