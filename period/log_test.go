package period

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// noon is the instant of tests that need only one.
var noon = time.Date(2026, 3, 8, 12, 0, 0, 0, time.UTC)

// anEntry is an entry whose line has size bytes.
func anEntry(t testing.TB, revision int64, size int) Entry {
	t.Helper()
	p := Period{ID: "p", Kind: Window, Start: noon, Enabled: true, Version: 1}
	e := Entry{Time: noon, Revision: revision, Write: fmt.Sprintf("w%05d", revision), Action: ActionSchedule, Actor: "ann", Changes: []Change{{After: &p}}}
	line, err := e.encode()
	require.NoError(t, err)
	p.Reason = strings.Repeat("r", size-len(line)-len(`"reason":"",`))
	line, err = e.encode()
	require.NoError(t, err)
	require.Len(t, line, size)
	return e
}

// fullLog has as many entries and bytes as a log can have.
func fullLog(t testing.TB) Log {
	t.Helper()
	var l Log
	for i := range MaxEntries {
		var err error
		l, err = l.With(anEntry(t, int64(100+i), MaxLog/MaxEntries))
		require.NoError(t, err)
	}
	require.Len(t, l.lines, MaxEntries)
	return l
}

func revisions(t testing.TB, l Log) []int64 {
	t.Helper()
	entries, err := l.Entries()
	require.NoError(t, err)
	out := []int64{}
	for _, e := range entries {
		out = append(out, e.Revision)
	}
	return out
}

func TestALogIsReadNewestFirst(t *testing.T) {
	t.Parallel()
	var l Log
	require.True(t, l.IsZero())
	require.Equal(t, []int64{}, revisions(t, l))
	for i := range 3 {
		before := l
		var err error
		l, err = l.With(anEntry(t, int64(i), 400))
		require.NoError(t, err)
		require.Len(t, before.lines, i, "a log is immutable")
	}
	require.False(t, l.IsZero())
	require.Equal(t, []int64{2, 1, 0}, revisions(t, l))
}

func TestTheOldestEntriesMakeRoom(t *testing.T) {
	t.Parallel()
	full := fullLog(t)
	for name, tc := range map[string]struct {
		size, left int
	}{
		"200 entries at most":   {MaxLog / MaxEntries, MaxEntries},
		"64 KiB at most":        {MaxEntry, (MaxLog - MaxEntry) / (MaxLog / MaxEntries)},
		"a small entry is kept": {300, MaxEntries},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := anEntry(t, 999, 300)
			if tc.size > 300 {
				e = Entry{Time: noon, Revision: 999, Write: "w", Action: ActionEnd}
				line, err := e.encode()
				require.NoError(t, err)
				e.Action += Action(strings.Repeat("x", tc.size-len(line)))
			}
			l, err := full.With(e)
			require.NoError(t, err)
			got := revisions(t, l)
			require.Equal(t, int64(999), got[0])
			if tc.size == MaxEntry {
				tc.left++ // the new one
			}
			require.Len(t, got, tc.left)
			require.LessOrEqual(t, len(bytes.Join(l.lines, nil)), MaxLog)
		})
	}
	t.Run("large entries that a person wrote are removed first", func(t *testing.T) {
		t.Parallel()
		l, err := Log{[][]byte{[]byte(`"` + strings.Repeat("x", MaxLog) + `"`), []byte(`{}`)}}.With(anEntry(t, 1, 300))
		require.NoError(t, err)
		require.Len(t, l.lines, 2)
	})
}

func TestAnEntryThatCannotBeDecodedHidesNoOther(t *testing.T) {
	t.Parallel()
	d, err := Decode([]byte(`{"format":1,"periods":[],"log":[
		{"time":"2026-03-08T12:00:00Z","revision":1,"action":"init"}, "a text", {"revision":"two"}, 3, null, [],
		{"time":"2026-03-08T12:00:00Z","revision":7,"action":"later","from_a_later_version":{"x":[1]}}]}`))
	require.NoError(t, err)
	entries, err := d.Log.Entries()
	require.Len(t, entries, 2)
	require.Equal(t, int64(7), entries[0].Revision)
	require.Equal(t, Action("later"), entries[0].Action)
	require.NotNil(t, entries[0].Changes)
	for _, i := range []int{1, 2, 3, 4, 5} {
		require.ErrorContains(t, err, fmt.Sprintf("log[%d]: ", i))
	}
	require.NotContains(t, err.Error(), "log[0]")
	require.NotContains(t, err.Error(), "log[6]")
	l, err := d.Log.With(anEntry(t, 8, 300))
	require.NoError(t, err, "it never stops a write")
	require.Len(t, l.lines, 8)
}

func TestALogHoldsAWrite(t *testing.T) {
	t.Parallel()
	l := Log{[][]byte{[]byte(`"rubbish"`)}}
	l, err := l.With(Entry{Time: noon, Action: ActionEnd, Write: "abc"})
	require.NoError(t, err)
	l, err = l.With(Entry{Time: noon, Action: ActionEnd, Write: "def"})
	require.NoError(t, err)
	for id, want := range map[string]bool{"abc.0123": true, "def.4567": true, "abc": true, "ab.0123": false, "": false, ".0123": false} {
		require.Equal(t, want, l.Holds(id), id)
	}
}
