package browser

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/internal/testservers"
)

// firefox is a process of Firefox. The tests speak to it by WebDriver BiDi, the standard remote
// protocol, over a WebSocket.
type firefox struct {
	home    string // its profile
	process *exec.Cmd
	conn    *websocket.Conn
	ended   chan struct{} // closed when the connection has ended

	mu      sync.Mutex
	last    int64 // id of a command
	answers map[int64]chan message
	tabs    map[string]*foxTab // by browsing context
}

// message is an answer or an event.
type message struct {
	ID      int64           `json:"id"`
	Type    string          `json:"type"`
	Method  string          `json:"method"`
	Error   string          `json:"error"`
	Message string          `json:"message"`
	Result  json.RawMessage `json:"result"`
	Params  json.RawMessage `json:"params"`
}

// firefoxes are the two processes that all tests share: one with JavaScript, and one without. Each
// tab has cookies of its own.
var firefoxes [2]struct {
	once    sync.Once
	firefox *firefox
	err     error
}

// firefoxZone is the time zone of the machine, as Firefox sees it.
const firefoxZone = "Europe/Berlin"

// startFirefox returns Firefox, with or without JavaScript. It starts each once.
func startFirefox(t *testing.T, withoutScript bool) *firefox {
	t.Helper()
	if testing.Short() {
		t.Skip("a real browser takes its time")
	}
	program := testservers.Program(t, "firefox-esr", "firefox-esr", "firefox")
	one := &firefoxes[0]
	if withoutScript {
		one = &firefoxes[1]
	}
	one.once.Do(func() { one.firefox, one.err = launchFirefox(program, withoutScript) })
	require.NoError(t, one.err, "start %s", program)
	return one.firefox
}

func launchFirefox(program string, withoutScript bool) (*firefox, error) {
	home, err := os.MkdirTemp("", "downtime-firefox-")
	if err != nil {
		return nil, err
	}
	f := &firefox{home: home, ended: make(chan struct{}), answers: map[int64]chan message{}, tabs: map[string]*foxTab{}}
	// Firefox delays the timers of windows that are not in front.
	prefs := fmt.Sprintf(`user_pref("javascript.enabled", %t);
user_pref("intl.accept_languages", "en-US");
user_pref("dom.timeout.enable_budget_timer_throttling", false);
user_pref("dom.min_background_timeout_value", 4);
`, !withoutScript)
	if err := os.WriteFile(filepath.Join(home, "user.js"), []byte(prefs), 0o600); err != nil {
		return f, err
	}
	// It ends with the last test, in quitFirefox.
	f.process = exec.CommandContext(context.Background(), program, "--headless", "--no-remote", "--profile", home, "--remote-debugging-port", "0", "about:blank")
	f.process.Env = append(os.Environ(), "HOME="+home, "TZ="+firefoxZone, "MOZ_CRASHREPORTER_DISABLE=1")
	said, err := f.process.StderrPipe()
	if err != nil {
		return f, err
	}
	if err := f.process.Start(); err != nil {
		return f, err
	}
	address := make(chan string, 1)
	go func() {
		listening := regexp.MustCompile(`WebDriver BiDi listening on (ws://\S+)`)
		for lines := bufio.NewScanner(said); lines.Scan(); {
			if m := listening.FindStringSubmatch(lines.Text()); m != nil {
				address <- m[1]
			}
		}
		_, _ = io.Copy(io.Discard, said)
	}()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	select {
	case url := <-address:
		if f.conn, _, err = websocket.Dial(ctx, url+"/session", nil); err != nil {
			return f, err
		}
	case <-ctx.Done():
		return f, errors.New("it does not say where it listens")
	}
	f.conn.SetReadLimit(64 << 20)
	go f.listen()
	if _, err := f.call(ctx, "session.new", map[string]any{"capabilities": map[string]any{}}); err != nil {
		return f, err
	}
	if _, err := f.call(ctx, "network.addIntercept", map[string]any{"phases": []string{"authRequired"}}); err != nil {
		return f, err
	}
	_, err = f.call(ctx, "session.subscribe", map[string]any{"events": []string{"network.authRequired", "network.responseCompleted", "browsingContext.load", "log.entryAdded"}})
	return f, err
}

