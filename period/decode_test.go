package period

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// handwritten is a minimal document of a person.
const handwritten = `{
  "format": 1,
  "periods": [
    {"id": "night", "kind": "window", "start": "2026-11-21T02:00:00+01:00", "enabled": true}
  ]
}`

func TestDecodeWhatAPersonWrites(t *testing.T) {
	t.Parallel()
	d, err := Decode([]byte(handwritten))
	require.NoError(t, err)
	require.Equal(t, &Document{Format: 1, Periods: []Period{{
		ID: "night", Kind: Window, Start: time.Date(2026, 11, 21, 1, 0, 0, 0, time.UTC), Enabled: true, Version: 1,
	}}}, d)
	require.True(t, d.HandEdited())

	d, err = Decode([]byte(`{"periods":[],"format":1}`))
	require.NoError(t, err)
	require.NotNil(t, d.Periods)
	require.Empty(t, d.Periods)
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	// in puts members into the first period of an otherwise valid document.
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
		"a newer format":                {`{"format":2,"modes":{},"periods":[]}`, "the document needs a newer version of downtime; upgrade this program: format: 2: this program reads format 1"},
		"a huge format":                 {`{"format":9223372036854775807,"periods":[]}`, "the document needs a newer version of downtime"},
		"a fractional format":           {`{"format":1.0,"periods":[]}`, `format: "1.0": want a whole number`},
		"no periods":                    {`{"format":1}`, "periods: is missing"},
		"null periods":                  {`{"format":1,"periods":null}`, "periods: found null, want an array; leave out a member that has no value"},
		"an unknown member":             {`{"format":1,"mode":"hold","periods":[]}`, `or correct the name if it is misspelled: line 1, column 13: document: "mode": unknown member`},
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
		"depth":                         {`{"format":1,"periods":` + strings.Repeat("[", 1<<19), "periods[0]: found '[', want an object"},
		"an unknown member of a period": {in(`"color":["/api"]`), `periods[0]: "color": unknown member`},
		"wrong case in a period":        {in(`"End":"2026-11-21T03:00:00Z"`), `periods[0]: "End": unknown member; names are in lower case: want "end"`},
		"a period's member twice":       {in(`"enabled":false`), "periods[0].enabled: is given twice"},
		"an end that is not a time":     {in(`"end":"tomorrow"`), `periods[0].end: "tomorrow": want an instant`},
		"an end without an offset":      {in(`"end":"2026-11-21T03:00:00"`), "periods[0].end"},
		"an end that is null":           {in(`"end":null`), "periods[0].end: found null, want a string; leave out a member that has no value"},
		"an end that is a number":       {in(`"end":1}`), "periods[0].end: found '1'"},
		"the zero instant":              {in(`"end":"0001-01-01T00:00:00Z"`), "periods[0].end"},
		"an end before the start":       {in(`"end":"2026-11-21T01:00:00Z"`), "periods[0].end"},
		"an end equal after truncation": {in(`"end":"2026-11-21T02:00:00.0000009Z"`), "periods[0].end"},
		"a year out of range":           {in(`"created_at":"9999-01-01T00:00:00Z"`), "periods[0].created_at"},
		"a flag in quotes":              {in(`"emergency":"true"`), "periods[0].emergency: found '\"', want true or false"},
		"a flag that goes on":           {in(`"emergency":true1`), "want a comma"},
		"a hold that is a text":         {in(`"hold":"20s"`), "periods[0].hold: found '\"', want a whole number"},
		"a hold below 0":                {in(`"hold":-1`), "periods[0].hold: -1: want 0 to 600 seconds"},
		"a hold that is too long":       {in(`"hold":601`), "periods[0].hold: 601: want 0 to 600 seconds"},
		"version 0":                     {in(`"version":0`), "periods[0].version: 0"},
		"a version with an exponent":    {in(`"version":1e3`), "periods[0].version"},
		"a version with a zero before":  {in(`"version":01`), "periods[0].version"},
		"a reason that is too long":     {in(`"reason":"` + strings.Repeat("a", MaxReasonLen+1) + `"`), "periods[0].reason"},
		"a language in words":           {in(`"reason":"a","reason_lang":"German"`), `periods[0].reason_lang: "German": want a language tag such as "de"`},
		"a language in capitals":        {in(`"reason":"a","reason_lang":"DE"`), "periods[0].reason_lang"},
		"a language of no reason":       {in(`"reason_lang":"de"`), "periods[0].reason_lang: \"de\": there is no reason"},
		"reasons that are a text":       {in(`"reasons":"a"`), "periods[0].reasons: found '\"', want an object of texts by language"},
		"reasons without a reason":      {in(`"reason_lang":"","reasons":{"de":"a"}`), "periods[0].reasons: \"de\": need a reason"},
		"reasons beside no language":    {in(`"reason":"a","reasons":{"de":"a"}`), "periods[0].reason_lang: is missing"},
		"reasons in no language":        {in(`"reason":"a","reason_lang":"en","reasons":{"x":"a"}`), `periods[0].reasons: "x": want a language tag`},
		"reasons in one language twice": {in(`"reason":"a","reason_lang":"en","reasons":{"de":"a","de":"b"}`), "periods[0].reasons.de: is given twice"},
		"the language of the reason":    {in(`"reason":"a","reason_lang":"en","reasons":{"en":"a"}`), "periods[0].reasons.en: is the language of reason too"},
		"an empty one of the reasons":   {in(`"reason":"a","reason_lang":"en","reasons":{"de":""}`), `periods[0].reasons: the text in "de" is empty`},
		"one of the reasons is null":    {in(`"reason":"a","reason_lang":"en","reasons":{"de":null}`), "periods[0].reasons.de: found null"},
		"one of the reasons is long":    {in(`"reason":"a","reason_lang":"en","reasons":{"de":"` + strings.Repeat("a", MaxReasonLen+1) + `"}`), "periods[0].reasons.de"},
		"reasons in too many languages": {in(`"reason":"a","reason_lang":"en","reasons":{` + manyTags(MaxReasons+1) + `}`), "periods[0].reasons: want at most 32 languages"},
		"reasons that end early":        {in(`"reason":"a","reasons":{"de":"a"`), "want a comma or the end of the object"},
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
		"a log that is null":            {`{"format":1,"periods":[],"log":null}`, "log: found null, want an array"},
		"a log that is an object":       {`{"format":1,"periods":[],"log":{}}`, "log: found '{', want an array"},
		"a log that ends early":         {`{"format":1,"periods":[],"log":[{"a":[1,2]`, "log[0]: want a comma or the end of the value: the input ends here"},
		"a log entry without a value":   {`{"format":1,"periods":[],"log":[{"a":}]}`, "log[0]: found '}', want a value"},
		"a log entry without a colon":   {`{"format":1,"periods":[],"log":[{"a" 1}]}`, "log[0]: found '1', want a colon"},
		"a log entry without a comma":   {`{"format":1,"periods":[],"log":[1,[1 2]]}`, "log[1]: found '2', want a comma"},
		"a log entry that is no value":  {`{"format":1,"periods":[],"log":[nul]}`, `log[0]: "nul": want a value`},
		"a log entry of wrong brackets": {`{"format":1,"periods":[],"log":[[1}]}`, "log[0]: found '}', want a comma"},
		"a log entry that is no UTF-8":  {"{\"format\":1,\"periods\":[],\"log\":[\"\xff\"]}", "log[0]: is not valid UTF-8"},
		"a log entry of great depth":    {`{"format":1,"periods":[],"log":[` + strings.Repeat("[", 1<<19), "log[0]: want at most 100 levels of nesting"},
		"too much":                      {handwritten + strings.Repeat(" ", MaxDocument), "document: \"1048706 bytes\": want at most 1048576 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := Decode([]byte(tc.document))
			require.ErrorContains(t, err, tc.want)
			require.Nil(t, d)
		})
	}
}

