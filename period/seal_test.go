package period

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestHandEditedReportsAnEditByHand(t *testing.T) {
	t.Parallel()
	b, err := fullDocument().Encode()
	require.NoError(t, err)
	edited := bytes.Replace(b, []byte(`"enabled": true`), []byte(`"enabled": false`), 1)
	require.NotEqual(t, b, edited)
	d, err := Decode(edited)
	require.NoError(t, err)
	require.True(t, d.HandEdited())
}

func TestTheDigestCoversEverythingButWriteIDFollowersAndLog(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change func(d *Document)
		edited bool
	}{
		"nothing":            {func(*Document) {}, false},
		"the random half":    {func(d *Document) { d.WriteID = "x" + d.WriteID }, false},
		"the log":            {func(d *Document) { d.Log = Log{[][]byte{[]byte(`{}`)}} }, false},
		"the followers":      {func(d *Document) { d.Followers = []Follower{{Name: "ops", At: noon}} }, false},
		"the digest":         {func(d *Document) { d.WriteID += "0" }, true},
		"no write id":        {func(d *Document) { d.WriteID = "" }, true},
		"the store id":       {func(d *Document) { d.StoreID = "other" }, true},
		"the revision":       {func(d *Document) { d.Revision++ }, true},
		"close_rev":          {func(d *Document) { d.CloseRev-- }, true},
		"reconciled":         {func(d *Document) { d.Reconciled = 1 }, true},
		"replaces":           {func(d *Document) { d.Replaces = AnyDocument }, true},
		"the name":           {func(d *Document) { d.Name = "shop" }, true},
		"a period":           {func(d *Document) { d.Periods[1].Reason = "x" }, true},
		"one period less":    {func(d *Document) { d.Periods = d.Periods[:1] }, true},
		"the order":          {func(d *Document) { d.Periods[0], d.Periods[1] = d.Periods[1], d.Periods[0] }, true},
		"an impossible time": {func(d *Document) { d.Periods[0].End = time.Date(12000, 1, 1, 0, 0, 0, 0, time.UTC) }, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := fullDocument()
			tc.change(d)
			require.Equal(t, tc.edited, d.HandEdited())
		})
	}
}

func TestSealGivesEachWriteAnIDOfItsOwn(t *testing.T) {
	t.Parallel()
	d := fullDocument()
	first := d.WriteID
	require.Regexp(t, `^[a-z2-7]{16}\.[0-9a-f]{16}$`, first)
	d.Seal()
	require.NotEqual(t, first, d.WriteID)
	require.Equal(t, strings.Split(first, ".")[1], strings.Split(d.WriteID, ".")[1], "the content is the same")
	require.Equal(t, first[:16], WriteHalf(first))
	require.Empty(t, WriteHalf(""))
}
