package period_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/period"
)

// order has a field for each type that a member can have.
type order struct {
	name  string
	end   *time.Time
	fast  bool
	count int64
	text  *string
	loud  *bool
	seen  *int64
	at    time.Time
	words map[string]string
}

func readOrder(body string) (o order, err error) {
	err = period.DecodeObject([]byte(body),
		period.Member{Name: "name", Into: &o.name, Required: true},
		period.Member{Name: "end", Into: &o.end, Nullable: true},
		period.Member{Name: "fast", Into: &o.fast},
		period.Member{Name: "count", Into: &o.count, Nullable: true},
		period.Member{Name: "text", Into: &o.text},
		period.Member{Name: "loud", Into: &o.loud},
		period.Member{Name: "seen", Into: &o.seen},
		period.Member{Name: "at", Into: &o.at},
		period.Member{Name: "words", Into: &o.words, Nullable: true},
	)
	return o, err
}

func TestDecodeObject(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 21, 2, 0, 0, 0, time.UTC)
	for name, tt := range map[string]struct {
		body string
		want order
	}{
		"what is absent stays as it is":         {`{"name":"x"}`, order{name: "x"}},
		"everything":                            {`{"at":"2026-11-21T02:00:00Z","seen":3,"loud":false,"text":"","count":-2,"fast":true,"end":"2026-11-21T02:00:00Z","name":"\u00e4"}`, order{"ä", &at, true, -2, new(string), new(bool), new(int64(3)), at, nil}},
		"null where it is meant is the zero":    {`{"name":"x","end":null,"count":null}`, order{name: "x", end: new(time.Time)}},
		"texts by language":                     {`{"name":"x","words":{"de":"ä","pt-BR":null,"fr":""}}`, order{name: "x", words: map[string]string{"de": "ä", "pt-BR": "", "fr": ""}}},
		"no texts":                              {`{"name":"x","words":{ }}`, order{name: "x", words: map[string]string{}}},
		"null for all texts":                    {`{"name":"x","words":null}`, order{name: "x"}},
		"white space around it":                 {" \r\n\t{ \"name\" : \"x\" } \n", order{name: "x"}},
		"an instant is in UTC":                  {`{"name":"x","at":"2026-11-21T03:00:00+01:00"}`, order{name: "x", at: at}},
		"an instant is cut to the microseconds": {`{"name":"x","at":"2026-11-21T02:00:00.000000999Z"}`, order{name: "x", at: at}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := readOrder(tt.body)
			require.NoError(t, err)
			require.Equal(t, tt.want, got)
		})
	}
}

func TestDecodeObjectRefuses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ body, want string }{
		"nothing":                            {"", "body: want an object"},
		"an array":                           {"[]", "body: found '[', want an object"},
		"null":                               {"null", "body: found null, want an object"},
		"a member that is required":          {`{}`, "name: is missing"},
		"an unknown member":                  {`{"name":"x","nam":"y"}`, `body: "nam": unknown member; known are name, end, fast`},
		"a member in another case":           {`{"Name":"x"}`, `want "name"`},
		"a member twice":                     {`{"name":"x","name":"y"}`, "name: is given twice"},
		"a member twice, escaped":            {`{"name":"x","n\u0061me":"y"}`, "name: is given twice"},
		"something behind it":                {`{"name":"x"}{}`, "body: want nothing after the end of the body"},
		"a comma at the end":                 {`{"name":"x",}`, "want a string"},
		"null where it is not meant":         {`{"name":null}`, "name: found null"},
		"null for a text that may be absent": {`{"name":"x","text":null}`, "text: found null"},
		"a number for a text":                {`{"name":1}`, "name: found '1', want a string"},
		"a text for a flag":                  {`{"name":"x","fast":"true"}`, "fast: found '\"', want true or false"},
		"a fraction":                         {`{"name":"x","count":1.5}`, "count: \"1.5\": want a whole number"},
		"a number that overflows":            {`{"name":"x","count":9223372036854775808}`, "want a whole number"},
		"an instant without its offset":      {`{"name":"x","at":"2026-11-21T02:00:00"}`, "at: \"2026-11-21T02:00:00\": want an instant"},
		"the zero instant":                   {`{"name":"x","at":"0001-01-01T00:00:00Z"}`, "is the zero instant"},
		"invalid UTF-8":                      {"{\"name\":\"\xff\"}", "is not valid UTF-8"},
		"half of a surrogate pair":           {`{"name":"\ud800"}`, "stands alone"},
		"a byte order mark":                  {"\ufeff{}", "want an object"},
		"an end that is missing":             {`{"name":"x"`, "the input ends here"},
		"an object in depth":                 {`{"name":` + strings.Repeat("[", 1<<16), "name: found '[', want a string"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := readOrder(tt.body)
			require.ErrorContains(t, err, tt.want)
			var f *period.FieldError
			require.ErrorAs(t, err, &f)
			require.NotContains(t, err.Error(), "document")
		})
	}
}

