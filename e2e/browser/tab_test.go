package browser

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// tab is a browser tab in a profile of its own, with its own cookies. At the end of the test it
// requires that no script has failed, and that no policy has blocked a resource.
type tab struct {
	t   *testing.T
	ctx context.Context //nolint:containedctx // chromedp keeps the tab in it

	mu     sync.Mutex
	faults []string
}

// person is the user of a tab, and the settings of the browser.
type person struct {
	language      string // Accept-Language; "" is "en-US"
	zone          string // of the machine, IANA; "" is "UTC"
	dark          bool
	phone         bool
	withoutScript bool
}

const (
	deskWidth, deskHeight   = 1280, 900
	phoneWidth, phoneHeight = 360, 740
)

func newTab(t *testing.T, p person) *tab {
	t.Helper()
	parent := startChromium(t)
	ctx, cancel := chromedp.NewContext(parent, chromedp.WithNewBrowserContext())
	b := &tab{t: t, ctx: ctx}
	t.Cleanup(func() {
		defer cancel()
		if t.Failed() {
			b.picture("failed")
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		require.Empty(t, b.faults, "the page's console")
	})
	require.NoError(t, chromedp.Do(ctx))
	require.NoError(t, chromedp.Listen(ctx, b.listen))

	language, zone, scheme := "en-US", "UTC", "light"
	if p.language != "" {
		language = p.language
	}
	if p.zone != "" {
		zone = p.zone
	}
	if p.dark {
		scheme = "dark"
	}
	width, height := int64(deskWidth), int64(deskHeight)
	var options []chromedp.EmulateViewportOption
	if p.phone {
		width, height = phoneWidth, phoneHeight
		options = append(options, chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulatePortrait)
	}
	agent, err := chromedp.Run(ctx, chromedp.Evaluate[string]("navigator.userAgent"))
	require.NoError(t, err)
	b.do(
		command(emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: agent, AcceptLanguage: language}),
		command(emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: zone}),
		command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
		}}),
		command(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: p.withoutScript}),
		chromedp.EmulateViewport(width, height, options...),
	)
	return b
}

// speak makes this the language of the browser.
func (b *tab) speak(language string) {
	b.t.Helper()
	agent := read[string](b, "navigator.userAgent")
	b.do(command(emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: agent, AcceptLanguage: language}))
}

// command is a step for a command of the protocol whose result is not used.
func command[P, R any](c cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, c, params)
		return err
	})
}

// listen notes the errors of the page. It runs in the loop that reads all events.
func (b *tab) listen(event any) {
	var fault string
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		fault = e.ExceptionDetails.Text
		if thrown := e.ExceptionDetails.Exception; thrown != nil {
			fault += " " + thrown.Description
		}
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError {
			words := []string{"console.error:"}
			for _, arg := range e.Args {
				words = append(words, arg.Description+string(arg.Value))
			}
			fault = strings.Join(words, " ")
		}
	case *log.EventEntryAdded:
		// Errors of the network are answers such as 503, which are expected. So is that no script
		// runs in the frame that shows the visitors' page to an operator.
		wanted := e.Entry.Source == log.EntrySourceNetwork || strings.Contains(e.Entry.Text, "sandboxed")
		if e.Entry.Level == log.EntryLevelError && !wanted {
			fault = fmt.Sprintf("%s: %s", e.Entry.Source, e.Entry.Text)
		}
	}
	if fault != "" {
		b.mu.Lock()
		defer b.mu.Unlock()
		if !slices.Contains(b.faults, fault) {
			b.faults = append(b.faults, fault)
		}
	}
}

// do runs steps, one after the other.
func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	for i, step := range steps {
		if err := chromedp.Do(ctx, step); err != nil {
			require.NoError(b.t, err, "step %d of %d, on %s", i+1, len(steps), b.shown())
		}
	}
}

// open opens a page, and returns its status.
func (b *tab) open(url string) int {
	b.t.Helper()
	return b.follow(chromedp.Navigate(url))
}

// follow runs steps that lead to another page, waits until it has loaded, and returns its
// status.
func (b *tab) follow(steps ...chromedp.Action[chromedp.Void]) int {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	response, err := chromedp.RunResponse(ctx, steps...)
	if err != nil || response == nil {
		require.NoError(b.t, err, "no other page came; this is %s", b.shown())
		require.FailNow(b.t, "a page came without an answer of a server", b.shown())
	}
	return int(response.Status)
}

// until waits for a condition, a JavaScript expression, to become true on this page or on one
// that replaces it.
func (b *tab) until(condition string) {
	b.t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	var err error
	for {
		var yes bool
		// The error can come from a page that is being replaced.
		if yes, err = chromedp.Run(b.ctx, chromedp.Evaluate[bool]("Boolean("+condition+")")); yes {
			return
		}
		select {
		case <-look.C:
		case <-deadline.C:
			require.FailNow(b.t, "never came: "+condition, "%v\n%s", err, b.shown())
		}
	}
}

// read evaluates a JavaScript expression.
func read[T any](b *tab, expression string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		require.NoError(b.t, err, "%s\non %s", expression, b.shown())
	}
	return value
}

// text is the visible text of the page, with single blanks.
func (b *tab) text() string {
	b.t.Helper()
	return strings.Join(strings.Fields(read[string](b, "document.body.innerText")), " ")
}

// shown describes the page for the message of a failure.
func (b *tab) shown() string {
	ctx, cancel := context.WithTimeout(b.ctx, 5*time.Second)
	defer cancel()
	s, err := chromedp.Run(ctx, chromedp.Evaluate[string](`location.href + '\n' + document.title + '\n' + document.body.innerText`))
	if err != nil {
		return "(no page: " + err.Error() + ")"
	}
	return s
}

// picture keeps a screenshot in the directory of go test -artifacts -outputdir.
func (b *tab) picture(name string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	const png = 100
	image, err := chromedp.Run(ctx, chromedp.FullScreenshot(png))
	if err != nil {
		b.t.Logf("no picture of %s: %v", name, err)
		return
	}
	path := filepath.Join(b.t.ArtifactDir(), strings.NewReplacer("/", ".", " ", "_").Replace(b.t.Name()+"."+name)+".png")
	if err := os.WriteFile(path, image, 0o600); err != nil {
		b.t.Logf("no picture: %v", err)
	}
}
