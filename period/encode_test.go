package period

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func fullDocument() *Document {
	at := time.Date(2026, 11, 21, 2, 0, 0, 123456789, time.FixedZone("", 3600))
	d := &Document{
		Format: Format, StoreID: "k3j2", Revision: 7, CloseRev: 6, Environment: "staging",
		Periods: []Period{{
			ID: "a-1", Kind: Deployment, Start: at, End: at.Add(3 * time.Hour), ExpectedEnd: at.Add(time.Hour),
			DownSince: at.Add(-time.Hour), Enabled: true, Emergency: true, HoldSeconds: 20, Reason: "naïve <b>\u2028 \"quoted\" \\ \U0001F6A7", ReasonLang: "en", Reasons: NewReasons(map[string]string{"pt-BR": "<b>\u2028 \"a\"", "de": "größer\n"}), Holder: "ann@host", RunID: "run7", Bypass: Suspended, Job: "build/1",
			Version: 3, CreatedBy: "ann", CreatedAt: at, UpdatedBy: "bob", UpdatedAt: at.Add(time.Minute),
		}, {ID: "b", Kind: Window, Start: at, Version: 1}},
	}
	d.Seal()
	return d
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
	d.Seal()
	return d
}

func TestEncodeAndDecodeAgree(t *testing.T) {
	t.Parallel()
	d := fullDocument()
	b, err := d.Encode()
	require.NoError(t, err)
	require.True(t, bytes.HasSuffix(b, []byte("}\n")))
	require.Contains(t, string(b), "\n  \"store_id\": \"k3j2\",\n", "the JSON is indented for people")
	require.Contains(t, string(b), "<b>", "the JSON has no HTML escapes")

	back, err := Decode(b)
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

func TestEncodeRefusesWhatCouldNotBeRead(t *testing.T) {
	t.Parallel()
	var none *Document
	_, err := none.Encode()
	require.Error(t, err)
	for name, change := range map[string]func(d *Document){
		"another format":         func(d *Document) { d.Format = 2 },
		"a negative revision":    func(d *Document) { d.Revision, d.CloseRev = -1, 0 },
		"an id used twice":       func(d *Document) { d.Periods[1].ID = d.Periods[0].ID },
		"an invalid period":      func(d *Document) { d.Periods[0].Kind = "x" },
		"text that is no text":   func(d *Document) { d.Periods[0].Reason = "\xff" },
		"replaces that is no id": func(d *Document) { d.Replaces = "a b" },
		"a long name":            func(d *Document) { d.Name = strings.Repeat("n", MaxNameLen+1) },
		"a name that is no text": func(d *Document) { d.Name = "\xff" },
		"reconciled too high":    func(d *Document) { d.Reconciled = d.Revision + 1 },
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

func TestTwoThousandOrdinaryPeriodsFit(t *testing.T) {
	t.Parallel()
	d := manyPeriods(2_000, 60)
	d.Log = fullLog(t)
	b, err := d.Encode()
	require.NoError(t, err)
	require.Less(t, len(b), MaxDocument)
	back, err := Decode(b)
	require.NoError(t, err)
	require.Equal(t, d, back)
}

func TestTheLogIsTheLastMemberWithOneEntryALine(t *testing.T) {
	t.Parallel()
	d := fullDocument()
	without, err := d.Encode()
	require.NoError(t, err)
	d.Log = fullLog(t)
	b, err := d.Encode()
	require.NoError(t, err)
	require.True(t, bytes.HasPrefix(b, bytes.TrimSuffix(without, []byte("\n}\n"))), "everything else is as without the log")
	lines := strings.Split(string(b), "\n")
	n := len(lines) - len(d.Log.lines) - 4
	require.Equal(t, `  "log": [`, lines[n])
	for i, line := range d.Log.lines[:len(d.Log.lines)-1] {
		require.Equal(t, "    "+string(line)+",", lines[n+1+i])
	}
	require.Equal(t, []string{"    " + string(d.Log.lines[len(d.Log.lines)-1]), "  ]", "}", ""}, lines[len(lines)-4:])

	back, err := Decode(b)
	require.NoError(t, err)
	require.Equal(t, d, back)
	require.False(t, back.HandEdited())
}

func TestAnEntryThatWasReformattedIsOneLineAgain(t *testing.T) {
	t.Parallel()
	d, err := Decode([]byte("{\"format\":1,\"periods\":[],\"log\":[{\n  \"a\": \"x  y\",\r\n  \"b\": [1,\n2]\n}]}"))
	require.NoError(t, err)
	b, err := d.Encode()
	require.NoError(t, err)
	require.Contains(t, string(b), "\n    {\"a\":\"x  y\",\"b\":[1,2]}\n")
}

func TestFit(t *testing.T) {
	t.Parallel()
	d := manyPeriods(10, 60)
	d.Log = fullLog(t)
	all, err := d.Encode()
	require.NoError(t, err)
	entries := len(d.Log.lines)
	bare := *d
	bare.Log = Log{}
	periods, err := bare.Encode()
	require.NoError(t, err)
	compact, err := d.content("")
	require.NoError(t, err)
	size := len(d.Log.lines[0]) // all entries are of one size
	for name, tc := range map[string]struct{ limit, entries int }{
		"everything fits":                       {len(all), entries},
		"one byte less takes the oldest entry":  {len(all) - 1, entries - 1},
		"half of the log":                       {len(all) - entries/2*(size+len(logNext)), entries / 2},
		"no room for one entry":                 {len(periods) + size, 0},
		"the periods and nothing else":          {len(periods), 0},
		"no indentation, and entries instead":   {len(periods) - 1, 2},
		"no indentation and no log":             {len(compact), 0},
		"periods that are too large stay whole": {len(compact) - 1, 0},
		"a limit that nothing meets":            {0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, err := d.Fit(tc.limit)
			require.NoError(t, err)
			if tc.limit >= len(compact) {
				require.LessOrEqual(t, len(b), tc.limit)
			}
			back, err := Decode(b)
			require.NoError(t, err)
			require.Equal(t, d.Periods, back.Periods)
			require.False(t, back.HandEdited())
			require.Len(t, back.Log.lines, tc.entries)
			for i, line := range back.Log.lines {
				require.Equal(t, string(d.Log.lines[entries-tc.entries+i]), string(line), "the newest entries stay")
			}
			require.Len(t, d.Log.lines, entries, "the document is not changed")
		})
	}
	_, err = (&Document{Format: 2}).Fit(MaxDocument)
	require.Error(t, err)
}
