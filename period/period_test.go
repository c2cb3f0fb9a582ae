package period

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestValidateListsEveryFault(t *testing.T) {
	t.Parallel()
	require.NoError(t, Period{ID: "a-Z_0.9", Kind: Deployment, Start: noon, Version: 1}.Validate())
	long := strings.Repeat("x", MaxReasonLen+1)
	err := Period{
		ID: long, Kind: "drill", Start: noon, End: noon, ExpectedEnd: noon.Add(-1), Reason: long, Holder: long, CreatedBy: long, UpdatedBy: "\xff",
		CreatedAt: time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC), UpdatedAt: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), Version: 0,
	}.Validate()
	for _, want := range []string{
		`want at most 64 bytes`,
		`kind: "drill": want "deployment" or "window"`,
		`created_at: "1999-01-01T00:00:00Z": want a year from 2000 to 9998`,
		`updated_at: "9999-01-01T00:00:00Z": want a year from 2000 to 9998`,
		`end: "2026-03-08T12:00:00Z": want an instant after start 2026-03-08T12:00:00Z`,
		`expected_end: "2026-03-08T11:59:59Z": want an instant after start`,
		`reason: "4097 bytes": want at most 4096 bytes`,
		`holder: "4097 bytes": want at most 256 bytes`,
		`created_by: "4097 bytes": want at most 256 bytes`,
		`updated_by: "\xff": is not valid UTF-8`,
		`version: 0: want 1 or more`,
	} {
		require.ErrorContains(t, err, want)
	}
	err = Period{ID: "a b", Kind: Window, Version: 1}.Validate()
	require.ErrorContains(t, err, `id: "a b": want only a-z, A-Z, 0-9, "-", "_" and "."`)
	require.ErrorContains(t, err, "start: is missing")
	require.ErrorContains(t, Period{Kind: Window, Start: noon, Version: 1}.Validate(), "id: is missing")
	for _, id := range []string{"-rf", "--all", ".", "..", "_x"} { // a flag, or a directory, to a program that gets it
		require.ErrorContains(t, Period{ID: id, Kind: Window, Start: noon, Version: 1}.Validate(), "want a letter or a digit first", id)
	}
}

// An instant is zero in each location. Package time compares two of them by their location too.
func TestPromisedEndSkipsAZeroInstantOfAnotherLocation(t *testing.T) {
	t.Parallel()
	end := time.Date(2026, 3, 8, 3, 0, 0, 0, time.UTC)
	zero := time.Time{}.In(time.FixedZone("CET", 3600))
	require.Equal(t, end, Period{ExpectedEnd: zero, End: end}.PromisedEnd())
	require.Equal(t, end, Period{ExpectedEnd: end, End: end.Add(time.Hour)}.PromisedEnd())
	require.Zero(t, Period{}.PromisedEnd())
}
