package period

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestEntriesAreEncodedInOneLine(t *testing.T) {
	t.Parallel()
	p := Period{ID: "w", Kind: Window, Start: noon.In(time.FixedZone("X", 3600)).Add(1234 * time.Nanosecond), End: noon.Add(time.Hour), Enabled: true, Version: 1}
	p.Reason = "<b>\n\u2028"
	e := Entry{Time: noon.Add(999 * time.Nanosecond), Revision: 7, Write: "w", Action: "later", Actor: "é\x00", Changes: []Change{{After: &p}}}
	b, err := e.encode()
	require.NoError(t, err)
	require.NotContains(t, string(b), "\n")
	require.Contains(t, string(b), `{"time":"2026-03-08T12:00:00Z","revision":7,`)
	require.Contains(t, string(b), "<b>")
	got, err := decodeEntry(b)
	require.NoError(t, err)
	require.Equal(t, "2026-03-08T12:00:00.000001Z", got.Changes[0].After.Start.Format(time.RFC3339Nano))
	require.Equal(t, noon, got.Time)
	require.Equal(t, Action("later"), got.Action, "a later version's")
	require.Equal(t, e.Actor, got.Actor)
	require.Equal(t, 1234, p.Start.Nanosecond(), "the caller's period is not changed")
	again, err := got.encode()
	require.NoError(t, err)
	require.Equal(t, string(b), string(again))

	_, err = Log{}.With(Entry{Time: time.Date(12000, 1, 1, 0, 0, 0, 0, time.UTC), Action: ActionInit})
	require.ErrorContains(t, err, "log entry: ")
	_, err = Log{}.With(Entry{Time: noon, Action: Action(strings.Repeat("a", MaxEntry))})
	require.ErrorContains(t, err, "want at most 4096")
}

func TestAnEntryIsBounded(t *testing.T) {
	t.Parallel()
	crowd := func(n int, reason string) []Change {
		var out []Change
		for i := range n {
			out = append(out, Change{Before: &Period{ID: fmt.Sprint("d", i), Kind: Deployment, Start: noon, Enabled: true, Holder: "x", Version: 1, Reason: reason}})
		}
		return out
	}
	names := strings.Repeat("ä", MaxNameLen/2)
	crowded := Period{
		ID: strings.Repeat("Z", MaxIDLen), Kind: Window, Start: noon, End: noon, ExpectedEnd: noon, Enabled: true, Emergency: true, HoldSeconds: 600, Version: 1 << 50,
		Reason: strings.Repeat("ü", MaxReasonLen/2), Holder: names, CreatedBy: names, CreatedAt: noon, UpdatedBy: names, UpdatedAt: noon,
	}
	spoken := crowded
	spoken.ReasonLang, spoken.Reasons = "en", NewReasons(map[string]string{"de": crowded.Reason, "fr": crowded.Reason})
	hostile := crowded
	hostile.Holder, hostile.CreatedBy, hostile.UpdatedBy = strings.Repeat("\x01", MaxNameLen), strings.Repeat("\x01", MaxNameLen), strings.Repeat("\x01", MaxNameLen)
	for name, tc := range map[string]struct {
		changes []Change
		kept    int
		reason  int // length of the first reason that is kept
	}{
		"no changes":                                    {nil, 0, 0},
		"as many changes as fit":                        {crowd(30, ""), 30, 0},
		"more are counted":                              {crowd(3000, ""), 33, 0},
		"a reason is kept whole if it fits":             {crowd(1, strings.Repeat("r", 3000)), 1, 3000},
		"reasons lose their end":                        {crowd(3, strings.Repeat("r", 3000)), 3, maxReasonKept + len("…")},
		"they are cut between characters":               {crowd(3, strings.Repeat("€", 1000)), 3, maxReasonKept - maxReasonKept%3 + len("…")},
		"long reasons leave room for fewer changes":     {crowd(100, strings.Repeat("\x01", MaxReasonLen)), 2, maxReasonKept + len("…")},
		"reasons in other languages make place":         {[]Change{{&spoken, &spoken}}, 1, maxReasonKept + len("…")},
		"any one change fits if its texts are texts":    {[]Change{{&crowded, &crowded}}, 1, maxReasonKept + len("…")},
		"a change that cannot fit is counted as others": {[]Change{{&hostile, &hostile}}, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := Entry{
				Time: noon, Revision: MaxRevision, Write: strings.Repeat("w", 16), Action: ActionReconcile, HandEdited: true, Anew: "unreadable",
				Actor: "ann", Origin: "command on web-1", Changes: tc.changes,
			}
			l, err := Log{}.With(e)
			require.NoError(t, err)
			require.LessOrEqual(t, len(l.lines[0]), MaxEntry)
			entries, err := l.Entries()
			require.NoError(t, err)
			got := entries[0]
			require.Len(t, got.Changes, tc.kept)
			require.Equal(t, len(tc.changes)-tc.kept, got.Omitted)
			for i, c := range got.Changes {
				require.Equal(t, tc.changes[i].ID(), c.ID(), "the first ones are kept")
			}
			if tc.kept > 0 {
				require.Len(t, got.Changes[0].Before.Reason, tc.reason)
			}
			if tc.changes != nil {
				require.NotContains(t, tc.changes[0].Before.Reason, "…", "the caller's are not changed")
			}
		})
	}
	t.Run("an entry without changes always fits", func(t *testing.T) {
		t.Parallel()
		worst := strings.Repeat("\x01", MaxNameLen)
		l, err := Log{}.With(Entry{Time: noon.Add(time.Microsecond), Revision: MaxRevision, Write: strings.Repeat("w", 16), Action: ActionReconcile, Actor: worst, Origin: worst, HandEdited: true, Anew: "unreadable"})
		require.NoError(t, err)
		require.Len(t, l.lines, 1)
	})
}

