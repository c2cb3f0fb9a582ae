package admin_test

import (
	"context"
	"html"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/admin"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
)

// unseen are characters that hide or reorder the text around them.
const unseen = "\u202e\u2066\u2067\u2068\u2069\u200b\u200c\u200d\u200e\u200f\ufeff\u061c\U000e0001\u3164\U000e0100"

// shownUnseen is how a page shows them.
const shownUnseen = `\u202e\u2066\u2067\u2068\u2069\u200b\u200c\u200d\u200e\u200f\ufeff\u061c\U000e0001\u3164\U000e0100`

// TestPagesShowCharactersThatCannotBeSeen in every text that is not the page's own.
func TestPagesShowCharactersThatCannotBeSeen(t *testing.T) {
	t.Parallel()
	const hebrew = "תחזוקה"
	who, reason, row := "דנה"+unseen, hebrew+unseen+"\nשורה", "שרת"+unseen
	st := newShifted()
	c := newPages(t, pageSettings{store: st, page: func(c *admin.Config) {
		c.Actor = func(context.Context, *http.Request) string { return who }
		c.Origin = func(context.Context, *http.Request) string { return "page " + who }
	}})
	started := c.follow(c.post("start", "reason", reason, "revision", "0", "zone", "UTC"))
	p := c.only()
	require.Equal(t, reason, p.Reason)
	window := c.plan(who, operator.WindowOptions{Start: time.Now().Add(time.Hour), EndAfter: time.Hour, Reason: reason})
	report(t, st, period.Row{ID: "web", Host: row, App: row, Rules: row, State: period.Closed, Cause: row, Override: row}, time.Minute)
	_, _, err := st.PutRow(t.Context(), "broken", []byte(`{"id": "`+unseen+`"}`), time.Minute)
	require.NoError(t, err)
	for name, w := range map[string]reply{
		"started": started, "now": c.get(""), "schedule": c.get("schedule"), "fleet": c.get("fleet"), "log": c.get("log"), "visitors": c.get("visitors"),
		"edit": c.get("edit?id=" + p.ID), "end": c.ask("end", "id", p.ID, "version", "1"), "delete": c.ask("delete", "id", window.ID, "version", "1"), "zone": c.post("zone", "zone", unseen),
		"fault":    c.post("start", "reason", reason, "until", unseen, "for", unseen, "zone", unseen, "revision", "3"),
		"conflict": c.post("edit", "id", p.ID, "version", "9", "reason", reason+"?", "zone", "UTC", "end", unseen),
		"gone":     c.post("edit", "id", "gone", "version", "1", "start", unseen, "reason", reason, "zone", "UTC"),
		"field":    c.post("start", unseen, "x"), "number": c.post("start", "revision", unseen), "path": c.get(unseen),
	} {
		require.False(t, strings.ContainsAny(w.Body.String(), unseen), name)
		switch name {
		case "field", "number":
			require.Contains(t, w.Body.String(), shownUnseen[:12], name)
		case "path":
		default:
			require.Contains(t, w.Body.String(), "<bdi>דנה"+shownUnseen+"</bdi>", name)
		}
	}
	for path, text := range map[string]string{
		"":         `<blockquote dir="auto">` + hebrew + shownUnseen + "\nשורה</blockquote>",
		"schedule": `<p class="reason" dir="auto">` + hebrew + shownUnseen + "\nשורה</p>",
		"log":      `<ins dir="auto">` + hebrew + shownUnseen + "\nשורה</ins>",
		"fleet":    "<bdi>שרת" + shownUnseen + "/0</bdi>",
		"visitors": hebrew + `\u200c` + " שורה", // visitors get no other of those, and the text form is one line
	} {
		require.Contains(t, c.get(path).Body.String(), text, path)
	}
	c.get("log").says("page דנה" + shownUnseen)
	c.get("edit?id=" + p.ID).says("This text has characters that are not visible: " + hebrew + shownUnseen)
	require.Contains(t, c.log.String(), "actor=דנה"+shownUnseen+" ")
}

