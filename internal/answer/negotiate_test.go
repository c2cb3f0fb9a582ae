package answer

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestNegotiateFormat(t *testing.T) {
	t.Parallel()
	many := strings.Repeat("a/b,", maxAcceptRanges-1)
	for name, test := range map[string]struct {
		accept []string
		want   format
	}{
		"no header is text":                            {nil, formatText},
		"an empty header is text":                      {[]string{""}, formatText},
		"anything is text":                             {[]string{"*/*"}, formatText},
		"anything, with a weight, is text":             {[]string{"*/*;q=0.1"}, formatText},
		"HTML is asked for":                            {[]string{"text/html"}, formatHTML},
		"HTML in capitals":                             {[]string{"TEXT/HTML"}, formatHTML},
		"XHTML is HTML":                                {[]string{"application/xhtml+xml"}, formatHTML},
		"text is asked for":                            {[]string{"text/plain"}, formatText},
		"JSON is asked for":                            {[]string{"application/json"}, formatJSON},
		"JSON in capitals":                             {[]string{"Application/JSON"}, formatJSON},
		"problem details are JSON":                     {[]string{"application/problem+json"}, formatJSON},
		"a vendor's JSON is JSON":                      {[]string{"application/vnd.api+json"}, formatJSON},
		"JSON with a version is JSON":                  {[]string{"application/json;version=2"}, formatJSON},
		"a suffix alone is nothing":                    {[]string{"application/+json, text/html;q=0.1"}, formatHTML},
		"a JSON that is not an application is nothing": {[]string{"model/gltf+json, text/html;q=0.1"}, formatHTML},
		"a browser":                                    {[]string{acceptChrome}, formatHTML},
		"a browser's image":                            {[]string{acceptImage}, formatText},
		"axios":                                        {[]string{acceptAxios}, formatJSON},
		"any text is text":                             {[]string{"text/*"}, formatText},
		"any text but plain is HTML":                   {[]string{"text/*, text/plain;q=0"}, formatHTML},
		"any application is JSON":                      {[]string{"application/*"}, formatJSON},
		"nothing that we have is text":                 {[]string{"image/png, audio/*"}, formatText},
		"everything excluded is text":                  {[]string{"*/*;q=0"}, formatText},
		"the highest weight wins":                      {[]string{"text/html;q=0.8, application/json;q=0.9"}, formatJSON},
		"three decimals count":                         {[]string{"text/html;q=0.998, application/json;q=0.999"}, formatJSON},
		"a full weight wins over one listed before":    {[]string{"text/html;q=0.999, application/json"}, formatJSON},
		"the specific wins over the wide":              {[]string{"*/*, application/json"}, formatJSON},
		"the weight goes before the specific":          {[]string{"*/*, application/json;q=0.9"}, formatText},
		"the first wins among equals":                  {[]string{"application/json;q=0.5, text/html;q=0.5"}, formatJSON},
		"the first wins among equals, other order":     {[]string{"text/html;q=0.5, application/json;q=0.5"}, formatHTML},
		"the first wins among equal wide ones":         {[]string{"application/*, text/*"}, formatJSON},
		"q=0 excludes":                                 {[]string{"text/plain;q=0, */*"}, formatHTML},
		"q=0.000 excludes":                             {[]string{"text/plain;q=0.000, */*"}, formatHTML},
		"q=0 excludes two":                             {[]string{"*/*, text/plain;q=0, text/html;q=0"}, formatJSON},
		"q=0 on a variant excludes only that":          {[]string{"text/plain;format=flowed;q=0, text/plain;q=0.1"}, formatText},
		"the specific range decides for its type":      {[]string{"text/html;q=0.1, */*;q=0.5, text/plain;q=0, application/json;q=0.2"}, formatJSON},
		"the heavier of two equal ranges decides":      {[]string{"text/html;q=0.1, text/html;q=0.9, application/json;q=0.5"}, formatHTML},
		"Q in capitals":                                {[]string{"text/html;Q=0.1, application/json;q=0.2"}, formatJSON},
		"space around separators":                      {[]string{" text/html ;\tq=0.1 , application/json\t;q=0.2 "}, formatJSON},
		"empty elements say nothing":                   {[]string{" , ,,text/html, "}, formatHTML},
		"a second line counts":                         {[]string{"text/html;q=0.5", "application/json"}, formatJSON},
		"an empty line before":                         {[]string{"", "application/json"}, formatJSON},
		"anything on one line and JSON on another":     {[]string{"*/*", "application/json"}, formatJSON},
		"a named exclusion of what is sent counts":     {[]string{"application/problem+json;q=0, application/json"}, formatText},
		"also behind":                                  {[]string{"application/json, application/problem+json;q=0, text/html;q=0.1"}, formatHTML},
		"also on another line":                         {[]string{"application/json", "application/problem+json;q=0"}, formatText},
		"also against anything":                        {[]string{"application/json, application/problem+json;q=0, */*;q=0.1"}, formatText},
		"another JSON excluded leaves ours":            {[]string{"application/json;q=0, application/problem+json"}, formatJSON},
		"HTML excluded and XHTML wanted":               {[]string{"application/xhtml+xml, text/html;q=0, */*;q=0.1"}, formatText},
		"JSON before HTML":                             {[]string{"application/json, text/html"}, formatJSON},
		"the weight of what is sent":                   {[]string{"application/json, application/problem+json;q=0.2, text/plain;q=0.5"}, formatText},
		"a weight over 1 is no range":                  {[]string{"text/html;q=1.1, application/json;q=0.1"}, formatJSON},
		"a weight with four decimals is no range":      {[]string{"text/html;q=0.9999, application/json;q=0.1"}, formatJSON},
		"a negative weight is no range":                {[]string{"text/html;q=-1, application/json;q=0.1"}, formatJSON},
		"an empty weight is no range":                  {[]string{"text/html;q=, application/json;q=0.1"}, formatJSON},
		"a weight without value is no range":           {[]string{"text/html;q, application/json;q=0.1"}, formatJSON},
		"a weight with a space is no range":            {[]string{"text/html;q= 1, application/json;q=0.1"}, formatJSON},
		"a weight in words is no range":                {[]string{"text/html;q=high, application/json;q=0.1"}, formatJSON},
		"a weight of two digits is no range":           {[]string{"text/html;q=10, application/json;q=0.1"}, formatJSON},
		"a weight without its point is no range":       {[]string{"text/html;q=055, application/json;q=0.1"}, formatJSON},
		"a weight of a bare point is fine":             {[]string{"text/html;q=1., application/json;q=0."}, formatHTML},
		"the first weight counts":                      {[]string{"text/html;q=0.1;q=1, application/json;q=0.2"}, formatJSON},
		"the last range that is looked at":             {[]string{many + "text/html"}, formatHTML},
		"the first range that is not":                  {[]string{many + "a/b,text/html"}, formatText},
		"the last byte that is looked at":              {[]string{strings.Repeat(" ", maxAcceptBytes-len("text/html")) + "text/html"}, formatHTML},
		"a range that the bound cuts says nothing":     {[]string{strings.Repeat(" ", maxAcceptBytes-len("text/html;q=0")) + "text/html;q=0.9"}, formatText},
		"beyond the bound on bytes":                    {[]string{"image/png," + strings.Repeat("a", maxAcceptBytes), "text/html"}, formatText},
		"beyond the bound in lines":                    {append(slices.Repeat([]string{""}, maxAcceptBytes), "text/html"), formatText},
		"not a range at all":                           {[]string{"\x00\xff;;;===\"\",;q=,"}, formatText},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, test.want, negotiateFormat(test.accept, formatText))
		})
	}
}

