package walltime_test

import (
	"errors"
	"testing"
	"time"
	_ "time/tzdata" // the zones of the tables, wherever they are run

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/period/walltime"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	require.NoError(t, err)
	return loc
}

func TestParse(t *testing.T) {
	t.Parallel()
	const nowhere = ""
	for name, test := range map[string]struct{ in, zone, now, want string }{
		"RFC 3339 in UTC":                             {"2026-03-08T02:30:00Z", "America/New_York", nowhere, "2026-03-08T02:30:00Z"},
		"RFC 3339 with an offset":                     {"2026-03-08T02:30:00+05:30", "UTC", nowhere, "2026-03-07T21:00:00Z"},
		"RFC 3339 with a fraction":                    {"2026-03-08T02:30:00.25Z", "UTC", nowhere, "2026-03-08T02:30:00.25Z"},
		"RFC 3339 inside a gap of the zone":           {"2026-03-08T02:30:00-05:00", "America/New_York", nowhere, "2026-03-08T07:30:00Z"},
		"RFC 3339 with a blank":                       {"2026-03-08 02:30:00Z", "America/New_York", nowhere, "2026-03-08T02:30:00Z"},
		"RFC 3339 in lower case":                      {"2026-03-08t02:30:00z", "America/New_York", nowhere, "2026-03-08T02:30:00Z"},
		"RFC 3339 without seconds":                    {"2026-03-08T02:30+05:30", "America/New_York", nowhere, "2026-03-07T21:00:00Z"},
		"all three":                                   {"2026-03-08 02:30z", "America/New_York", nowhere, "2026-03-08T02:30:00Z"},
		"seconds since 1970":                          {"@1772937000", "America/New_York", nowhere, "2026-03-08T02:30:00Z"},
		"local":                                       {"2026-03-08 12:30", "America/New_York", nowhere, "2026-03-08T16:30:00Z"},
		"local with seconds":                          {"2026-03-08 12:30:15", "Europe/Berlin", nowhere, "2026-03-08T11:30:15Z"},
		"local with a T":                              {"2026-07-08T12:30", "Europe/Berlin", nowhere, "2026-07-08T10:30:00Z"},
		"the minute before a gap":                     {"2026-03-08 01:59", "America/New_York", nowhere, "2026-03-08T06:59:00Z"},
		"the end of a gap":                            {"2026-03-08 03:00", "America/New_York", nowhere, "2026-03-08T07:00:00Z"},
		"the minute before a fold":                    {"2026-11-01 00:59", "America/New_York", nowhere, "2026-11-01T04:59:00Z"},
		"the end of a fold":                           {"2026-11-01 02:00", "America/New_York", nowhere, "2026-11-01T07:00:00Z"},
		"half an hour of daylight saving":             {"2026-10-04 02:30", "Australia/Lord_Howe", nowhere, "2026-10-03T15:30:00Z"},
		"the last night of a leap year to come":       {"2040-12-31 12:00", "Europe/Berlin", nowhere, "2040-12-31T11:00:00Z"},
		"the first morning after it":                  {"2097-01-01 00:00", "Europe/Berlin", nowhere, "2096-12-31T23:00:00Z"},
		"the same in the south, in summer":            {"2044-12-30 12:00", "Australia/Lord_Howe", nowhere, "2044-12-30T01:00:00Z"},
		"the day after a day that was skipped":        {"2011-12-31 00:00", "Pacific/Apia", nowhere, "2011-12-30T10:00:00Z"},
		"without a date: later today":                 {"23:00", "UTC", "2026-03-08T12:00:00Z", "2026-03-08T23:00:00Z"},
		"without a date: passed today":                {"11:59:59", "UTC", "2026-03-08T12:00:00Z", "2026-03-09T11:59:59Z"},
		"without a date: now is not next":             {"12:00", "UTC", "2026-03-08T12:00:00Z", "2026-03-09T12:00:00Z"},
		"without a date: today is the zone's":         {"09:00", "Asia/Tokyo", "2026-03-08T23:00:00Z", "2026-03-09T00:00:00Z"},
		"without a date: the evening before a gap":    {"03:30", "America/New_York", "2026-03-08T03:00:00Z", "2026-03-08T07:30:00Z"},
		"without a date: passed on the day of a gap":  {"01:30", "America/New_York", "2026-03-08T12:00:00Z", "2026-03-09T05:30:00Z"},
		"without a date: across the end of the month": {"00:30", "UTC", "2026-02-28T12:00:00Z", "2026-03-01T00:30:00Z"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := walltime.Parse(test.in, zone(t, test.zone), func() (time.Time, error) {
				require.NotEqual(t, nowhere, test.now, "a full time needs no clock")
				return time.Parse(time.RFC3339, test.now)
			})
			require.NoError(t, err)
			require.Equal(t, test.want, got.UTC().Format(time.RFC3339Nano))
		})
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ in, zone, now, want string }{
		"nothing":                  {"", "UTC", "", `"": not a time: want RFC 3339`},
		"a word":                   {"tomorrow", "UTC", "", `"tomorrow": not a time`},
		"a time with a day's name": {"tomorrow 02:00", "UTC", "", "not a time"},
		"a duration":               {"+30m", "UTC", "2026-03-08T12:00:00Z", "not a time"},
		"an hour of one digit":     {"2026-11-21T2:00:00Z", "UTC", "", "not a time"},
		"a comma":                  {"2026-11-21T02:00:00,5Z", "UTC", "", "not a time"},
		"24 hours of offset":       {"2026-11-21T02:00:00+24:00", "UTC", "", "not a time"},
		"60 minutes of offset":     {"2026-11-21 02:00:00+23:60", "UTC", "", "not a time"},
		"a local comma":            {"2026-11-21 02:00:00,5", "UTC", "", "not a time"},
		"a local digit":            {"2026-11-21 2:00", "UTC", "", "not a time"},
		"a digit without a date":   {"2:00", "UTC", "2026-03-08T12:00:00Z", "not a time"},
		"a clock with an offset":   {"02:00Z", "UTC", "2026-03-08T12:00:00Z", "not a time"},
		"seconds without @":        {"1772937000", "UTC", "", "not a time"},
		"seconds before 1970":      {"@-1", "UTC", "", "not a time"},
		"a fraction of seconds":    {"@1772937000.5", "UTC", "", "not a time"},
		"milliseconds":             {"@1772937000000", "UTC", "", "want a year"},
		"more than 50 bits":        {"@9772937000000000", "UTC", "", "not a time"},
		"a date alone":             {"2026-03-08", "UTC", "", "not a time"},
		"a day that is not":        {"2026-02-29 12:00", "UTC", "", "not a time"},
		"an hour that is not":      {"2026-03-08 24:00", "UTC", "", "not a time"},
		"a leap second":            {"2026-12-31T23:59:60Z", "UTC", "", "not a time"},
		"something behind it":      {"2026-03-08 12:00 ", "UTC", "", "not a time"},
		"a zone's abbreviation":    {"2026-03-08 12:00 EST", "UTC", "", "not a time"},
		"a year too early":         {"1999-12-31 23:59", "UTC", "", "want a year from 2000 to 9998"},
		"a year too late":          {"9999-01-01T00:00:00Z", "UTC", "", "want a year"},
		"another year in UTC":      {"2000-01-01 00:00", "Asia/Tokyo", "", "want a year"},
		"a control byte":           {"12:\x1b00", "UTC", "", `"12:\x1b00": not a time`},
		"a gap in New York":        {"2026-03-08 02:30", "America/New_York", "", "2026-03-08 02:30:00 does not exist in America/New_York, where clocks go from 02:00 EST to 03:00 EDT: say 2026-03-08T01:30:00-05:00 or 2026-03-08T03:30:00-04:00"},
		"the first of a gap":       {"2026-03-08 02:00", "America/New_York", "", "say 2026-03-08T01:00:00-05:00 or 2026-03-08T03:00:00-04:00"},
		"a gap in London":          {"2026-03-29 01:30", "Europe/London", "", "from 01:00 GMT to 02:00 BST: say 2026-03-29T00:30:00Z or 2026-03-29T02:30:00+01:00"},
		"a gap of 30 minutes":      {"2026-10-04 02:15", "Australia/Lord_Howe", "", "say 2026-10-04T01:45:00+10:30 or 2026-10-04T02:45:00+11:00"},
		"a day that was skipped":   {"2011-12-30 12:00", "Pacific/Apia", "", "say 2011-12-29T12:00:00-10:00 or 2011-12-31T12:00:00+14:00"},
		"midnight in Cairo":        {"2026-04-24 00:30", "Africa/Cairo", "", "does not exist in Africa/Cairo"},
		"midnight in Beirut":       {"2026-03-29 00:00", "Asia/Beirut", "", "does not exist in Asia/Beirut"},
		"a fold in New York":       {"2026-11-01 01:30", "America/New_York", "", "2026-11-01 01:30:00 comes twice in America/New_York: say 2026-11-01T01:30:00-04:00 or 2026-11-01T01:30:00-05:00"},
		"a fold of 30 minutes":     {"2026-04-05 01:45", "Australia/Lord_Howe", "", "say 2026-04-05T01:45:00+11:00 or 2026-04-05T01:45:00+10:30"},
		"a gap, without a date":    {"02:30", "America/New_York", "2026-03-08T05:30:00Z", "does not exist in America/New_York"},
		"a gap tomorrow":           {"02:30", "America/New_York", "2026-03-07T20:00:00Z", "does not exist in America/New_York"},
		"between the two of one":   {"01:30", "America/New_York", "2026-11-01T05:45:00Z", "comes twice in America/New_York"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := walltime.Parse(test.in, zone(t, test.zone), func() (time.Time, error) {
				return time.Parse(time.RFC3339, test.now)
			})
			require.ErrorContains(t, err, test.want)
		})
	}
	broken := errors.New("store is gone")
	_, err := walltime.Parse("12:00", time.UTC, func() (time.Time, error) { return time.Time{}, broken })
	require.ErrorIs(t, err, broken)
}

