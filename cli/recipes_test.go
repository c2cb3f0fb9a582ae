package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/events"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store/memstore"
)

// recipe writes the script of docs/events.md that has this name.
func recipe(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("../docs/events.md")
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("needs docs/events.md, which lies beside this module in the repository only")
	}
	require.NoError(t, err)
	for _, program := range []string{"sh", "curl", "jq"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip("needs " + program)
		}
	}
	found := regexp.MustCompile("(?s)```sh\n(#!/bin/sh\n# " + name + "\n.*?)```").FindSubmatch(text)
	require.NotNil(t, found, "no recipe")
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, found[1], 0o700))
	return path
}

// runRecipe gives an event to the script, as --exec does.
func runRecipe(t *testing.T, script string, env []string, e events.Event) error {
	t.Helper()
	p, err := newEventProgram(script, nil, t.Output())
	require.NoError(t, err)
	p.env = env
	return p.deliver(t.Context(), e)
}

// someEvents are the events of a window that is planned, moved and overdue, of a deployment, and of a
// store that went back.
func someEvents(t *testing.T) (list []events.Event) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		op := operator.Operator{Store: memstore.New(), Actor: "xavier"}
		_, err := op.Init(t.Context(), operator.InitOptions{})
		require.NoError(t, err)
		begin := time.Now().Add(time.Hour)
		reason := `Moving "the" <database> & more`
		window, err := op.Schedule(t.Context(), operator.WindowOptions{Holder: "xavier", Reason: reason, Start: begin, End: begin.Add(time.Hour)})
		require.NoError(t, err)
		seen, err := events.Observe(t.Context(), op)
		require.NoError(t, err)
		position := events.Oldest(seen)
		look := func(after time.Duration) {
			time.Sleep(after)
			seen, err := events.Observe(t.Context(), op)
			require.NoError(t, err)
			batch := events.Next(position, seen, 30*time.Minute)
			list = append(list, batch.Events...)
			position = batch.After(len(batch.Events))
		}
		edit := func(opts operator.EditOptions) {
			_, err := op.Edit(t.Context(), window.Period.ID, opts)
			require.NoError(t, err)
		}
		look(45 * time.Minute) // about-to-begin
		edit(operator.EditOptions{ExpectedEnd: new(begin.Add(30 * time.Minute))})
		look(20 * time.Minute) // started
		edit(operator.EditOptions{ExpectedEnd: new(begin.Add(40 * time.Minute))})
		look(0)                // end-moved
		look(40 * time.Minute) // overdue
		look(30 * time.Minute) // ended
		_, err = op.Start(t.Context(), operator.StartOptions{Holder: "xavier"})
		require.NoError(t, err)
		_, err = op.End(t.Context(), operator.EndOptions{All: true})
		require.NoError(t, err)
		look(0) // started, ended
		begin = time.Now().Add(10 * time.Minute)
		window, err = op.Schedule(t.Context(), operator.WindowOptions{Holder: "xavier", Start: begin, End: begin.Add(time.Hour)})
		require.NoError(t, err)
		look(0) // about-to-begin
		_, err = op.Cancel(t.Context(), window.Period.ID, operator.CancelOptions{})
		require.NoError(t, err)
		look(0) // called-off
		seen, err = events.Observe(t.Context(), op)
		require.NoError(t, err)
		seen.Newest = period.Mark{StoreID: "s", Revision: 90}
		list = append(list, events.Next(position, seen, 0).Events...)
	})
	var names []string
	for _, e := range list {
		names = append(names, string(e.Event))
	}
	require.Equal(t, "about-to-begin started end-moved overdue ended started ended about-to-begin called-off regressed", strings.Join(names, " "))
	return list
}

