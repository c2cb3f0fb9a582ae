package period

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestADocumentKeepsItsFollowers(t *testing.T) {
	t.Parallel()
	d := fullDocument()
	d.Followers = []Follower{
		{Name: "ops", Holder: "abc", Revision: 4, At: noon.Add(1500 * time.Nanosecond).In(time.FixedZone("", 3600)), Told: []string{"k1", "k2"}},
		{Name: "slack", At: noon},
	}
	b, err := d.Encode()
	require.NoError(t, err)
	for name, decode := range map[string]func([]byte) (*Document, error){"whole": Decode, "without log": DecodeWithoutLog} {
		back, err := decode(b)
		require.NoError(t, err, name)
		require.Equal(t, []Follower{
			{Name: "ops", Holder: "abc", Revision: 4, At: noon.Add(time.Microsecond), Told: []string{"k1", "k2"}},
			{Name: "slack", At: noon},
		}, back.Followers, name)
		require.False(t, back.HandEdited(), name)
		require.Equal(t, d.Mark(), back.Mark(), name)
	}
	f, found := d.Follower("slack")
	require.True(t, found)
	require.Equal(t, "slack", f.Name)
	_, found = d.Follower("pager")
	require.False(t, found)
	_, found = (*Document)(nil).Follower("slack")
	require.False(t, found)
}

func TestFollowersAreChecked(t *testing.T) {
	t.Parallel()
	good := func(change func(f *Follower)) []Follower {
		f := Follower{Name: "ops", At: noon}
		change(&f)
		return []Follower{f}
	}
	many := make([]Follower, MaxFollowers+1)
	for i := range many {
		many[i] = Follower{Name: strconv.Itoa(i), At: noon}
	}
	for name, tc := range map[string]struct {
		followers []Follower
		field     string
	}{
		"no fault":               {good(func(*Follower) {}), ""},
		"as many as there may":   {many[1:], ""},
		"one too many":           {many, "followers"},
		"no name":                {good(func(f *Follower) { f.Name = "" }), "followers[0].name"},
		"a name with a blank":    {good(func(f *Follower) { f.Name = "a b" }), "followers[0].name"},
		"two of one name":        {append(good(func(*Follower) {}), good(func(*Follower) {})...), "followers[1].name"},
		"a holder with a slash":  {good(func(f *Follower) { f.Holder = "a/b" }), "followers[0].holder"},
		"a negative revision":    {good(func(f *Follower) { f.Revision = -1 }), "followers[0].revision"},
		"no time":                {good(func(f *Follower) { f.At = time.Time{} }), "followers[0].at"},
		"too many keys":          {good(func(f *Follower) { f.Told = strings.Split(strings.Repeat("k ", MaxTold)+"k", " ") }), "followers[0].told"},
		"a key that is too long": {good(func(f *Follower) { f.Told = []string{strings.Repeat("k", MaxToldLen+1)} }), "followers[0].told"},
		"an empty key":           {good(func(f *Follower) { f.Told = []string{""} }), "followers[0].told"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := fullDocument()
			d.Followers = tc.followers
			_, err := d.Encode()
			if tc.field == "" {
				require.NoError(t, err)
				return
			}
			var fault *FieldError
			require.ErrorAs(t, err, &fault)
			require.Equal(t, tc.field, fault.Field)
		})
	}
	require.NoError(t, NameFault("ops-1"))
	require.Error(t, NameFault("-"))
}
