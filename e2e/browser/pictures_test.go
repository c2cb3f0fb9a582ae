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

	"github.com/go-downtime/downtime/core"
)

// go test ./e2e/browser -run TestPictures -pictures docs writes those of the README.
var pictures = flag.String("pictures", "", "directory, seen from the root of the repository, that TestPictures writes to")

// maxPicture is how big a picture for the README may be.
const maxPicture = 150 << 10

// ago is a store as it is operated some time ago.
type ago struct {
	core.Store
	by time.Duration
}

func (s ago) Load(ctx context.Context, have core.Mark) (core.State, error) {
	state, err := s.Store.Load(ctx, have)
	state.Time = state.Time.Add(-s.by)
	return state, err
}

func TestPictures(t *testing.T) {
	t.Parallel()
	s := openShop(t, "chi")
	desk, phone := s.operator(person{}), s.operator(person{dark: true, phone: true})
	desk.pickZone("Europe/Berlin")

	day := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, 9)
	for _, o := range []core.WindowOptions{
		{Actor: "bob", Reason: "Larger disks", Start: day.Add(time.Hour), End: day.Add(2 * time.Hour)},
		{Actor: "ann", Reason: "Yearly test of the backups", Start: day.AddDate(0, 0, 21).Add(2 * time.Hour), End: day.AddDate(0, 0, 21).Add(6 * time.Hour), Disabled: true},
	} {
		_, err := core.Schedule(t.Context(), s.store, o)
		require.NoError(t, err)
	}
	desk.open(s.ops("schedule"))
	desk.keep("operator-schedule.png", 680)
	phone.open(s.ops(""))
	phone.keep("operator-phone.png", phoneHeight)

	reason := "We are moving the shop to a larger database. Your basket and your orders are safe."
	_, err := core.Start(t.Context(), ago{s.store, 13 * time.Minute}, core.StartOptions{Holder: "ann", Actor: "ann", Reason: &reason, For: 44 * time.Minute})
	require.NoError(t, err)
	desk.open(s.ops(""))
	desk.requireState("down")
	desk.until(`document.getElementById('state').innerText.includes('has drained')`)
	desk.keep("operator.png", 720)

	visitor := newTab(t, person{zone: "America/Los_Angeles"})
	require.Equal(t, http.StatusServiceUnavailable, visitor.open(s.url))
	visitor.keep("page.png", 680)
}

// keep takes a picture for the README, of what fits on a screen of that height.
func (b *tab) keep(name string, height int64) {
	b.t.Helper()
	if height != phoneHeight {
		b.do(chromedp.EmulateViewport(1000, height))
	}
	// The same letters on every machine that has them.
	read[string](b, `document.body.style.fontFamily = 'Inter, system-ui, sans-serif'`)
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	shot, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	require.NoError(b.t, err)
	pixels, err := png.Decode(bytes.NewReader(shot))
	require.NoError(b.t, err)
	var smaller bytes.Buffer // sometimes: the browser does not try hard
	require.NoError(b.t, (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&smaller, pixels))
	if smaller.Len() < len(shot) {
		shot = smaller.Bytes()
	}
	require.Less(b.t, len(shot), maxPicture, name)
	dir := b.t.ArtifactDir()
	if *pictures != "" {
		dir = filepath.Join("..", "..", *pictures)
	}
	require.NoError(b.t, os.WriteFile(filepath.Join(dir, name), shot, 0o644))
}
