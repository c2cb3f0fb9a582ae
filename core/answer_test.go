package core_test

import (
	"html/template"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
)

func TestConfigPassesEveryOptionToTheAnswers(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		config core.Config
		fault  string // "" means none
	}{
		"a redirect to an exact entry":    {core.Config{ExemptExact: []string{"/down"}, RedirectURL: "/down"}, ""},
		"a redirect below a prefix":       {core.Config{ExemptPaths: []string{"/static"}, RedirectURL: "/static/down"}, ""},
		"a redirect to no exempt path":    {core.Config{ExemptExact: []string{"/down"}, RedirectURL: "/sorry"}, "RedirectURL: "},
		"a status of success":             {core.Config{StatusCode: 200}, "StatusCode: 200"},
		"an empty page":                   {core.Config{PageBytes: []byte{}}, "PageBytes: "},
		"a policy of two lines":           {core.Config{PageBytes: []byte("x"), PageCSP: "a\nb"}, "PageCSP: "},
		"a template with a wrong field":   {core.Config{PageTemplate: template.Must(template.New("t").Parse("{{.Reasons}}"))}, "core.PageData"},
		"a template with every field":     {core.Config{PageTemplate: template.Must(template.New("t").Parse("{{.Reason}}{{.Since}}{{.Until}}{{.Kind}}{{.Status}}{{.Lang}}{{.Dir}}{{.Text.Back}}"))}, ""},
		"a text of another name":          {core.Config{Messages: fstest.MapFS{"de.json": {Data: []byte(`{"text":{"headng":"Zu"}}`)}}}, `Messages: "de.json": text.headng is no key`},
		"an unknown language":             {core.Config{Languages: []string{"tlh"}}, `Languages[0]: "tlh"`},
		"an unknown default language":     {core.Config{DefaultLanguage: "tlh"}, `DefaultLanguage: "tlh"`},
		"languages and texts":             {core.Config{Messages: fstest.MapFS{"de-AT.json": {Data: []byte(`{}`)}}, Languages: []string{"fr", "de-AT"}, DefaultLanguage: "de-AT"}, ""},
		"an exact entry without a slash":  {core.Config{ExemptExact: []string{"/fine", "x"}}, `ExemptExact[1]: "x"`},
		"a prefix that is the whole site": {core.Config{ExemptPaths: []string{"/"}}, `ExemptPaths[0]: "/"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := test.config.Validate()
			if test.fault == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, test.fault)
		})
	}
}

func TestAnswersHaveTextsForEveryClosure(t *testing.T) {
	t.Parallel()
	gate, err := core.New(core.Config{})
	require.NoError(t, err)
	for want, closure := range map[string]*core.Closure{
		"Down for maintenance":    {Cause: core.CausePeriod},
		"Temporarily unavailable": {Cause: core.CausePeriod, Emergency: true},
		"Starting up":             {Cause: core.CauseStarting},
		"The site cannot answer":  {Cause: core.CauseStoreLost},
		"Something needs our":     {Cause: core.CauseOverride, Emergency: true},
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			w := httptest.NewRecorder()
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
			gate.Respond(w, r, core.Decision{Outcome: core.Blocked, Closure: closure})
			require.Contains(t, w.Body.String(), want)
			require.Equal(t, "down;kind="+closure.Kind(), w.Header().Get("Downtime"))
		})
	}
}

// Visitors must not see ids, origins and file names.
func TestAnswersNameNothingInternal(t *testing.T) {
	t.Parallel()
	gate, err := core.New(core.Config{OverrideFile: filepath.Join(t.TempDir(), "secret-file")})
	require.NoError(t, err)
	closure := &core.Closure{Cause: core.CausePeriod, Period: "secret-id", Override: "secret-origin", Since: time.Now()}
	for _, accept := range []string{"text/plain", "text/html", "application/json"} {
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/secret-path?secret=query", http.NoBody)
		r.Header.Set("Accept", accept)
		gate.Respond(w, r, core.Decision{Outcome: core.Blocked, Closure: closure})
		require.NotContains(t, w.Body.String(), "secret")
		for name, values := range w.Header() {
			require.NotContains(t, name+strings.Join(values, ""), "secret")
		}
	}
}
