package browser

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// foxTab is a tab of Firefox with cookies of its own. At the end of the test it requires that no
// script has failed.
type foxTab struct {
	t        *testing.T
	firefox  *firefox
	context  string   // its id
	password string   // the answer to a server that asks for one
	loaded   chan int // gets the status of each document that has loaded

	// Guarded by firefox.mu.
	status int // of the last document
	faults []string
}

func newFoxTab(t *testing.T, withoutScript bool) *foxTab {
	t.Helper()
	b := &foxTab{t: t, firefox: startFirefox(t, withoutScript), loaded: make(chan int, 1)}
	var made struct {
		UserContext string `json:"userContext"`
		Context     string `json:"context"`
	}
	require.NoError(t, json.Unmarshal(b.must("browser.createUserContext", map[string]any{}), &made))
	// A window of its own: a tab behind another one is hidden, and its page does not look at the state.
	require.NoError(t, json.Unmarshal(b.must("browsingContext.create", map[string]any{"type": "window", "userContext": made.UserContext}), &made))
	b.context = made.Context
	b.firefox.mu.Lock()
	b.firefox.tabs[b.context] = b
	b.firefox.mu.Unlock()
	t.Cleanup(func() {
		_, err := b.firefox.call(context.Background(), "browser.removeUserContext", map[string]any{"userContext": made.UserContext})
		require.NoError(t, err)
		b.firefox.mu.Lock()
		defer b.firefox.mu.Unlock()
		delete(b.firefox.tabs, b.context)
		require.Empty(t, b.faults, "the page's console")
	})
	return b
}

// must sends a command and returns its result.
func (b *foxTab) must(method string, params map[string]any) json.RawMessage {
	b.t.Helper()
	result, err := b.firefox.call(b.t.Context(), method, params)
	require.NoError(b.t, err)
	return result
}

// follow does something that leads to another page, waits until it has loaded, and returns its
// status.
func (b *foxTab) follow(do func()) int {
	b.t.Helper()
	select {
	case <-b.loaded: // an earlier one
	default:
	}
	do()
	select {
	case status := <-b.loaded:
		return status
	case <-time.After(patience):
		require.FailNow(b.t, "no other page came", b.text())
		return 0
	}
}

// open opens a page, and returns its status.
func (b *foxTab) open(url string) int {
	b.t.Helper()
	return b.follow(func() {
		b.t.Helper()
		b.must("browsingContext.navigate", map[string]any{"context": b.context, "url": url, "wait": "none"})
	})
}

// read evaluates a JavaScript expression, also in a page that runs no script, and returns its text.
func (b *foxTab) read(expression string) string {
	b.t.Helper()
	text, err := b.evaluate(expression)
	require.NoError(b.t, err)
	return text
}

func (b *foxTab) evaluate(expression string) (string, error) {
	result, err := b.firefox.call(b.t.Context(), "script.evaluate", map[string]any{
		"expression": "String(" + expression + ")", "target": map[string]any{"context": b.context, "sandbox": "test"}, "awaitPromise": false,
	})
	if err != nil {
		return "", err
	}
	var r struct {
		Type   string                 `json:"type"`
		Result struct{ Value string } `json:"result"`
		Fault  struct{ Text string }  `json:"exceptionDetails"`
	}
	if err := json.Unmarshal(result, &r); err != nil {
		return "", err
	}
	if r.Type != "success" {
		return "", &foxError{expression, r.Fault.Text}
	}
	return r.Result.Value, nil
}

// foxError is an expression that has failed.
type foxError struct{ expression, text string }

func (e *foxError) Error() string { return e.expression + ": " + e.text }

// until waits for a condition on this page, or on one that replaces it.
func (b *foxTab) until(condition string) {
	b.t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for {
		// The error can come from a page that is being replaced.
		if yes, _ := b.evaluate("Boolean(" + condition + ")"); yes == "true" {
			return
		}
		select {
		case <-look.C:
		case <-deadline.C:
			require.FailNow(b.t, "never came: "+condition, b.text())
		}
	}
}