func TestDecodeObjectSetsAnythingToItsZeroValueByNull(t *testing.T) {
	t.Parallel()
	s, b, n, at := "x", true, int64(1), time.Unix(1, 0)
	var ps *string
	var pb *bool
	var pn *int64
	var pt *time.Time
	var members []period.Member
	var names []string
	for i, into := range []any{&s, &b, &n, &at, &ps, &pb, &pn, &pt} {
		name := string(rune('a' + i))
		members = append(members, period.Member{Name: name, Into: into, Nullable: true})
		names = append(names, `"`+name+`":null`)
	}
	require.NoError(t, period.DecodeObject([]byte("{"+strings.Join(names, ",")+"}"), members...))
	require.Equal(t, []any{"", false, int64(0), time.Time{}}, []any{s, b, n, at})
	require.Equal(t, []any{"", false, int64(0), time.Time{}}, []any{*ps, *pb, *pn, *pt})
}

func TestDecodeObjectPanicsOnAMemberThatItCannotFill(t *testing.T) {
	t.Parallel()
	for _, body := range []string{`{"n":1}`, `{"n":null}`} {
		require.PanicsWithValue(t, "period.DecodeObject: a member goes into a *int", func() {
			_ = period.DecodeObject([]byte(body), period.Member{Name: "n", Into: new(int), Nullable: true})
		})
	}
}

// FuzzDecodeObject checks that encoding/json reads every accepted object in the same way.
func FuzzDecodeObject(f *testing.F) {
	for _, seed := range []string{
		`{"name":"x"}`, `{"name":"x","end":null}`, `{"name":"\ud83d\ude80","fast":true,"count":-1,"text":"","at":"2026-11-21T02:00:00Z"}`,
		`{"Name":"x"}`, `{"name":"x","name":"x"}`, `{"name":"x"}x`, `{"name":null}`, `{"name":"x","count":1e3}`, "{\"name\":\"\xff\"}", `{`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		got, err := readOrder(body)
		if err != nil {
			var fault *period.FieldError
			require.ErrorAs(t, err, &fault)
			return
		}
		require.True(t, utf8.ValidString(body))
		var other struct {
			Name  string     `json:"name"`
			End   *time.Time `json:"end"`
			Fast  bool       `json:"fast"`
			Count int64      `json:"count"`
			Text  *string    `json:"text"`
			Loud  *bool      `json:"loud"`
			Seen  *int64     `json:"seen"`
			At    time.Time  `json:"at"`
		}
		require.NoError(t, json.Unmarshal([]byte(body), &other))
		require.Equal(t, []any{other.Name, other.Fast, other.Count, other.Text, other.Loud, other.Seen}, []any{got.name, got.fast, got.count, got.text, got.loud, got.seen})
		require.WithinDuration(t, other.At, got.at, time.Microsecond)
		if got.end != nil && !got.end.IsZero() {
			require.WithinDuration(t, *other.End, *got.end, time.Microsecond)
		}
	})
}