// manyTags returns n members of reasons.
func manyTags(n int) string {
	var members []string
	for i := range n {
		members = append(members, fmt.Sprintf(`"a%c%c":"x"`, 'a'+i/26, 'a'+i%26))
	}
	return strings.Join(members, ",")
}

func TestDecodeFaultsAreFieldErrors(t *testing.T) {
	t.Parallel()
	for _, document := range []string{
		strings.Replace(handwritten, `"enabled"`, `"end": "tomorrow", "enabled"`, 1), // shape
		strings.Replace(handwritten, `"enabled"`, `"end": "2026-11-21T01:00:00Z", "enabled"`, 1),
	} {
		_, err := Decode([]byte(document))
		var fault *FieldError
		require.ErrorAs(t, err, &fault)
		require.Equal(t, "periods[0].end", fault.Field)
	}
}

func TestDecodeListsTheFirstFaultsOnly(t *testing.T) {
	t.Parallel()
	b := []byte(`{"format":1,"periods":[`)
	for i := range 5_000 {
		if i > 0 {
			b = append(b, ',')
		}
		b = fmt.Appendf(b, `{"id":"p%d","kind":"","start":"2026-11-21T02:00:00Z","enabled":true,"version":0}`, i)
	}
	_, err := Decode(append(b, `]}`...))
	require.ErrorContains(t, err, "periods[0].kind")
	require.ErrorContains(t, err, "periods[4].version")
	require.NotContains(t, err.Error(), "periods[5]")
	require.ErrorContains(t, err, "and more")
}