func TestWhoAndFromWhereAreChecked(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", MaxNameLen+1)
	for name, tc := range map[string]struct {
		e    Entry
		want string
	}{
		"a long actor":               {Entry{Actor: long}, `actor: "257 bytes": want at most 256 bytes`},
		"a long origin":              {Entry{Origin: long}, `origin: "257 bytes": want at most 256 bytes`},
		"an actor that is no UTF-8":  {Entry{Actor: "\xff"}, `actor: "\xff": is not valid UTF-8`},
		"an origin that is no UTF-8": {Entry{Origin: "\xff"}, `origin: "\xff": is not valid UTF-8`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Log{}.With(tc.e)
			require.EqualError(t, err, tc.want)
			_, ok := errors.AsType[*FieldError](err)
			require.True(t, ok)
		})
	}
}

func TestDecodeEntryRefuses(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ given, want string }{
		"nothing":       {"", "unexpected end"},
		"half an entry": {`{"time":"2026-03-08T12:00:00Z","acti`, "unexpected end"},
		"two entries":   {`{} {}`, "after top-level value"},
		"no time":       {`{"action":"end"}`, "has no time"},
		"no action":     {`{"time":"2026-03-08T12:00:00Z"}`, "has no action"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := decodeEntry([]byte(tc.given))
			require.ErrorContains(t, err, tc.want)
		})
	}
	e, err := decodeEntry([]byte(`{"time":"2026-03-08T12:00:00Z","action":"end","from_a_later_version":1}`))
	require.NoError(t, err)
	require.NotNil(t, e.Changes)
}

// FuzzDecodeEntry checks that an entry stays the same when it is written again.
func FuzzDecodeEntry(f *testing.F) {
	for _, seed := range []string{
		`{"time":"2026-03-08T12:00:00Z","revision":7,"write":"w","action":"end","actor":"ann","changes":[{"before":{"id":"a"}}],"omitted":3}`,
		`{"time":"2026-03-08T12:00:00+05:30","action":"x","anew":"lost","changes":[null,{"after":{"start":"0001-01-01T00:00:00Z"}}]}`,
		`{`, ``, `null`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := decodeEntry(b)
		if err != nil {
			return
		}
		for _, c := range e.Changes {
			_, _ = c.Fields(), c.ID()
		}
		again, err := e.encode()
		if err != nil {
			return // a name or the action is too long
		}
		same, err := decodeEntry(again)
		require.NoError(t, err)
		if same.Omitted != e.Omitted || slices.ContainsFunc(e.Changes, func(c Change) bool {
			return c.Before != nil && len(c.Before.Reason) > maxReasonKept || c.After != nil && len(c.After.Reason) > maxReasonKept
		}) {
			return // it was shortened
		}
		require.Equal(t, e, same)
	})
}
