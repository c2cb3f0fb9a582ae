package core

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// handwritten is the least that a person may write.
const handwritten = `{
  "format": 1,
  "periods": [
    {"id": "night", "kind": "window", "start": "2026-11-21T02:00:00+01:00", "enabled": true}
  ]
}`

func fullDocument() *Document {
	at := time.Date(2026, 11, 21, 2, 0, 0, 123456789, time.FixedZone("", 3600))
	d := &Document{
		Format: Format, StoreID: "k3j2", Revision: 7, CloseRev: 6,
		Periods: []Period{{
			ID: "a-1", Kind: Deployment, Start: at, End: at.Add(3 * time.Hour), ExpectedEnd: at.Add(time.Hour),
			Enabled: true, Emergency: true, Reason: "naïve <b>\u2028 \"quoted\" \\ \U0001F6A7", Holder: "ann@host",
			Version: 3, CreatedBy: "ann", CreatedAt: at, UpdatedBy: "bob", UpdatedAt: at.Add(time.Minute),
		}, {ID: "b", Kind: Window, Start: at, Version: 1}},
	}
	d.seal()
	return d
}

func TestDecodeWhatAPersonWrites(t *testing.T) {
	t.Parallel()
	d, err := DecodeDocument([]byte(handwritten))
	require.NoError(t, err)
	require.Equal(t, &Document{Format: 1, Periods: []Period{{
		ID: "night", Kind: Window, Start: time.Date(2026, 11, 21, 1, 0, 0, 0, time.UTC), Enabled: true, Version: 1,
	}}}, d)
	require.True(t, d.HandEdited())

	d, err = DecodeDocument([]byte(`{"periods":[],"format":1}`))
	require.NoError(t, err)
	require.NotNil(t, d.Periods)
	require.Empty(t, d.Periods)
}

func TestEncodeAndDecodeAgree(t *testing.T) {
	t.Parallel()
	d := fullDocument()
	b, err := d.Encode()
	require.NoError(t, err)
	require.True(t, bytes.HasSuffix(b, []byte("}\n")))
	require.Contains(t, string(b), "\n  \"store_id\": \"k3j2\",\n", "people read it")
	require.Contains(t, string(b), "<b>", "it is no HTML")

	back, err := DecodeDocument(b)
	require.NoError(t, err)
	require.Equal(t, d, back)
	require.False(t, back.HandEdited(), "the digest survives zones, nanoseconds and the way through JSON")
}

func TestEncodeTruncatesAndLeavesTheDocumentAlone(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 21, 2, 0, 0, 123456789, time.FixedZone("", 3600))
	d := &Document{Format: 1, Periods: []Period{{ID: "a", Kind: Window, Start: at, Version: 1}}}
	b, err := d.Encode()
	require.NoError(t, err)
	require.Contains(t, string(b), `"2026-11-21T01:00:00.123456Z"`)
	require.Equal(t, at, d.Periods[0].Start)
}

func TestEncodeOfNoPeriodsIsAnEmptyArray(t *testing.T) {
	t.Parallel()
	b, err := (&Document{Format: 1}).Encode()
	require.NoError(t, err)
	require.Contains(t, string(b), `"periods": []`)
}