func TestDecodeTellsWhatANewerVersionWrote(t *testing.T) {
	t.Parallel()
	b, err := fullDocument().Encode()
	require.NoError(t, err)
	for name, tc := range map[string]struct {
		old, replacement string
		newer            bool
	}{
		"a newer format":                 {`"format": 1`, `"format": 2`, true},
		"an unknown member":              {`"revision"`, `"epoch": 4, "revision"`, true},
		"an unknown member of a period":  {`"kind"`, `"color": "red", "kind"`, true},
		"a reserved member":              {`"revision"`, `"passes": [], "revision"`, true},
		"an unknown member of followers": {`"revision"`, `"followers": [{"color": 1}], "revision"`, true},
		"followers of another kind":      {`"revision"`, `"followers": 1, "revision"`, false},
		"a reserved member of a period":  {`"kind"`, `"mode": "hold", "kind"`, true},
		"one that is null":               {`"kind"`, `"scope": null, "kind"`, true},
		"a bypass that is not known":     {`"kind"`, `"bypass": "x", "kind"`, false},
		"a member in another case":       {`"kind"`, `"Scope": null, "kind"`, false},
		"another kind of period":         {`"deployment"`, `"drill"`, false},
		"a member that is not reserved":  {`"kind"`, `"enabled": 1, "kind"`, false},
		"an older format than the first": {`"format": 1`, `"format": 0`, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			changed := bytes.Replace(b, []byte(tc.old), []byte(tc.replacement), 1)
			require.NotEqual(t, b, changed)
			d, err := Decode(changed)
			require.Nil(t, d)
			require.Equal(t, tc.newer, errors.Is(err, ErrNewer), "%v", err)
			require.ErrorAs(t, err, new(*FieldError))
		})
	}
}

// TestDecodeRefusesAnEditThatNoWriteCouldContinue: a person left members out, which a write adds.
func TestDecodeRefusesAnEditThatNoWriteCouldContinue(t *testing.T) {
	t.Parallel()
	var periods []string
	for i := range 12_000 {
		periods = append(periods, fmt.Sprintf(`{"id":"%06d","kind":"window","start":"2026-03-08T11:00:00Z","enabled":true}`, i))
	}
	text := `{"format":1,"periods":[` + strings.Join(periods, ",") + `]}`
	require.Less(t, len(text), MaxDocument)
	_, err := Decode([]byte(text))
	require.ErrorContains(t, err, "want at most 1048576 bytes; remove periods that have ended")
	_, err = Decode([]byte(`{"format":1,"periods":[` + strings.Join(periods[:11_000], ",") + `]}`))
	require.NoError(t, err)
}

func TestDecodeKeepsNoReferenceToItsInput(t *testing.T) {
	t.Parallel()
	b := []byte(`{"format":1,"name":"shop","periods":[],"log":[{"a":1}, {"b":2}]}`)
	d, err := Decode(b)
	require.NoError(t, err)
	clear(b)
	require.Equal(t, &Document{Format: 1, Name: "shop", Periods: []Period{}, Log: Log{[][]byte{[]byte(`{"a":1}`), []byte(`{"b":2}`)}}}, d)
}

