package browser

import (
	"net/http"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
)

// reasonShown is the reason on the visitors' page: its language, its direction, and its text.
const reasonShown = `(({lang, textContent}, e) => [lang, getComputedStyle(e).direction, textContent].join('|'))(...Array(2).fill(document.querySelector('#reason')))`

func TestVisitorsReadTheReasonInTheirLanguage(t *testing.T) {
	t.Parallel()
	s := openSite(t)
	id := s.down(operator.StartOptions{
		Reason: new("Larger disks"), ReasonLang: new("en"), ExpectedAfter: time.Hour,
		Reasons: map[string]string{"de": "Größere Platten", "ar": "Redis: أقراص أكبر"},
	})
	for language, want := range map[string]string{
		"en-US": "en|ltr|Larger disks", "de-AT": "de|ltr|Größere Platten", "ar": "ar|rtl|Redis: أقراص أكبر",
		"fr": "en|ltr|Larger disks", "he": "en|ltr|Larger disks", "he,de;q=0.5": "de|ltr|Größere Platten",
	} {
		b := newTab(t, person{language: language, phone: true})
		require.Equal(t, http.StatusServiceUnavailable, b.open(s.url))
		require.Equal(t, want, read[string](b, reasonShown), language)
		b.requireNoSidewaysScrolling()
		b.picture(language)
		b.requireAccessibleOn("ground", language)
	}

	// The page follows a change of the reason, and of its language.
	b := newTab(t, person{language: "de"})
	require.Equal(t, http.StatusServiceUnavailable, b.open(s.url))
	try := func(want string) {
		t.Helper()
		b.do(chromedp.Click(chromedp.CSS("#try")))
		b.until(reasonShown + ` === ` + quote(want))
	}
	s.edit(id, operator.EditOptions{Reasons: map[string]string{"de": "Neue Platten"}})
	try("de|ltr|Neue Platten")
	s.edit(id, operator.EditOptions{Reasons: map[string]string{"de": ""}})
	try("en|ltr|Larger disks")
	s.edit(id, operator.EditOptions{Reason: new("أقراص"), ReasonLang: new("ar"), Reasons: map[string]string{"ar": ""}})
	try("ar|rtl|أقراص")
	s.edit(id, operator.EditOptions{ReasonLang: new("")})
	try("|rtl|أقراص")
}

func TestTheOperatorGivesTheReasonInSeveralLanguages(t *testing.T) {
	t.Parallel()
	for name, p := range map[string]person{"desk": {}, "phone": {phone: true, dark: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := openShop(t, "chi")
			b := s.operator(p)
			b.fill("#reason", "Larger disks")
			b.do(chromedp.Click(chromedp.CSS(".others > summary")))
			b.fill("#reason_lang", "en")
			for language, text := range map[string]string{"de": "Größere Platten", "ar": "أقراص أكبر"} {
				b.do(chromedp.Click(chromedp.CSS(`summary[lang=` + language + `]`)))
				b.fill("#reason_"+language, text)
			}
			b.requireUsable("form")
			require.Equal(t, http.StatusOK, b.pressButton(act("start")))
			require.True(t, b.isReview())
			require.Nil(t, s.document(), "nothing was written")
			for _, text := range []string{"English Larger disks", "Deutsch Größere Platten", "العربية أقراص أكبر"} {
				require.Contains(t, b.text(), text)
			}
			b.requireUsable("review")
			require.Equal(t, http.StatusOK, b.pressButton(act("review")))
			b.requireState("down")
			require.Contains(t, b.text(), "Visitors can also read it in العربية, Deutsch.")
			b.requireUsable("down")
			planned := s.document().Periods[0]
			require.Equal(t, period.NewReasons(map[string]string{"de": "Größere Platten", "ar": "أقراص أكبر"}), planned.Reasons)

			visitor := newTab(t, person{language: "ar"})
			require.Equal(t, http.StatusServiceUnavailable, visitor.open(s.url))
			require.Equal(t, "ar|rtl|أقراص أكبر", read[string](visitor, reasonShown))

			// Bob changes the German reason meanwhile. Ann changes the Arabic one.
			require.Equal(t, http.StatusOK, b.open(s.ops("edit?id="+planned.ID)))
			_, err := s.by("bob").Edit(t.Context(), planned.ID, operator.EditOptions{Reasons: map[string]string{"de": "Neue Platten"}})
			require.NoError(t, err)
			b.fill("#reason_ar", "")
			require.Equal(t, http.StatusOK, b.submit(act("edit")))
			require.Equal(t, period.NewReasons(map[string]string{"de": "Neue Platten"}), s.document().Periods[0].Reasons)

			// Both change the German reason: the page asks.
			require.Equal(t, http.StatusOK, b.open(s.ops("edit?id="+planned.ID)))
			_, err = s.by("bob").Edit(t.Context(), planned.ID, operator.EditOptions{Reasons: map[string]string{"de": "Alte Platten"}})
			require.NoError(t, err)
			b.fill("#reason_de", "Große Platten")
			require.Equal(t, http.StatusConflict, b.submit(act("edit")))
			require.Equal(t, []string{"Reason in Deutsch", "Neue Platten", "Alte Platten", "Große Platten"}, read[[]string](b, `[...document.querySelectorAll('#differs tbody > tr > *')].map((e) => e.innerText.trim())`))
			b.requireUsable("conflict")
		})
	}
}