// quitFirefox ends the processes.
func quitFirefox() error {
	var errs []error
	for i := range firefoxes {
		f := firefoxes[i].firefox
		if f == nil {
			continue
		}
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		if f.conn != nil {
			_, err := f.call(ctx, "browser.close", map[string]any{})
			errs = append(errs, err)
		}
		if f.process != nil && f.process.Process != nil {
			stop := context.AfterFunc(ctx, func() { _ = f.process.Process.Kill() })
			_ = f.process.Wait() // its exit status tells nothing
			stop()
		}
		cancel()
		errs = append(errs, os.RemoveAll(f.home))
	}
	return errors.Join(errs...)
}

// listen reads all messages until the connection ends.
func (f *firefox) listen() {
	defer close(f.ended)
	for {
		_, b, err := f.conn.Read(context.Background())
		if err != nil {
			return
		}
		var m message
		if json.Unmarshal(b, &m) != nil {
			continue
		}
		f.mu.Lock()
		if m.Type == "event" {
			f.event(m)
		} else if answer := f.answers[m.ID]; answer != nil {
			answer <- m
			delete(f.answers, m.ID)
		}
		f.mu.Unlock()
	}
}

// event notes what happened to a tab. The caller holds f.mu.
func (f *firefox) event(m message) {
	var e struct {
		Context    string                   `json:"context"`
		Navigation string                   `json:"navigation"`
		Request    struct{ Request string } `json:"request"`
		Response   struct{ Status int }     `json:"response"`
		Level      string                   `json:"level"`
		Text       string                   `json:"text"`
		Source     struct{ Context string } `json:"source"`
	}
	if json.Unmarshal(m.Params, &e) != nil {
		return
	}
	b := f.tabs[e.Context+e.Source.Context]
	switch {
	case b == nil:
	case m.Method == "network.authRequired":
		params := map[string]any{
			"request": e.Request.Request, "action": "provideCredentials",
			"credentials": map[string]any{"type": "password", "username": "admin", "password": b.password},
		}
		go func() { _, _ = f.call(context.Background(), "network.continueWithAuth", params) }() // else the page does not load
	case m.Method == "network.responseCompleted" && e.Navigation != "" && e.Response.Status/100 != 3:
		b.status = e.Response.Status
	case m.Method == "browsingContext.load":
		select {
		case b.loaded <- b.status:
		default: // the test does not wait for this one
		}
	// Firefox asks for an icon that no page names, and reports that a policy forbids it.
	case m.Method == "log.entryAdded" && e.Level == "error" && !strings.Contains(e.Text, "/favicon.ico"):
		b.faults = append(b.faults, e.Text)
	}
}

// call sends a command and returns its result.
func (f *firefox) call(ctx context.Context, method string, params any) (json.RawMessage, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	f.mu.Lock()
	f.last++
	id, answer := f.last, make(chan message, 1)
	f.answers[id] = answer
	f.mu.Unlock()
	b, err := json.Marshal(map[string]any{"id": id, "method": method, "params": params})
	if err != nil {
		return nil, err
	}
	if err := f.conn.Write(ctx, websocket.MessageText, b); err != nil {
		return nil, err
	}
	select {
	case m := <-answer:
		if m.Error != "" {
			return nil, fmt.Errorf("%s: %s: %s", method, m.Error, m.Message)
		}
		return m.Result, nil
	case <-f.ended:
		return nil, errors.New(method + ": Firefox has ended")
	case <-ctx.Done():
		return nil, fmt.Errorf("%s: %w", method, ctx.Err())
	}
}