// text is the visible text of the page, with single blanks.
func (b *foxTab) text() string {
	b.t.Helper()
	return strings.Join(strings.Fields(b.read("document.body.innerText")), " ")
}

// click clicks an element with the mouse, where the page shows it.
func (b *foxTab) click(element string) int {
	b.t.Helper()
	b.until(`document.querySelector(` + quote(element) + `)`)
	var found struct{ Nodes []json.RawMessage }
	require.NoError(b.t, json.Unmarshal(b.must("browsingContext.locateNodes", map[string]any{
		"context": b.context, "locator": map[string]any{"type": "css", "value": element}, "maxNodeCount": 1,
	}), &found))
	require.Len(b.t, found.Nodes, 1, element)
	return b.follow(func() {
		b.t.Helper()
		// The page may still move, for example because it has just got another state or the focus.
		const most = 5
		for range most {
			b.until(`((e) => {
				e.scrollIntoView({block: "center", behavior: "instant"});
				const r = e.getBoundingClientRect();
				return r.top >= 0 && r.bottom <= innerHeight;
			})(document.querySelector(` + quote(element) + `))`)
			_, err := b.firefox.call(b.t.Context(), "input.performActions", map[string]any{"context": b.context, "actions": []any{map[string]any{
				"type": "pointer", "id": "mouse", "actions": []any{
					map[string]any{"type": "pointerMove", "x": 0, "y": 0, "origin": map[string]any{"type": "element", "element": found.Nodes[0]}},
					map[string]any{"type": "pointerDown", "button": 0},
					map[string]any{"type": "pointerUp", "button": 0},
				},
			}}})
			if err == nil {
				return
			}
			require.ErrorContains(b.t, err, "move target out of bounds")
		}
		require.FailNow(b.t, "the page moves each time", element)
	})
}

// press types keys into the element that has the focus. "\ue007" is Enter.
func (b *foxTab) press(keys string) {
	b.t.Helper()
	var actions []any
	for _, key := range keys {
		actions = append(actions, map[string]any{"type": "keyDown", "value": string(key)}, map[string]any{"type": "keyUp", "value": string(key)})
	}
	b.must("input.performActions", map[string]any{"context": b.context, "actions": []any{map[string]any{"type": "key", "id": "keys", "actions": actions}}})
}

// fill replaces the text of a field, as an input method does.
func (b *foxTab) fill(field, text string) {
	b.t.Helper()
	b.read(`((e) => { e.focus(); e.value = ` + quote(text) + `; for (const n of ["input", "change"]) e.dispatchEvent(new Event(n, {bubbles: true})) })(document.querySelector(` + quote(field) + `))`)
}

// submit presses the button of a form and, if a review follows, the button of the review.
func (b *foxTab) submit(form string) int {
	b.t.Helper()
	status := b.pressButton(form)
	if status == http.StatusOK && b.page() == "review" {
		return b.pressButton(act("review"))
	}
	return status
}

func (b *foxTab) pressButton(form string) int {
	b.t.Helper()
	return b.click(form + " button:not([type=button], [name=rezone])")
}

// page is the name of the page.
func (b *foxTab) page() string { return b.read(`document.body.dataset.page`) }

func (b *foxTab) requireState(state string) {
	b.t.Helper()
	require.Equal(b.t, state, b.read(`document.querySelector("#state").dataset.state`), b.text())
}

func (b *foxTab) requireNotice(notice string) {
	b.t.Helper()
	require.Equal(b.t, notice, b.read(`document.querySelector("#notice")?.dataset.notice ?? "none"`), b.text())
}

// foxOperator signs an operator in, and opens the operator's page in Firefox.
func (s *shop) foxOperator(withoutScript bool) *foxTab {
	s.t.Helper()
	b := newFoxTab(s.t, withoutScript)
	b.password = s.password
	require.Equal(s.t, http.StatusOK, b.open(s.url+"/login"), "it leads to the operator's page")
	require.Equal(s.t, "now", b.page())
	if !withoutScript { // the page learns the browser's zone at the first visit
		b.until(`document.body.dataset.zone === ` + quote(firefoxZone) + ` && document.readyState === "complete"`)
	}
	return b
}