func TestNegotiateFormatWithAnotherDefault(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		accept   []string
		fallback format
		want     format
	}{
		"no header":            {nil, formatJSON, formatJSON},
		"anything":             {[]string{"*/*"}, formatJSON, formatJSON},
		"a weight":             {[]string{"*/*;q=0.5"}, formatHTML, formatHTML},
		"nothing that we have": {[]string{"image/png"}, formatJSON, formatJSON},
		"everything excluded":  {[]string{"*/*;q=0"}, formatJSON, formatJSON},
		"excluded itself":      {[]string{"*/*, application/problem+json;q=0"}, formatJSON, formatText},
		"HTML is asked for":    {[]string{acceptChrome}, formatJSON, formatHTML},
		"any text":             {[]string{"text/*"}, formatJSON, formatText},
		"any text, HTML":       {[]string{"text/*"}, formatHTML, formatHTML},
	} {
		require.Equal(t, test.want, negotiateFormat(test.accept, test.fallback), name)
	}
}

func TestAPartOfAPageIsAFragment(t *testing.T) {
	t.Parallel()
	s, err := New(Options{RedirectURL: "https://status.test/down"})
	require.NoError(t, err)
	a := s.Prepare(Facts{Kind: "planned", Reason: "a <b>new</b> database"}, time.Now(), nil)
	fragment := "<div role=\"alert\" lang=\"en\" dir=\"ltr\">\n<p>Down for maintenance</p>\n"
	for name, tc := range map[string]struct {
		header http.Header
		status int
		typ    []string
		body   string
	}{
		"a navigation":  {http.Header{"Sec-Fetch-Dest": {"document"}}, 302, nil, ""},
		"another one":   {http.Header{"Accept": {acceptChrome}, "Cookie": {"a=b"}}, 302, nil, ""},
		"a frame":       {http.Header{"Sec-Fetch-Dest": {"iframe"}}, 302, nil, ""},
		"htmx":          {http.Header{"Hx-Request": {"true"}, "Accept": {"*/*"}}, 503, contentTypes[formatHTML], fragment},
		"Turbo":         {http.Header{"Turbo-Frame": {`a"b`}}, 503, contentTypes[formatHTML], "<turbo-frame id=\"a&#34;b\">\n" + fragment},
		"a long frame":  {http.Header{"Turbo-Frame": {strings.Repeat("x", 129)}}, 503, contentTypes[formatHTML], fragment},
		"fetch":         {http.Header{"Sec-Fetch-Dest": {"empty"}}, 503, contentTypes[formatHTML], fragment},
		"fetch, text":   {http.Header{"Sec-Fetch-Dest": {"empty"}, "Accept": {"*/*"}}, 503, contentTypes[formatText], "Down for maintenance\n\n"},
		"fetch, JSON":   {http.Header{"Sec-Fetch-Dest": {"empty"}, "Accept": {"application/json"}}, 503, contentTypes[formatJSON], "{"},
		"htmx for JSON": {http.Header{"Hx-Request": {"true"}, "Accept": {"application/json"}}, 503, contentTypes[formatJSON], "{"},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
		for _, name := range []string{"User-Agent", "Accept-Encoding", "Accept-Language", "Referer"} {
			r.Header.Set(name, "en")
		}
		r.Header.Set("Accept", "text/html")
		maps.Copy(r.Header, tc.header)
		w := httptest.NewRecorder()
		a.Write(w, r)
		require.Equal(t, tc.status, w.Code, name)
		require.Equal(t, tc.typ, w.Header()["Content-Type"], name)
		body := w.Body.String()
		require.Equal(t, tc.body, body[:min(len(tc.body), len(body))], name)
		if !strings.HasPrefix(body, "<turbo-frame") {
			require.Equal(t, strconv.Itoa(len(body)), w.Header().Get("Content-Length"), name)
		}
		if tc.body == fragment {
			require.Contains(t, body, `<p lang="" dir="auto">a &lt;b&gt;new&lt;/b&gt; database</p>`)
			require.NotContains(t, body, "script")
		}
	}
}