// TestRecipeSlack has a server with the rules of an incoming webhook: a JSON object with a text.
func TestRecipeSlack(t *testing.T) {
	t.Parallel()
	script := recipe(t, "to-slack")
	var mu sync.Mutex
	var texts []string
	code := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		var body struct {
			Text string `json:"text"`
		}
		dec := json.NewDecoder(r.Body)
		dec.DisallowUnknownFields()
		if err := dec.Decode(&body); err != nil || body.Text == "" || r.Method != http.MethodPost || r.URL.Path != "/services/T/B/secret" ||
			r.Header.Get("Content-Type") != "application/json" {
			http.Error(w, "invalid_payload", http.StatusBadRequest)
			return
		}
		texts = append(texts, body.Text)
		w.WriteHeader(code)
	}))
	t.Cleanup(server.Close)
	config := filepath.Join(t.TempDir(), "slack.curl")
	require.NoError(t, os.WriteFile(config, []byte("url = \""+server.URL+"/services/T/B/secret\"\n"), 0o600))
	env := []string{"SLACK_CONFIG=" + config}
	for _, e := range someEvents(t) {
		require.NoError(t, runRecipe(t, script, env, e))
	}
	require.Len(t, texts, 10)
	require.Contains(t, texts[1], "Moving \"the\" &lt;database&gt; &amp; more")
	code = http.StatusInternalServerError
	require.Error(t, runRecipe(t, script, env, someEvents(t)[0]), "it is tried again")
	require.Error(t, runRecipe(t, script, []string{"SLACK_CONFIG=/nonexistent"}, someEvents(t)[0]))
}

// TestRecipePagerDuty has a server with the rules of the Events API v2.
func TestRecipePagerDuty(t *testing.T) {
	t.Parallel()
	script := recipe(t, "to-pagerduty")
	type alert struct {
		RoutingKey  string `json:"routing_key"`
		EventAction string `json:"event_action"`
		DedupKey    string `json:"dedup_key"`
		Payload     struct {
			Summary       string       `json:"summary"`
			Source        string       `json:"source"`
			Severity      string       `json:"severity"`
			Timestamp     time.Time    `json:"timestamp"`
			CustomDetails events.Event `json:"custom_details"`
		} `json:"payload"`
	}
	var got []alert
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var a alert
		dec := json.NewDecoder(r.Body)
		dec.DisallowUnknownFields()
		err := dec.Decode(&a)
		severities := map[string]bool{"critical": true, "error": true, "warning": true, "info": true}
		actions := map[string]bool{"trigger": true, "acknowledge": true, "resolve": true}
		if err != nil || a.RoutingKey != "R0" || !actions[a.EventAction] || a.DedupKey == "" || len(a.DedupKey) > 255 ||
			a.Payload.Summary == "" || len(a.Payload.Summary) > 1024 || a.Payload.Source == "" || !severities[a.Payload.Severity] {
			http.Error(w, fmt.Sprint(err), http.StatusBadRequest)
			return
		}
		got = append(got, a)
		w.WriteHeader(http.StatusAccepted)
	}))
	t.Cleanup(server.Close)
	env := []string{"PAGERDUTY_ROUTING_KEY=R0", "PAGERDUTY_URL=" + server.URL}
	list := someEvents(t)
	for _, e := range list {
		require.NoError(t, runRecipe(t, script, env, e))
	}
	var actions []string
	for _, a := range got {
		actions = append(actions, a.EventAction+" "+string(a.Payload.CustomDetails.Event))
	}
	require.Equal(t, []string{"resolve end-moved", "trigger overdue", "resolve ended", "resolve ended", "trigger regressed"}, actions)
	require.Equal(t, got[1].DedupKey, got[2].DedupKey, "the end resolves what overdue has triggered")
	require.NotEqual(t, got[2].DedupKey, got[3].DedupKey)
	require.Error(t, runRecipe(t, script, env[1:], list[3]), "without a routing key")
}

// statuspage is a server with the rules of the API of Statuspage for incidents.
type statuspage struct {
	mu        sync.Mutex
	incidents []map[string]any
	log       []string
}

