package browser

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/store/filestore"
)

// examples are the programs below examples/ that were built so far, each once.
var examples struct {
	mu    sync.Mutex
	dir   string
	built map[string]func() error
}

// example builds the example, once, and returns the path of its program.
func example(t *testing.T, framework string) string {
	t.Helper()
	examples.mu.Lock()
	if examples.dir == "" {
		dir, err := os.MkdirTemp("", "downtime-examples-") //nolint:usetesting // it outlives the test that comes first
		if err != nil {
			examples.mu.Unlock()
			require.NoError(t, err)
		}
		examples.dir, examples.built = dir, map[string]func() error{}
	}
	path := filepath.Join(examples.dir, framework)
	build, ok := examples.built[framework]
	if !ok {
		build = sync.OnceValue(func() error {
			cmd := exec.CommandContext(context.Background(), "go", "build", "-o", path, "./examples/"+framework)
			cmd.Dir = filepath.Join("..", "..")
			out, err := cmd.CombinedOutput()
			if err != nil {
				return errors.New(err.Error() + "\n" + string(out))
			}
			return nil
		})
		examples.built[framework] = build
	}
	examples.mu.Unlock()
	require.NoError(t, build())
	return path
}

func removeExamples() error {
	if examples.dir == "" {
		return nil
	}
	return os.RemoveAll(examples.dir)
}

// shop is an example that runs in a process of its own.
type shop struct {
	t        *testing.T
	url      string
	password string            // the superuser's
	file     string            // its store
	command  operator.Operator // another operator, on a handle of its own
}

// by is another operator with this name.
func (s *shop) by(name string) operator.Operator {
	return operator.Operator{Store: s.command.Store, Actor: name}
}

// eachFramework runs a story in the example of each framework.
func eachFramework(t *testing.T, story func(t *testing.T, s *shop)) {
	t.Helper()
	for _, framework := range []string{"gin", "echo", "chi", "nethttp"} {
		t.Run(framework, func(t *testing.T) {
			t.Parallel()
			story(t, openShop(t, framework))
		})
	}
}

func openShop(t *testing.T, framework string) *shop {
	t.Helper()
	startChromium(t) // or skip, before the example is built
	s := &shop{t: t, file: filepath.Join(t.TempDir(), "downtime.json")}
	st, err := filestore.New(s.file)
	require.NoError(t, err)
	s.command = operator.Operator{Store: st, Actor: "browser-test"}
	cmd := exec.CommandContext(t.Context(), example(t, framework), "-addr", "127.0.0.1:0", "-store", s.file)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = patience
	out := &output{changed: make(chan struct{}, 1)}
	cmd.Stdout, cmd.Stderr = out, out
	require.NoError(t, cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		if err := <-ended; err != nil && t.Context().Err() == nil { // it is interrupted when the context of the test ends
			t.Errorf("the example on %s: %v", framework, err)
		}
		if t.Failed() {
			t.Logf("the example on %s said:\n%s", framework, out)
		}
	})
	// The example prints them for its user.
	s.url = out.find(t, `is at (http://[0-9.:]+)/ `)
	s.password = out.find(t, `-u admin:(\S+)`)
	return s
}

// output is the output of a program.
type output struct {
	mu      sync.Mutex
	text    bytes.Buffer
	changed chan struct{}
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	select {
	case o.changed <- struct{}{}:
	default:
	}
	return o.text.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// find waits for a line, and returns the group of the pattern.
func (o *output) find(t *testing.T, pattern string) string {
	t.Helper()
	re := regexp.MustCompile(pattern)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		if found := re.FindStringSubmatch(o.String()); found != nil {
			return found[1]
		}
		select {
		case <-o.changed:
		case <-ctx.Done():
			require.FailNow(t, "the example has not printed "+pattern, o.String())
		}
	}
}

// signIn signs the user of b in as the superuser.
func (s *shop) signIn(b *tab) {
	s.t.Helper()
	// The browser sends name and password with all later requests to the shop.
	b.open(strings.Replace(s.url, "://", "://admin:"+s.password+"@", 1) + "/login")
	require.Equal(s.t, http.StatusOK, b.open(s.ops("")))
}

// start takes the shop down, as another operator's command does. It returns when visitors are
// refused.
func (s *shop) start(reason string) {
	s.t.Helper()
	_, err := s.command.Start(s.t.Context(), operator.StartOptions{Reason: &reason})
	require.NoError(s.t, err)
	s.answers(http.StatusServiceUnavailable)
}

// end opens it again.
func (s *shop) end() {
	s.t.Helper()
	_, err := s.command.End(s.t.Context(), operator.EndOptions{Holder: s.command.Actor})
	require.NoError(s.t, err)
	s.answers(http.StatusOK)
}

// answers waits until visitors get this status.
func (s *shop) answers(status int) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url, nil)
		require.NoError(s.t, err)
		answer, err := http.DefaultClient.Do(r)
		require.NoError(s.t, err)
		require.NoError(s.t, answer.Body.Close())
		if answer.StatusCode == status {
			return
		}
		<-look.C
	}
}