// BenchmarkDecode shows the cost of a full log for a read of a gate, and the cost that it would
// have if the gate decoded it.
func BenchmarkDecode(b *testing.B) {
	for _, n := range []int{1, 100, 1_500} {
		for _, log := range []string{"none", "left out", "full", "decoded"} {
			b.Run(fmt.Sprintf("periods=%d/log=%s", n, log), func(b *testing.B) {
				d := manyPeriods(n, 60)
				if log != "none" {
					d.Log = fullLog(b)
				}
				text, err := d.Encode()
				require.NoError(b, err)
				b.SetBytes(int64(len(text)))
				b.ReportAllocs()
				decode := Decode
				if log == "left out" {
					decode = DecodeWithoutLog
				}
				for b.Loop() {
					d, err := decode(text)
					if err == nil && log == "decoded" {
						_, err = d.Log.Entries()
					}
					if err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// FuzzDecode checks that Decode accepts only JSON that encoding/json reads in the same way,
// that Encode and Decode are inverse, and that DecodeWithoutLog differs in the log only.
func FuzzDecode(f *testing.F) {
	full, err := fullDocument().Encode()
	require.NoError(f, err)
	f.Add(full)
	for _, seed := range []string{
		"", "null", handwritten, `{"format":1,"periods":[]}`, `{"format":2,"periods":[]}`,
		`{"format":1,"periods":[{"id":"\u0061","kind":"window","start":"2026-11-21T02:00:00.1234567+14:00","enabled":true,"reason":"\ud83d\udea7\/\n"}]}`,
		`{"format":1,"periods":[],"log":[{"time":"2026-11-21T02:00:00Z","action":"end"},[1,-2.5e3,true,null,{"a":{}}],"\u00e4",[]]}`,
		"{\"format\":1,\"periods\":[]" + logOpen + "1,\n\"a]" + logClose,
		"{\"format\":1,\"periods\":[{\"id\":\"a\"" + logOpen + "1" + logEnd + "]" + logOpen + "1" + logClose,
		"{\"format\":1,\"periods\":[],\"log\":[]" + logOpen + "[\n  ]" + logClose,
		"{\"log\":[{\n\"a\" : [ 1 ,\n2 ]}],\"replaces\":\"*\",\"name\":\"x\",\"format\":1,\"periods\":[]}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := Decode(b)
		state, stateErr := DecodeWithoutLog(b)
		if err != nil {
			require.Nil(t, d)
			if without, cut := withoutLog(b); cut && stateErr == nil { // the fault is in the log
				d, err = Decode(without)
				require.NoError(t, err)
				require.Equal(t, d, state)
				return
			}
			require.Equal(t, err, stateErr)
			require.Nil(t, state)
			return
		}
		require.NoError(t, stateErr)
		require.True(t, state.Log.IsZero())
		state.Log = d.Log
		require.Equal(t, d, state)
		var plain Document
		require.NoError(t, json.Unmarshal(b, &plain))
		for i := range plain.Periods {
			plain.Periods[i].Version = max(plain.Periods[i].Version, 1) // absent means 1
		}
		plain.normalize()
		var log struct{ Log []json.RawMessage }
		require.NoError(t, json.Unmarshal(b, &log))
		require.Len(t, d.Log.lines, len(log.Log))
		for i, line := range d.Log.lines {
			require.NotContains(t, string(line), "\n")
			require.JSONEq(t, string(log.Log[i]), string(line))
		}
		plain.Log = d.Log
		require.Equal(t, &plain, d)
		_, _ = d.Log.Entries()

		text, err := d.Encode()
		require.NoError(t, err)
		if len(text) > MaxDocument {
			return // the indentation makes it too large
		}
		back, err := Decode(text)
		require.NoError(t, err)
		require.Equal(t, d, back)
		require.Equal(t, d.HandEdited(), back.HandEdited())
		again, err := back.Encode()
		require.NoError(t, err)
		require.Equal(t, text, again)
	})
}

func TestAGateReadsTheStateAlthoughTheLogIsNoJSON(t *testing.T) {
	t.Parallel()
	d := manyPeriods(2, 10)
	d.Log = fullLog(t)
	text, err := d.Encode()
	require.NoError(t, err)
	broken := bytes.Clone(text)
	broken[bytes.Index(text, []byte(logOpen))+len(logOpen)] = '('
	_, err = Decode(broken)
	require.ErrorContains(t, err, "log[0]")
	state, err := DecodeWithoutLog(broken)
	require.NoError(t, err)
	d.Log = Log{}
	require.Equal(t, d, state)

	torn := text[:len(text)-len(logClose)]
	_, err = DecodeWithoutLog(torn)
	require.ErrorContains(t, err, "the input ends here")
}
