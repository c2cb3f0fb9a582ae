package admin_test

import (
	"html"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
)

func TestAReasonInSeveralLanguagesIsReviewedInEach(t *testing.T) {
	t.Parallel()
	c := newPages(t, pageSettings{})
	form := c.get("").fields("start-form")
	require.Contains(t, form, "reason_de")
	w := c.with("start", form, "reason", "New disks", "reason_de", "Neue Platten")
	require.Equal(t, http.StatusUnprocessableEntity, w.Code)
	require.Equal(t, "Choose the language of the reason above.", w.fault("reason_lang"))
	require.Equal(t, "Neue Platten", w.fields("start-form")["reason_de"], "the input is kept")
	w = c.with("start", form, "reason_de", "Neue Platten")
	require.NotEmpty(t, w.fault("reason"))
	w = c.with("start", form, "reason", "Platten", "reason_lang", "de", "reason_de", "Neue Platten")
	require.NotEmpty(t, w.fault("reason_de"))
	w.says("Reason in Deutsch: The reason above is in this language already.")

	input := []string{"reason", "New disks", "reason_lang", "en", "reason_de", "Neue\nPlatten", "reason_ar", "أقراص", "revision", "0", "zone", "UTC"}
	review := c.ask("start", input...)
	review.says("English New disks", "Deutsch Neue Platten", "العربية أقراص")
	require.Contains(t, review.Body.String(), `lang="ar">أقراص`)
	preview := html.UnescapeString(match(review, `<iframe [^>]*src="`+mount+`/([^"]*)"`))
	for language, want := range map[string]string{"de": "Neue\nPlatten", "ar": "أقراص", "fr": "New disks"} {
		require.Contains(t, c.get(preview+"&lang="+language).Body.String(), ">"+want+"<", language)
	}
	c.follow(c.ask("start", append(input, "reviewed", review.hidden("reviewed"))...)).says("Visitors can also read it in العربية, Deutsch.")
	p := c.only()
	require.Equal(t, "en", p.ReasonLang)
	require.Equal(t, period.NewReasons(map[string]string{"de": "Neue\nPlatten", "ar": "أقراص"}), p.Reasons)
	c.get("log").says("Reason in Deutsch", "Neue Platten")
}

func TestReasonsAreMergedByLanguage(t *testing.T) {
	t.Parallel()
	c := newPages(t, pageSettings{})
	c.post("add", "reason", "Disks", "reason_lang", "en", "reason_de", "Platten", "reason_fr", "Disques", "start", "2097-03-08T01:00", "for", "1h", "enabled", "yes", "zone", "UTC")
	p := c.only()
	form := c.get("edit?id=" + p.ID).fields("period-form")
	require.Equal(t, "Platten", form["was_reason_de"])
	bob := operator.Operator{Store: c.store, Actor: "bob"}
	_, err := bob.Edit(t.Context(), p.ID, operator.EditOptions{Reasons: map[string]string{"de": "Neue Platten", "it": "Dischi"}})
	require.NoError(t, err)

	c.follow(c.with("edit", form, "reason_fr", "Nouveaux disques"))
	require.Equal(t, period.NewReasons(map[string]string{"de": "Neue Platten", "fr": "Nouveaux disques", "it": "Dischi"}), c.only().Reasons)
	require.Equal(t, "Disks", c.only().Reason)

	w := c.with("edit", form, "reason_de", "Größere Platten")
	require.Equal(t, http.StatusConflict, w.Code)
	w.says("Reason in DeutschPlattenNeue PlattenGrößere Platten")
	c.follow(c.with("edit", w.fields("period-form"), "reason_it", ""))
	require.Equal(t, period.NewReasons(map[string]string{"de": "Größere Platten", "fr": "Nouveaux disques"}), c.only().Reasons)

	copied := c.get("add?copy=" + p.ID).fields("period-form")
	require.Equal(t, "Größere Platten", copied["reason_de"])
	require.Equal(t, "en", copied["reason_lang"])
	w = c.with("edit", c.get("edit?id="+p.ID).fields("period-form"), "reason", "")
	require.NotEmpty(t, w.fault("reason"), "the other languages would stand alone")
}