func TestFirefoxReviewsTheReasonInSeveralLanguages(t *testing.T) {
	t.Parallel()
	s := openShop(t, "chi")
	b := s.foxOperator(false)
	b.fill("#reason", "Larger disks")
	b.read(`document.querySelector(".others").open = true`)
	b.read(`document.querySelector("summary[lang=de]").parentElement.open = true`)
	b.fill("#reason_de", "Größere Platten")
	require.Equal(t, http.StatusUnprocessableEntity, b.pressButton(act("start")))
	require.Equal(t, "errors", b.read("document.activeElement.id"), "the summary has the focus")
	b.fill("#reason_lang", "en")
	require.Equal(t, http.StatusOK, b.pressButton(act("start")))
	require.Equal(t, "review", b.page())
	require.Contains(t, b.text(), "Deutsch Größere Platten")
	require.Equal(t, http.StatusOK, b.pressButton(act("review")))
	b.requireState("down")
	require.Contains(t, b.text(), "Visitors can also read it in Deutsch.")
	visitor := newFoxTab(t, false)
	require.Equal(t, http.StatusServiceUnavailable, visitor.open(s.url))
	require.Equal(t, "en|ltr|Larger disks", visitor.read(reasonShown))
}

// leftToRight reports whether a text is shown from left to right, by the places of its first and its
// last character.
func (b *tab) leftToRight(element string) bool {
	b.t.Helper()
	return read[bool](b, `((e) => {
		const all = document.createRange(), place = (from, to) => { all.setStart(e, from); all.setEnd(e, to); return all.getBoundingClientRect().left; };
		return place(0, 1) < place(e.length - 1, e.length);
	})(document.querySelector(`+quote(element)+`).firstChild)`)
}

// A name keeps the direction of its script on a page of another one.
func TestNamesOfTheSiteKeepTheirDirection(t *testing.T) {
	t.Parallel()
	store := func() core.Config { return core.Config{Store: down(t, operator.StartOptions{})} }
	latin, arabic := store(), store()
	latin.SiteName, latin.Contact = "Shop (2)!", "+49 30 123456"
	arabic.SiteName, arabic.Contact = "متجر (2)!", "هاتف: متجر!"
	for name, test := range map[string]struct {
		cfg         core.Config
		language    string
		leftToRight bool
	}{
		"Latin on an Arabic page":   {latin, "ar", true},
		"Latin on an English page":  {latin, "en", true},
		"Arabic on an English page": {arabic, "en", false},
		"Arabic on an Arabic page":  {arabic, "ar", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newTab(t, person{language: test.language, phone: true})
			require.Equal(t, http.StatusServiceUnavailable, b.open(refusing(t, test.cfg)))
			require.Equal(t, test.leftToRight, b.leftToRight(".site bdi"))
			require.Equal(t, test.leftToRight, b.leftToRight("dd bdi"))
			// The name still begins where the lines of the page begin.
			begins := `document.querySelector('.site').getBoundingClientRect().left === document.querySelector('.site bdi').getBoundingClientRect().left`
			require.Equal(t, test.language == "en", read[bool](b, begins))
			b.picture("names")
		})
	}
}