func TestHandEditsShow(t *testing.T) {
	t.Parallel()
	b, err := fullDocument().Encode()
	require.NoError(t, err)
	edited := bytes.Replace(b, []byte(`"enabled": true`), []byte(`"enabled": false`), 1)
	require.NotEqual(t, b, edited)
	d, err := DecodeDocument(edited)
	require.NoError(t, err)
	require.True(t, d.HandEdited())
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	// in puts members into the first period of an otherwise good document.
	in := func(members string) string {
		return `{"format":1,"periods":[{"id":"a","kind":"window","start":"2026-11-21T02:00:00Z","enabled":true,` + members + `}]}`
	}
	for name, tc := range map[string]struct{ document, want string }{
		"nothing":                       {"", "document is empty"},
		"white space":                   {" \n\t", "document is empty"},
		"a byte order mark":             {"\ufeff" + handwritten, "byte order mark"},
		"another type":                  {`[]`, `document: found '[', want an object`},
		"null":                          {`null`, `found null, want an object`},
		"NUL bytes":                     {"\x00\x00", `found '\x00', want an object`},
		"a truncated document":          {handwritten[:len(handwritten)-3], "line 5, column 3: periods: want a comma or the end of the array: the input ends here"},
		"a truncated string":            {`{"form`, "truncated"},
		"a string cut in an escape":     {`{"form\`, "truncated"},
		"two documents":                 {handwritten + "{}", "want nothing after the end of the document"},
		"rubbish behind":                {handwritten + "\x00", "want nothing after the end of the document"},
		"no format":                     {`{"periods":[]}`, "format: is missing"},
		"format 0":                      {`{"format":0,"periods":[]}`, "format: 0: want 1"},
		"a negative format":             {`{"format":-9223372036854775808,"periods":[]}`, "want 1"},
		"a newer format":                {`{"format":2,"modes":{},"periods":[]}`, "format: 2: written by a newer downtime: upgrade this program"},
		"a huge format":                 {`{"format":9223372036854775807,"periods":[]}`, "written by a newer downtime"},
		"a fractional format":           {`{"format":1.0,"periods":[]}`, `format: "1.0": want a whole number`},
		"no periods":                    {`{"format":1}`, "periods: is missing"},
		"null periods":                  {`{"format":1,"periods":null}`, "periods: found null, want an array; leave out"},
		"an unknown member":             {`{"format":1,"mode":"hold","periods":[]}`, `document: "mode": unknown member: misspelt, or written by a newer downtime`},
		"a member in another case":      {`{"format":1,"Periods":[]}`, `"Periods": unknown member; names are in lower case: want "periods"`},
		"a member twice":                {`{"format":1,"periods":[],"periods":[]}`, "periods: is given twice"},
		"a member twice, escaped":       {`{"format":1,"periods":[],"p\u0065riods":[]}`, "periods: is given twice"},
		"a missing comma":               {`{"format":1 "periods":[]}`, `document: found '"', want a comma`},
		"a trailing comma":              {`{"format":1,"periods":[],}`, `found '}', want a string`},
		"a trailing comma in the list":  {`{"format":1,"periods":[,]}`, `periods[0]: found ',', want an object`},
		"a missing colon":               {`{"format" 1}`, "format: found '1', want a colon"},
		"a comment":                     {"{\n// up\n\"format\":1,\"periods\":[]}", "line 2, column 1: document: found '/'"},
		"a negative revision":           {`{"format":1,"revision":-1,"periods":[]}`, "revision: -1: want 0 or more"},
		"a revision beyond 64 bits":     {`{"format":1,"revision":9223372036854775808,"periods":[]}`, "at most 64 bits"},
		"close_rev above revision":      {`{"format":1,"revision":1,"close_rev":2,"periods":[]}`, "close_rev: 2: want 0 to revision (1)"},
		"a negative close_rev":          {`{"format":1,"close_rev":-1,"periods":[]}`, "close_rev: -1"},
		"a store id with a line break":  {`{"format":1,"store_id":"a\nb","periods":[]}`, "store_id"},
		"a long write id":               {`{"format":1,"write_id":"` + strings.Repeat("a", 65) + `","periods":[]}`, "write_id"},
		"depth":                         {`{"format":1,"periods":` + strings.Repeat("[", 1<<20), "periods[0]: found '[', want an object"},
		"an unknown member of a period": {in(`"scope":["/api"]`), `periods[0]: "scope": unknown member`},
		"wrong case in a period":        {in(`"End":"2026-11-21T03:00:00Z"`), `periods[0]: "End": unknown member; names are in lower case: want "end"`},
		"a period's member twice":       {in(`"enabled":false`), "periods[0].enabled: is given twice"},
		"an end that is no time":        {in(`"end":"tomorrow"`), `periods[0].end: "tomorrow": want an instant`},
		"an end without an offset":      {in(`"end":"2026-11-21T03:00:00"`), "periods[0].end"},
		"an end that is null":           {in(`"end":null`), "periods[0].end: found null, want a string; leave out what has no value"},
		"an end that is a number":       {in(`"end":1}`), "periods[0].end: found '1'"},
		"the zero instant":              {in(`"end":"0001-01-01T00:00:00Z"`), "periods[0].end"},
		"an end before the start":       {in(`"end":"2026-11-21T01:00:00Z"`), "periods[0].end"},
		"an end equal after truncation": {in(`"end":"2026-11-21T02:00:00.0000009Z"`), "periods[0].end"},
		"a year out of range":           {in(`"created_at":"9999-01-01T00:00:00Z"`), "periods[0].created_at"},
		"a flag in quotes":              {in(`"emergency":"true"`), "periods[0].emergency: found '\"', want true or false"},
		"a flag that goes on":           {in(`"emergency":true1`), "want a comma"},
		"version 0":                     {in(`"version":0`), "periods[0].version: 0"},
		"a version with an exponent":    {in(`"version":1e3`), "periods[0].version"},
		"a version with a zero before":  {in(`"version":01`), "periods[0].version"},
		"a reason that is too long":     {in(`"reason":"` + strings.Repeat("a", MaxReasonLen+1) + `"`), "periods[0].reason"},
		"invalid UTF-8":                 {in("\"reason\":\"\xff\""), "periods[0].reason: is not valid UTF-8"},
		"a lone surrogate":              {in(`"reason":"\ud83d!"`), "periods[0].reason: half of a surrogate pair"},
		"a low surrogate first":         {in(`"reason":"\ude00\ud83d"`), "periods[0].reason: half of a surrogate pair"},
		"a bad escape":                  {in(`"reason":"\x41"`), `unknown escape \x`},
		"a short escape":                {in(`"reason":"\u00e"`), "four hexadecimal digits"},
		"a signed escape":               {in(`"reason":"\u+0e9"`), "four hexadecimal digits"},
		"a control character":           {in("\"reason\":\"a\tb\""), "periods[0].reason: a string holds a control character"},
		"an unknown kind":               {in(`"holder":"x"},{"id":"b","kind":"hold","start":"2026-11-21T02:00:00Z","enabled":true`), `periods[1].kind: "hold"`},
		"a period without id":           {`{"format":1,"periods":[{"kind":"window","start":"2026-11-21T02:00:00Z","enabled":true}]}`, "periods[0].id: is missing"},
		"a period without kind":         {`{"format":1,"periods":[{"id":"a","start":"2026-11-21T02:00:00Z","enabled":true}]}`, "periods[0].kind: is missing"},
		"a period without start":        {`{"format":1,"periods":[{"id":"a","kind":"window","enabled":true}]}`, "periods[0].start: is missing"},
		"a period without enabled":      {`{"format":1,"periods":[{"id":"a","kind":"window","start":"2026-11-21T02:00:00Z"}]}`, "periods[0].enabled: is missing"},
		"an id that is used twice":      {in(`"holder":"x"},{"id":"a","kind":"window","start":"2026-11-21T02:00:00Z","enabled":true`), `periods[1].id: "a": is the id of periods[0] too`},
		"too much":                      {handwritten + strings.Repeat(" ", MaxDocument), "want at most 16777216 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := DecodeDocument([]byte(tc.document))
			require.ErrorContains(t, err, tc.want)
			require.Nil(t, d)
		})
	}
}

func TestDecodeFaultsAreFieldErrors(t *testing.T) {
	t.Parallel()
	for _, document := range []string{
		strings.Replace(handwritten, `"enabled"`, `"end": "tomorrow", "enabled"`, 1), // shape
		strings.Replace(handwritten, `"enabled"`, `"end": "2026-11-21T01:00:00Z", "enabled"`, 1),
	} {
		_, err := DecodeDocument([]byte(document))
		var fault *FieldError
		require.ErrorAs(t, err, &fault)
		require.Equal(t, "periods[0].end", fault.Field)
	}
}

func TestDecodeListsTheFirstFaultsOnly(t *testing.T) {
	t.Parallel()
	b := []byte(`{"format":1,"periods":[`)
	for i := range 10_000 {
		if i > 0 {
			b = append(b, ',')
		}
		b = fmt.Appendf(b, `{"id":"p%d","kind":"","start":"2026-11-21T02:00:00Z","enabled":true,"version":0}`, i)
	}
	_, err := DecodeDocument(append(b, `]}`...))
	require.ErrorContains(t, err, "periods[0].kind")
	require.ErrorContains(t, err, "periods[4].version")
	require.NotContains(t, err.Error(), "periods[5]")
	require.ErrorContains(t, err, "and more")
}

// TestAnOlderGateRefusesANewerDocument plays a gate of this version that meets what a
// later one may write: another format, or a member that it does not know, anywhere.
func TestAnOlderGateRefusesANewerDocument(t *testing.T) {
	t.Parallel()
	b, err := fullDocument().Encode()
	require.NoError(t, err)
	for name, change := range map[string][2]string{
		"a newer format":            {`"format": 1`, `"format": 2`},
		"a member of the document":  {`"revision"`, `"epoch": 4, "revision"`},
		"a member of a period":      {`"kind"`, `"mode": "hold", "kind"`},
		"a value that says nothing": {`"kind"`, `"scope": null, "kind"`},
		"another kind of period":    {`"deployment"`, `"drill"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			newer := bytes.Replace(b, []byte(change[0]), []byte(change[1]), 1)
			require.NotEqual(t, b, newer)
			_, err := DecodeDocument(newer)
			require.Error(t, err)
		})
	}
}