func TestWithoutAZoneOnlyLocalTimesAreRefused(t *testing.T) {
	t.Parallel()
	now := func() (time.Time, error) { return time.Date(2026, 3, 8, 12, 0, 0, 0, time.UTC), nil }
	for _, in := range []string{"2026-03-08 02:30", "02:30"} {
		_, err := walltime.Parse(in, nil, now)
		require.ErrorIs(t, err, walltime.ErrNoZone, in)
	}
	for _, in := range []string{"2026-03-08 02:30-05:00", "@1772955000"} {
		got, err := walltime.Parse(in, nil, now)
		require.NoError(t, err, in)
		require.Equal(t, "2026-03-08T07:30:00Z", got.Format(time.RFC3339), in)
	}
}

func TestInstantsAreThoseThatAClockShows(t *testing.T) {
	t.Parallel()
	// Every half hour of 2026 in zones that change on different terms: Instants returns the
	// instant for the time that a clock shows at this instant.
	for _, name := range []string{"America/New_York", "Europe/London", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kathmandu", "America/St_Johns"} {
		loc, twice := zone(t, name), 0
		for at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC); at.Year() == 2026; at = at.Add(30 * time.Minute) {
			shown, err := time.Parse(time.DateTime, at.In(loc).Format(time.DateTime))
			require.NoError(t, err)
			all := walltime.Instants(shown, loc)
			require.Contains(t, all, at, name)
			twice += len(all) - 1
		}
		if name == "Asia/Kathmandu" {
			require.Zero(t, twice, name)
		} else {
			require.Positive(t, twice, name)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"2026-03-08T02:30:00Z", "2026-03-08T02:30:00+05:30", "2026-03-08 02:30", "2026-11-01 01:30", "02:30", "23:59:59",
		"@1772937000", "2026-03-08t02:30z", "2026-03-08 02:30:00,5", "2011-12-30 12:00", "2096-12-31 12:00", "90m", "", "9999-12-31T23:59:59.999999999+14:00", "0000-01-01 00:00",
	} {
		f.Add(s, uint8(0), int64(1_772_950_000))
	}
	zones := []*time.Location{
		time.UTC, zone(f, "America/New_York"), zone(f, "Australia/Lord_Howe"), zone(f, "Pacific/Apia"),
		zone(f, "Africa/Casablanca"), time.FixedZone("odd", 5*3600+17),
	}
	f.Fuzz(func(t *testing.T, s string, which uint8, seconds int64) {
		loc := zones[int(which)%len(zones)]
		now := time.Unix(seconds%(1<<34), 0).UTC()
		got, err := walltime.Parse(s, loc, func() (time.Time, error) { return now, nil })
		if err == nil {
			if y := got.UTC().Year(); y < 2000 || y > 9998 {
				t.Fatalf("%q gave the year %d", s, y)
			}
			// The output of Parse parses again, to the same instant.
			again, err := walltime.Parse(got.Format(time.RFC3339Nano), loc, nil)
			if err != nil || !again.Equal(got) {
				t.Fatalf("%q gave %v, and that %v, %v", s, got, again, err)
			}
			if len(s) <= len("15:04:05") && s[0] != '@' && !got.After(now) {
				t.Fatalf("%q after %v gave %v", s, now, got)
			}
		}
	})
}