func TestNegotiateHostile(t *testing.T) {
	t.Parallel()
	languages := &builtinCatalog().lookup
	for name, accept := range map[string][]string{
		"ranges":      {strings.Repeat("a/b;q=0.1,", 1<<20/10)},
		"one range":   {strings.Repeat("a", 1<<20)},
		"commas":      {strings.Repeat(",", 1<<20)},
		"quotes":      {strings.Repeat(`a/b;c="d,e\"",`, 1<<20/14)},
		"open quotes": {"a/b;" + strings.Repeat(`"`, 1<<20+1)},
		"parameters":  {"text/html" + strings.Repeat(";a=b", 1<<20/4)},
		"empty lines": make([]string, 1<<20),
	} {
		t.Run("nothing is read behind 1 MB of "+name, func(t *testing.T) {
			t.Parallel()
			format, language := negotiateFormat(accept, formatText), languages.negotiate(accept)
			for _, decisive := range []string{"application/json", "text/html", "de", "fr"} {
				behind := append(slices.Clone(accept), decisive)
				require.Equal(t, format, negotiateFormat(behind, formatText))
				require.Equal(t, language, languages.negotiate(behind))
				last := len(accept) - 1
				behind = slices.Clone(accept)
				behind[last] += "," + decisive
				require.Equal(t, format, negotiateFormat(behind, formatText))
				require.Equal(t, language, languages.negotiate(behind))
			}
		})
	}
}