func TestEncodeRefusesWhatCouldNotBeRead(t *testing.T) {
	t.Parallel()
	var none *Document
	_, err := none.Encode()
	require.Error(t, err)
	for name, change := range map[string]func(d *Document){
		"another format":       func(d *Document) { d.Format = 2 },
		"a negative revision":  func(d *Document) { d.Revision, d.CloseRev = -1, 0 },
		"an id used twice":     func(d *Document) { d.Periods[1].ID = d.Periods[0].ID },
		"an invalid period":    func(d *Document) { d.Periods[0].Kind = "x" },
		"text that is no text": func(d *Document) { d.Periods[0].Reason = "\xff" },
		"too much": func(d *Document) {
			d.Periods = nil
			for i := range 5000 {
				d.Periods = append(d.Periods, Period{
					ID: strconv.Itoa(i), Kind: Window, Start: time.Unix(1.7e9, 0), Version: 1, Reason: strings.Repeat("a", MaxReasonLen),
				})
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := fullDocument()
			change(d)
			b, err := d.Encode()
			require.Error(t, err)
			require.Nil(t, b)
		})
	}
}

func manyPeriods(n, reason int) *Document {
	d := &Document{Format: Format, StoreID: "s", Revision: 1, CloseRev: 1}
	at := time.Date(2026, 11, 21, 2, 0, 0, 0, time.UTC)
	for i := range n {
		d.Periods = append(d.Periods, Period{
			ID: fmt.Sprintf("window-%d", i), Kind: Window, Start: at, End: at.Add(time.Hour), Enabled: true,
			Reason: strings.Repeat("r", reason), Version: 1, CreatedBy: "ann@host", CreatedAt: at,
		})
	}
	d.seal()
	return d
}