func (s *statuspage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	const path = "/v1/pages/P1/incidents"
	id, one := strings.CutPrefix(r.URL.Path, path+"/")
	if r.Header.Get("Authorization") != "OAuth T0" || !one && r.URL.Path != path {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if r.Method == http.MethodGet {
		list := s.incidents
		if list == nil {
			list = []map[string]any{}
		}
		_ = json.NewEncoder(w).Encode(list)
		return
	}
	var body struct {
		Incident map[string]any `json:"incident"`
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil || body.Incident["body"] == "" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	var incident map[string]any
	if one {
		for _, i := range s.incidents {
			if i["id"] == id {
				incident = i
			}
		}
		if incident == nil || r.Method != http.MethodPatch {
			w.WriteHeader(http.StatusNotFound)
			return
		}
	} else {
		incident = map[string]any{"id": fmt.Sprintf("i%d", len(s.incidents)), "scheduled_for": nil}
		s.incidents = append([]map[string]any{incident}, s.incidents...) // the newest first
	}
	maps.Copy(incident, body.Incident)
	realtime := map[string]bool{"investigating": true, "identified": true, "monitoring": true, "resolved": true}
	scheduled := map[string]bool{"scheduled": true, "in_progress": true, "verifying": true, "completed": true}
	allowed := realtime
	if incident["scheduled_for"] != nil {
		allowed = scheduled
	}
	status, _ := incident["status"].(string)
	name, _ := incident["name"].(string)
	metadata, _ := incident["metadata"].(map[string]any)
	_, isObject := metadata["downtime"].(map[string]any)
	if !allowed[status] || name == "" || len(name) > 255 || !isObject {
		w.WriteHeader(http.StatusUnprocessableEntity)
		return
	}
	s.log = append(s.log, fmt.Sprintf("%s %s %s: %s", r.Method, incident["id"], status, incident["body"]))
	w.WriteHeader(http.StatusCreated)
	_ = json.NewEncoder(w).Encode(incident)
}

func TestRecipeStatuspage(t *testing.T) {
	t.Parallel()
	script := recipe(t, "to-statuspage")
	page := &statuspage{}
	server := httptest.NewServer(page)
	t.Cleanup(server.Close)
	config := filepath.Join(t.TempDir(), "statuspage.curl")
	require.NoError(t, os.WriteFile(config, []byte("header = \"Authorization: OAuth T0\"\n"), 0o600))
	env := []string{"STATUSPAGE_CONFIG=" + config, "STATUSPAGE_URL=" + server.URL + "/v1", "STATUSPAGE_PAGE=P1"}
	list := someEvents(t)
	for _, e := range list {
		require.NoError(t, runRecipe(t, script, env, e))
	}
	for i := range page.log {
		page.log[i], _, _ = strings.Cut(page.log[i], ". Expected end: ")
		page.log[i] = strings.TrimSuffix(page.log[i], ".")
	}
	require.Equal(t, []string{
		"POST i0 scheduled: Maintenance is planned",
		"PATCH i0 in_progress: Maintenance has begun",
		"PATCH i0 in_progress: The expected end has changed",
		"PATCH i0 in_progress: The maintenance takes longer than expected",
		"PATCH i0 completed: The maintenance has ended",
		"POST i1 identified: Maintenance has begun",
		"PATCH i1 resolved: The maintenance has ended",
		"POST i2 scheduled: Maintenance is planned",
		"PATCH i2 completed: The maintenance does not take place as planned",
	}, page.log)
	require.Contains(t, fmt.Sprint(page.incidents), "Moving \"the\" <database> & more")
	require.NotContains(t, fmt.Sprint(page.incidents), "xavier", "nothing public names an operator")

	// A second delivery of an event that opens an incident opens no second one.
	count := len(page.incidents)
	require.NoError(t, runRecipe(t, script, env, list[5]))
	require.NoError(t, runRecipe(t, script, env, list[5]))
	require.Len(t, page.incidents, count+1)
	server.Close()
	require.Error(t, runRecipe(t, script, env, list[0]), "it is tried again")
}

// TestRecipeErrorTracker runs the JavaScript of the page against a refusal.
func TestRecipeErrorTracker(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/events.md")
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("needs docs/events.md, which lies beside this module in the repository only")
	}
	require.NoError(t, err)
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("needs node")
	}
	found := regexp.MustCompile("(?s)```js\n(.*?)```").FindSubmatch(text)
	require.NotNil(t, found)
	gate, err := core.New(core.Config{Down: true, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	refuses := gate.Handler(http.NotFoundHandler())
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/broken" {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		refuses.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	program := string(found[1]) + `
for (const path of ["/", "/broken"]) {
  try { await get(process.argv[2] + path); } catch (error) {
    console.log(path, error.message.includes("503"), beforeSend({}, {originalException: error}) === null);
  }
}
console.log(beforeSend({}, {}) === null);
`
	file := filepath.Join(t.TempDir(), "recipe.mjs")
	require.NoError(t, os.WriteFile(file, []byte(program), 0o600))
	var out bytes.Buffer
	cmd := exec.CommandContext(t.Context(), node, file, server.URL)
	cmd.Stdout, cmd.Stderr = &out, t.Output()
	require.NoError(t, cmd.Run())
	require.Equal(t, "/ true true\n/broken true false\nfalse\n", out.String()) //nolint:dupword // columns
}