// TestFormsKeepCharactersThatCannotBeSeen, because texts in Persian or Hindi need some of them.
func TestFormsKeepCharactersThatCannotBeSeen(t *testing.T) {
	t.Parallel()
	c := newPages(t, pageSettings{})
	reason := "می\u200cخواهم " + unseen + " <b>&amp; \u00ad\nnext\tline"
	p := c.plan("bob", operator.WindowOptions{Start: time.Date(2097, 1, 1, 0, 0, 0, 0, time.UTC), EndAfter: time.Hour, Reason: reason})
	w := c.get("edit?id=" + p.ID)
	field := match(w, `(?s)<textarea id="reason"[^>]*>\n(.*?)</textarea>`)
	require.NotContains(t, field, "<")
	require.Equal(t, reason, html.UnescapeString(field), "as the browser reads it")
	c.follow(c.post("edit", window("id", p.ID, "version", "1", "reason", html.UnescapeString(field))...))
	require.Equal(t, reason, c.only().Reason)

	w = c.post("start", "reason", "\x1b[2J\u0085\u202e", "revision", "9", "zone", "UTC")
	require.Equal(t, `\x1b[2J\u0085&#x202e;`, match(w, `(?s)<textarea id="reason"[^>]*>\n(.*?)</textarea>`), "HTML has no references for controls")
}

func TestAPIShowsCharactersThatCannotBeSeen(t *testing.T) {
	t.Parallel()
	st := newShifted()
	c := newAPI(t, st)
	begun := c.do("POST", "start", jsonOf(t, map[string]string{"reason": unseen, "holder": unseen}))
	require.Equal(t, http.StatusCreated, begun.Code)
	_, _, err := st.PutRow(t.Context(), "broken", []byte(`{"id": "`+unseen+`"}`), time.Minute)
	require.NoError(t, err)
	for _, path := range []string{"state", "periods", "periods/" + begun.text("period", "id"), "log", "fleet"} {
		w := c.do("GET", path, "")
		require.Equal(t, http.StatusOK, w.Code)
		require.False(t, strings.ContainsAny(w.Body.String(), unseen), path)
	}
	for _, path := range []string{"state", "log"} {
		require.Contains(t, c.do("GET", path, "").Body.String(), `\udb40\udc01`)
	}
	in, _ := c.do("GET", "state", "").at("in_force").([]any)
	require.Equal(t, unseen, in[0].(map[string]any)["reason"], "a value stays what it is")

	for name, w := range map[string]apiReply{
		"a parameter": c.do("GET", "log?limit="+unseen, ""),
		"its name":    c.do("GET", "log?"+unseen+"=1", ""),
		"a header":    c.do("DELETE", "periods/x", "", header{"If-Match", unseen}),
		"a member":    c.do("POST", "start", `{"`+unseen+`": 1}`),
		"a value":     c.do("POST", "start", `{"end": "`+unseen+`"}`),
	} {
		require.Equal(t, http.StatusBadRequest, w.Code, name)
		faults, _ := w.at("errors").([]any)
		require.Equal(t, shownUnseen, faults[0].(map[string]any)["value"], name)
		require.False(t, strings.ContainsAny(w.text("detail"), unseen), name)
	}
}

// TestWhatIsSentBackIsShort sends long texts where a refusal names them.
func TestWhatIsSentBackIsShort(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 60<<10)
	c := newPages(t, pageSettings{})
	for name, w := range map[string]reply{
		"a field's name": c.post("start", long, "1"),
		"a number":       c.post("start", "revision", long),
		"a zone":         c.post("start", "revision", "7", "zone", long),
		"an id":          c.get("edit?id=" + long),
		"a path":         c.get(long),
		"a part":         c.get("schedule?from=" + long),
	} {
		require.Less(t, w.Body.Len(), 20<<10, name)
		require.NotContains(t, w.Body.String(), long[:300], name)
	}
	require.Contains(t, c.post("start", "revision", "7", "zone", long).Body.String(), `name="zone" value="UTC"`, "the zone in which the times were read")
	r, err := http.NewRequestWithContext(t.Context(), strings.ToUpper(long), mount+"/", http.NoBody)
	require.NoError(t, err)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	require.Less(t, c.send(r).Body.Len(), 5<<10, "a method")
}