func TestTenThousandPeriodsFit(t *testing.T) {
	t.Parallel()
	d := manyPeriods(10_000, 1024)
	b, err := d.Encode()
	require.NoError(t, err)
	back, err := DecodeDocument(b)
	require.NoError(t, err)
	require.Equal(t, d, back)
}

func BenchmarkDecode(b *testing.B) {
	for _, n := range []int{1, 100, 10_000} {
		b.Run(fmt.Sprintf("periods=%d", n), func(b *testing.B) {
			text, err := manyPeriods(n, 60).Encode()
			require.NoError(b, err)
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := DecodeDocument(text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// FuzzDocument: nothing panics; what decodes is JSON to encoding/json too, which reads the
// same in it; and it comes back the same from being written.
func FuzzDocument(f *testing.F) {
	full, err := fullDocument().Encode()
	require.NoError(f, err)
	f.Add(full)
	for _, seed := range []string{
		"", "null", handwritten, `{"format":1,"periods":[]}`, `{"format":2,"periods":[]}`,
		`{"format":1,"periods":[{"id":"\u0061","kind":"window","start":"2026-11-21T02:00:00.1234567+14:00","enabled":true,"reason":"\ud83d\udea7\/\n"}]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := DecodeDocument(b)
		if err != nil {
			require.Nil(t, d)
			return
		}
		var plain Document
		require.NoError(t, json.Unmarshal(b, &plain))
		for i := range plain.Periods {
			plain.Periods[i].Version = max(plain.Periods[i].Version, 1) // absent means 1
		}
		plain.normalise()
		require.Equal(t, &plain, d)

		text, err := d.Encode()
		require.NoError(t, err)
		back, err := DecodeDocument(text)
		require.NoError(t, err)
		require.Equal(t, d, back)
		require.Equal(t, d.HandEdited(), back.HandEdited())
		again, err := back.Encode()
		require.NoError(t, err)
		require.Equal(t, text, again)
	})
}
