package browser

import (
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/operator"
)

// The time until the expected end is exact, and its words have the number and the case that the
// language wants.
func TestVisitorsPageTellsTheTimeThatIsLeft(t *testing.T) {
	t.Parallel()
	for language, left := range map[string]map[time.Duration]string{
		"en": {30 * time.Minute: "in 30 minutes", 90 * time.Minute: "in 1 hour 30 minutes", 122 * time.Minute: "in 2 hours 2 minutes", 51 * time.Hour: "in 2 days 3 hours"},
		"de": {30 * time.Minute: "in 30 Minuten", 90 * time.Minute: "in 1 Stunde, 30 Minuten", 122 * time.Minute: "in 2 Stunden, 2 Minuten", 51 * time.Hour: "in 2 Tagen, 3 Stunden"},
		"ar": {30 * time.Minute: "خلال 30 دقيقة", 90 * time.Minute: "خلال ساعة واحدة و30 دقيقة", 122 * time.Minute: "خلال ساعتين ودقيقتين", 51 * time.Hour: "خلال يومين و3 ساعات"},
		"fi": {30 * time.Minute: "30 minuutin päästä", 90 * time.Minute: "1 tunti 30 minuuttia", 122 * time.Minute: "2 tuntia 2 minuuttia", 51 * time.Hour: "2 päivää 3 tuntia"},
		"he": {30 * time.Minute: "בעוד 30 דקות", 90 * time.Minute: "בעוד שעה 30 דקות", 122 * time.Minute: "בעוד שעתיים 2 דקות", 51 * time.Hour: "בעוד יומיים 3 שעות"},
		"ja": {30 * time.Minute: "30 分後", 90 * time.Minute: "1 時間30 分後", 122 * time.Minute: "2 時間2 分後", 51 * time.Hour: "2 日3 時間後"},
		"pl": {30 * time.Minute: "za 30 minut", 90 * time.Minute: "za 1 godzinę i 30 minut", 122 * time.Minute: "za 2 godziny i 2 minuty", 51 * time.Hour: "za 2 dni i 3 godziny"},
	} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			b := newTab(t, person{language: language, zone: "Europe/Berlin"})
			for after, want := range left {
				// The site is new, so that less than a minute of the time has passed.
				require.Equal(t, http.StatusServiceUnavailable, b.open(refusing(t, core.Config{Store: down(t, operator.StartOptions{ExpectedAfter: after})})))
				require.Equal(t, language, read[string](b, "document.documentElement.lang"))
				require.Equal(t, want, read[string](b, "document.getElementById('left').textContent"))
			}
			b.open(refusing(t, core.Config{Store: down(t, operator.StartOptions{ExpectedAfter: 51 * time.Hour})}))
			weekday := read[string](b, "new Intl.DateTimeFormat(document.documentElement.lang, {weekday: 'long'}).format(new Date(document.getElementById('until').dateTime))")
			require.NotEmpty(t, weekday)
			require.Contains(t, read[string](b, "document.getElementById('until').textContent"), weekday)
		})
	}
}

// Every language has a page that all people can read, in the direction of its script.
func TestVisitorsPageInEveryLanguage(t *testing.T) {
	t.Parallel()
	gate, err := core.New(core.Config{Down: true, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	languages := gate.Status().Languages
	require.NoError(t, gate.Shutdown(t.Context()))
	require.Contains(t, languages, "ar")
	url := refusing(t, core.Config{Store: down(t, operator.StartOptions{Reason: new("Larger disks"), ExpectedAfter: 26 * time.Hour})})
	b := newTab(t, person{phone: true})
	for _, language := range languages {
		b.speak(language)
		require.Equal(t, http.StatusServiceUnavailable, b.open(url))
		require.Equal(t, language, read[string](b, "document.documentElement.lang"))
		rightToLeft := language == "ar" || language == "fa" || language == "he"
		require.Equal(t, rightToLeft, read[bool](b, "getComputedStyle(document.querySelector('h1')).direction === 'rtl'"))
		start := read[float64](b, "document.querySelector('dt').getBoundingClientRect().left")
		end := read[float64](b, "document.querySelector('dl').getBoundingClientRect().right - document.querySelector('dt').getBoundingClientRect().right")
		require.Equal(t, rightToLeft, end < start, "labels begin where lines begin")
		b.requireNoSidewaysScrolling()
		b.picture(language)
		read[string](b, "document.body.style.background = 'var(--ground)'")
		b.requireAccessible(language)
	}
}

// The picture of docs/own-pages.md.
func TestPicturesOfLanguages(t *testing.T) {
	t.Parallel()
	reason := "سننقل المتجر إلى قاعدة بيانات أكبر. سلتك وطلباتك في أمان."
	url := refusing(t, core.Config{Store: down(t, operator.StartOptions{Reason: &reason, ExpectedAfter: 90 * time.Minute})})
	b := newTab(t, person{zone: "Asia/Riyadh", language: "ar"})
	require.Equal(t, http.StatusServiceUnavailable, b.open(url))
	b.keep("page-arabic.png", 680)
}
