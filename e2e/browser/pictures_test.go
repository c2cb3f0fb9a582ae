package browser

import (
	"bytes"
	"context"
	"flag"
	"image/png"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/store"
)

// go test ./e2e/browser -run TestPictures -pictures docs writes those of the README.
var pictures = flag.String("pictures", "", "directory, relative to the root of the repository, that TestPictures writes to")

// maxPicture is the largest size of a picture for the README, in bytes.
const maxPicture = 160 << 10

// ago is a store whose clock is slow, for writes that look older than they are.
type ago struct {
	store.Store
	by time.Duration
}

func (s ago) Get(ctx context.Context, have store.Token) (store.Blob, error) {
	blob, err := s.Store.Get(ctx, have)
	blob.Now = blob.Now.Add(-s.by)
	return blob, err
}

func TestPictures(t *testing.T) {
	t.Parallel()
	s := openShop(t, "chi")
	desk := s.operator(person{})
	desk.pickZone("Europe/Berlin")

	day := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, 9)
	for by, o := range map[string]operator.WindowOptions{
		"bob": {Reason: "Larger disks", Start: day.Add(time.Hour), End: day.Add(2 * time.Hour)},
		"ann": {Reason: "Yearly test of the backups", Start: day.AddDate(0, 0, 21).Add(2 * time.Hour), End: day.AddDate(0, 0, 21).Add(6 * time.Hour), Disabled: true},
	} {
		_, err := s.by(by).Schedule(t.Context(), o)
		require.NoError(t, err)
	}
	desk.open(s.ops("schedule"))
	desk.keep("operator-schedule.png", 680)

	reason := "We are moving the shop to a larger database. Your basket and your orders are safe."
	desk.open(s.ops(""))
	desk.fill("#reason", reason)
	desk.fill("#for", "30m")
	desk.keep("operator-start.png", 1100)
	require.Equal(t, http.StatusOK, desk.pressButton(act("start")))
	require.True(t, desk.isReview())
	desk.keep("operator-review.png", 1100)
	ann := operator.Operator{Store: ago{s.command.Store, 13 * time.Minute}, Actor: "ann"}
	_, err := ann.Start(t.Context(), operator.StartOptions{Reason: &reason, ExpectedAfter: 44 * time.Minute})
	require.NoError(t, err)
	desk.open(s.ops(""))
	desk.requireState("down")
	desk.until(barrier + ` === 'safe'`)
	desk.keep("operator-down.png", 1000)

	visitor := newTab(t, person{zone: "America/Los_Angeles"})
	require.Equal(t, http.StatusServiceUnavailable, visitor.open(s.url))
	visitor.keep("page.png", 680)
}

// keep takes a picture for the README, on a screen of that height.
func (b *tab) keep(name string, height int64) {
	b.t.Helper()
	b.do(chromedp.EmulateViewport(1000, height))
	// The same font on every machine that has it.
	read[string](b, `document.body.style.fontFamily = 'Inter, system-ui, sans-serif'`)
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	shot, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	require.NoError(b.t, err)
	pixels, err := png.Decode(bytes.NewReader(shot))
	require.NoError(b.t, err)
	var smaller bytes.Buffer // the browser may compress less
	require.NoError(b.t, (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&smaller, pixels))
	if smaller.Len() < len(shot) {
		shot = smaller.Bytes()
	}
	dir := b.t.ArtifactDir()
	if *pictures != "" {
		// The fonts of a machine and the time shown change the size by some percent.
		require.Less(b.t, len(shot), maxPicture, name)
		dir = filepath.Join("..", "..", *pictures)
	}
	require.NoError(b.t, os.WriteFile(filepath.Join(dir, name), shot, 0o644))
}