func FuzzAccept(f *testing.F) {
	for _, seed := range []string{
		"", "*/*", acceptChrome, acceptImage, acceptAxios, "text/html;q=0, */*", "application/*;q=0.5\ntext/*",
		`text/html;a="x, application/json";q=0.5`, `text/html;a="\`, "text/html;q=1.001", ";q=0.5,,", `a"b;c="d,e"`,
		strings.Repeat("text/html;q=0.1,", 40),
	} {
		f.Add(seed)
	}
	about := []func(referenceRange) int{
		formatText: referenceFormat("text/plain", regexp.MustCompile(`(?i)^text/plain$`), "text/*"),
		formatHTML: referenceFormat("text/html", regexp.MustCompile(`(?i)^application/xhtml\+xml$`), "text/*"),
		formatJSON: referenceFormat("application/problem+json", regexp.MustCompile(`(?i)^application/(json|(?s:.+)\+json)$`), "application/*"),
	}
	f.Fuzz(func(t *testing.T, header string) {
		lines := strings.Split(header, "\n")
		got := negotiateFormat(lines, formatText)
		require.Less(t, got, formats)
		ranges, within := referenceRanges(lines)
		if !within {
			return
		}
		want := referenceChoice(ranges, about)
		require.Equal(t, want, int(got), "%q", lines)
	})
}

// referenceRange is a range as the reference reader of the tests sees it.
type referenceRange struct {
	name   string
	q      int // thousandths
	params bool
}

var (
	referenceElement = regexp.MustCompile(`(?s)^([^;,]*)((?:;[^,;]*)*)(,|$)`)
	referenceParam   = regexp.MustCompile(`(?s);([^,;]*)`)
	referenceQ       = regexp.MustCompile(`^(?:0(?:\.([0-9]{0,3}))?|1(?:\.0{0,3})?)$`)
	referenceNameOfQ = regexp.MustCompile(`(?i)^q[ \t]*(?:=|$)`)
)

// referenceRanges reads all ranges of a header, with regular expressions. within is
// false if the header is beyond the bounds, where the two may differ.
func referenceRanges(lines []string) (ranges []referenceRange, within bool) {
	bytes, elements := 0, 0
	for _, line := range lines {
		bytes += len(line) + lineCost
		for line != "" {
			m := referenceElement.FindStringSubmatch(line)
			line = line[len(m[0]):]
			name := strings.Trim(m[1], " \t")
			if name == "" && m[2] == "" {
				continue
			}
			elements++
			r, valid := referenceRange{name: name, q: maxWeight}, true
			for _, p := range referenceParam.FindAllStringSubmatch(m[2], -1) {
				p := strings.Trim(p[1], " \t")
				if referenceNameOfQ.MatchString(p) {
					q := referenceQ.FindStringSubmatch(strings.TrimPrefix(strings.TrimPrefix(p, p[:1]), "="))
					if valid = q != nil && p[1] == '='; valid && p[2] == '0' {
						r.q = 0
						for _, digit := range (q[1] + "000")[:3] {
							r.q = r.q*10 + int(digit-'0')
						}
					}
					break
				}
				r.params = r.params || p != ""
			}
			if valid {
				ranges = append(ranges, r)
			}
		}
	}
	return ranges, bytes <= maxAcceptBytes && elements <= maxAcceptRanges
}

func referenceFormat(sent string, full *regexp.Regexp, wide string) func(referenceRange) int {
	return func(r referenceRange) int {
		switch {
		case strings.EqualFold(r.name, sent) && (r.q > 0 || !r.params):
			return 4
		case full.MatchString(r.name) && (r.q > 0 || !r.params):
			return 3
		case strings.EqualFold(r.name, wide):
			return 2
		case r.name == "*/*":
			return 1
		}
		return 0
	}
}

// referenceChoice applies the rules to each alternative, which says how specific a
// range is about it, 0 if not at all. The first alternative is the fallback.
func referenceChoice(ranges []referenceRange, alternatives []func(referenceRange) int) int {
	type rank struct{ q, specificity, earliness int }
	best, chosen := rank{}, 0 // the rank among alternatives has no exact ranges
	for i, specificity := range alternatives {
		own := rank{specificity: -1}
		for n, r := range ranges {
			s := specificity(r)
			if s > 0 && (s > own.specificity || (s == own.specificity && r.q > own.q)) {
				own = rank{q: r.q, specificity: s, earliness: -n}
			}
		}
		own.specificity = min(own.specificity, 3)
		if own.q > 0 && (best.q == 0 || slices.Compare(
			[]int{own.q, own.specificity, own.earliness}, []int{best.q, best.specificity, best.earliness}) > 0) {
			best, chosen = own, i
		}
	}
	return chosen
}
