package browser

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/internal/testservers"
)

// patience is how long a test waits for an event.
const patience = 60 * time.Second

func TestMain(m *testing.M) {
	code := m.Run()
	if err := errors.Join(quitChromium(), quitFirefox(), removeExamples()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// chromium is the browser that all tests share. Each tab has a profile of its own.
var chromium struct {
	once sync.Once
	ctx  context.Context //nolint:containedctx // chromedp keeps the browser in it
	err  error
}

// startChromium starts the browser, once.
func startChromium(t *testing.T) context.Context {
	t.Helper()
	if testing.Short() {
		t.Skip("a real browser takes its time")
	}
	path := testservers.Program(t, "chromium-headless-shell", "chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
	chromium.once.Do(func() {
		options := append([]chromedp.ExecAllocatorOption{}, chromedp.DefaultExecAllocatorOptions[:]...)
		options = append(
			options, chromedp.ExecPath(path),
			chromedp.NoSandbox, // containers have none, and the pages are ours
			chromedp.Flag("lang", "en-US"),
		)
		// The browser ends with the context that starts it, so that context has no end.
		allocator, _ := chromedp.NewExecAllocator(context.Background(), options...)
		chromium.ctx, _ = chromedp.NewContext(allocator)
		chromium.err = chromedp.Do(chromium.ctx)
	})
	require.NoError(t, chromium.err, "start %s", path)
	return chromium.ctx
}

func quitChromium() error {
	if chromium.ctx == nil || chromium.err != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(chromium.ctx, patience)
	defer cancel()
	return chromedp.Cancel(ctx)
}
