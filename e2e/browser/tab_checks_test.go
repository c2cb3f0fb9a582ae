package browser

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/internal/testservers"
)

// The checks of every page must be able to fail.

func TestAxeFindsWhatIsBroken(t *testing.T) {
	t.Parallel()
	b := newTab(t, person{})
	source, err := axeCore()
	if err != nil {
		testservers.Absent(t, err.Error())
	}
	b.open("data:text/html,<!DOCTYPE html><html><title>x</title><input><p style='color:%23bbb'>pale")
	b.do(chromedp.Evaluate[chromedp.Void](source + "; undefined"))
	ids := read[[]string](b, `axe.run(document).then((r) => r.violations.map((v) => v.id))`)
	require.Subset(t, ids, []string{"html-has-lang", "label", "color-contrast"})
}

func TestUnreachableControlsAreFound(t *testing.T) {
	t.Parallel()
	b := newTab(t, person{phone: true})
	b.open(`data:text/html,<!DOCTYPE html><meta name=viewport content=width=device-width>
<style>button { height: 40px }</style>
<button>fine</button> in text <a href="x">a link</a>
<button style="height:9px">small</button>
<button style="position:fixed;left:-20px">cut</button>
<div style="position:relative"><button>hidden</button><div style="position:absolute;inset:0;background:red"></div></div>`)
	var why []string
	for _, lost := range b.unreachable() {
		reason, _, _ := strings.Cut(lost, ":")
		why = append(why, reason)
	}
	require.ElementsMatch(t, []string{"too small", "cut off", "covered"}, why)
}

func TestComplaintsOfAPageAreNoticed(t *testing.T) {
	t.Parallel()
	b := newTab(t, person{})
	b.open(`data:text/html,<!DOCTYPE html><meta http-equiv="Content-Security-Policy" content="style-src 'none'">
<style>p { color: red }</style><script>console.error('one'); throw new Error('two')</script>`)
	b.until("true") // its answer comes after all earlier answers
	b.mu.Lock()
	defer b.mu.Unlock()
	all := strings.Join(b.faults, "\n")
	b.faults = nil
	for _, word := range []string{"one", "two", "Content Security Policy"} {
		require.Contains(t, all, word)
	}
}
