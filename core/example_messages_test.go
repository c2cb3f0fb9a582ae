package core_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing/fstest"

	"github.com/go-downtime/downtime/core"
)

// A site changes one text of a language. Other texts and languages stay as they are.
func ExampleConfig_messages() {
	// An application embeds the files: //go:embed messages/*.json
	messages := fstest.MapFS{"messages/de.json": {Data: []byte(`{
		"reviewed_by": "Ann Example",
		"kinds": {"planned": {"heading": "Wir räumen um"}}
	}`)}}
	gate, err := core.New(core.Config{
		Messages:        messages,
		DefaultLanguage: "de",
		Down:            true,
		Logger:          slog.New(slog.DiscardHandler),
	})
	if err != nil {
		panic(err)
	}
	site := gate.Handler(http.NotFoundHandler())
	for _, languages := range []string{"de-AT, en;q=0.5", "fr", "tlh"} {
		r := httptest.NewRequestWithContext(context.Background(), http.MethodGet, "/", http.NoBody)
		r.Header.Set("Accept-Language", languages)
		w := httptest.NewRecorder()
		site.ServeHTTP(w, r)
		heading, _, _ := strings.Cut(w.Body.String(), "\n")
		fmt.Printf("%s: %s: %s\n", languages, w.Header().Get("Content-Language"), heading)
	}
	if err := gate.Shutdown(context.Background()); err != nil {
		panic(err)
	}
	// Output:
	// de-AT, en;q=0.5: de: Wir räumen um
	// fr: fr: Site en maintenance
	// tlh: de: Wir räumen um
}
