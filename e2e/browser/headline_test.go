package browser

import (
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

// networkConditions are the parameters of a command that cdproto leaves out, because the protocol
// calls it deprecated. Older versions of Chromium have no other.
type networkConditions struct {
	Offline            bool    `json:"offline"`
	Latency            float64 `json:"latency"`
	DownloadThroughput float64 `json:"downloadThroughput"`
	UploadThroughput   float64 `json:"uploadThroughput"`
}

var emulateNetworkConditions = cdp.Command[networkConditions, cdp.Empty]{Method: "Network.emulateNetworkConditions"}

// offline cuts the tab off from the network, or connects it again.
func (b *tab) offline(yes bool) {
	b.t.Helper()
	b.do(command(emulateNetworkConditions, networkConditions{Offline: yes, DownloadThroughput: -1, UploadThroughput: -1}))
}

func TestTheHeadlineClaimsNoMoreThanWasSeen(t *testing.T) {
	t.Parallel()
	s := openShop(t, "chi")
	b := s.operator(person{})
	s.start("It burns")
	b.open(s.ops(""))
	b.requireState("down")

	// Another instance says that it serves.
	d := s.document()
	row, err := period.Row{
		ID: "other", Host: "web1", PID: 7, State: period.Open, Override: "up", Reads: period.Reads(),
		StoreID: d.StoreID, Revision: d.Revision, WriteID: d.WriteID,
	}.Encode()
	require.NoError(t, err)
	rows, ok := s.command.Store.(store.Rows)
	require.True(t, ok)
	_, _, err = rows.PutRow(t.Context(), "other", row, time.Minute)
	require.NoError(t, err)
	b.until(`document.querySelector('#state').dataset.state === 'mixed'`)
	require.Contains(t, b.text(), "Down, but 1 of 2 instances serves: host web1 (override up)")
	b.requireUsable("differs")
	color := func() string {
		return read[string](b, `getComputedStyle(document.querySelector('#state')).backgroundColor`)
	}
	require.Equal(t, "rgb(138, 71, 8)", color(), "amber")
	require.NoError(t, rows.DeleteRow(t.Context(), "other", nil))
	b.until(`document.querySelector('#state').dataset.state === 'down'`)

	// The server does not answer. The operator is at work in the form, so it is not replaced later.
	read[bool](b, `document.querySelector('#acts').dispatchEvent(new Event('input', {bubbles: true}))`)
	b.offline(true)
	b.until(`document.querySelector('#state').dataset.state === 'unknown'`)
	require.Regexp(t, `The site was down at \d\d:\d\d:\d\d`, b.text())
	require.Zero(t, read[int](b, `document.querySelectorAll('[data-acts] button:not([disabled])').length`), "no button that cannot work")
	b.picture("cut-off")
	b.offline(false)
	b.until(`document.querySelector('#state').dataset.state === 'down'`)
	require.NotZero(t, read[int](b, `document.querySelectorAll('[data-acts] button:not([disabled])').length`))

	// The store is gone.
	require.NoError(t, os.WriteFile(s.file, []byte("{"), 0o600))
	require.Equal(t, http.StatusOK, b.open(s.ops("")))
	b.requireState("unknown")
	require.Contains(t, b.text(), "The site was down at ")
	require.Contains(t, b.text(), "Nothing can be changed here")
	require.Zero(t, read[int](b, `document.querySelectorAll('#acts button').length`))
	b.requireUsable("unreadable")
	require.Equal(t, "rgb(80, 90, 100)", color(), "gray")
	_, err = s.command.End(t.Context(), operator.EndOptions{All: true})
	require.NoError(t, err)
}

// TestProductionIsNotMistaken: the title and the header name the application and the environment, and
// production has a color of its own.
func TestProductionIsNotMistaken(t *testing.T) {
	t.Parallel()
	s := openShop(t, "chi")
	b := s.operator(person{})
	colors := map[string]string{}
	for _, environment := range []string{"staging", "production"} {
		_, err := s.command.Init(t.Context(), operator.InitOptions{Name: "A Shop", Environment: environment})
		require.NoError(t, err)
		b.open(s.ops(""))
		b.until(`document.title.endsWith(` + quote("A Shop ("+environment+")") + `)`)
		require.Regexp(t, `(?i)^A Shop\s+`+environment+`\b`, read[string](b, `document.querySelector('header').innerText`))
		colors[environment] = read[string](b, `getComputedStyle(document.querySelector('.brand .of')).backgroundColor`)
		b.requireUsable(environment)
	}
	require.NotEqual(t, colors["staging"], colors["production"])
}
