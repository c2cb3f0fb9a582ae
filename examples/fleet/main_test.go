package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// patience is how long the test waits for an event.
const patience = 60 * time.Second

// TestTheFleetGoesDownAndComesBack runs the commands that the example prints, with the built
// programs.
func TestTheFleetGoesDownAndComesBack(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot be sent an interrupt")
	}
	bin := t.TempDir()
	build(t, bin, "fleet", "./examples/fleet")
	build(t, bin, "downtime", "./cmd/downtime")
	url := "sqlite:" + filepath.Join(t.TempDir(), "shop.db") + "?app=shop"
	downtime := func(args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), filepath.Join(bin, "downtime"), append(args, "--store", url)...)
		out, err := cmd.Output()
		failed, _ := errors.AsType[*exec.ExitError](err)
		if failed != nil {
			require.NoError(t, err, "%s%s", out, failed.Stderr)
		}
		require.NoError(t, err)
		return string(out)
	}
	downtime("init")

	shop := &screen{changed: make(chan struct{}, 1)}
	cmd := exec.CommandContext(t.Context(), filepath.Join(bin, "fleet"), "-addr", "127.0.0.1:0", "-store", url)
	cmd.Stdout, cmd.Stderr = shop, shop
	cmd.WaitDelay = patience
	require.NoError(t, cmd.Start())

	shop.await(t, "all serve", served)
	require.Equal(t, counted{Instances: 3, Live: 3, Open: 3, Current: 3}, count(t, downtime("fleet", "--json")))

	require.Contains(t, downtime("start", "--holder", "test", "--reason", "New shelves", "--expect", "3"), "\nRESULT safe\n")
	shop.await(t, "all refuse", refused)
	for c := (counted{}); c.Drained != 3; c = count(t, downtime("fleet", "--json")) {
		require.NoError(t, t.Context().Err())
	}
	require.Contains(t, shop.String(), "msg=\"downtime: drained\"")

	require.Contains(t, downtime("end", "--holder", "test"), "\nRESULT up\n")
	shop.await(t, "all serve again", served)

	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	require.NoError(t, cmd.Wait(), "%s", shop)
	require.Equal(t, counted{}, count(t, downtime("fleet", "--json")), "the rows have left")
	require.Regexp(t, `(?m)^in all: .* failed 0$`, shop.String(), "every response is 200, or a 503 of the gate")
}

// A line of the visitors.
var (
	served  = regexp.MustCompile(`(?m)^[0-9:]+  served \d+ \(a \d+, b \d+, c \d+\)  refused 0  failed 0 `)
	refused = regexp.MustCompile(`(?m)^[0-9:]+  served 0  refused \d+ \(a \d+, b \d+, c \d+\)  failed 0 `)
)

// build builds in the workspace, also if this module is tested on its own, because the
// command has no replace for its siblings.
func build(t *testing.T, bin, name, pkg string) {
	t.Helper()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(bin, name), pkg)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "GOWORK="+filepath.Join(root, "go.work"), "GOFLAGS=")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
}

// counted is the fleet, as the command counts it.
type counted struct{ Instances, Live, Open, Drained, Current int }

func count(t *testing.T, fleet string) counted {
	t.Helper()
	var answer struct{ Fleet counted }
	require.NoError(t, json.NewDecoder(strings.NewReader(fleet)).Decode(&answer), fleet)
	return answer.Fleet
}

// screen is the output of the example.
type screen struct {
	mu      sync.Mutex
	text    bytes.Buffer
	read    int // how far await has read
	changed chan struct{}
}

var _ io.Writer = (*screen)(nil)

func (s *screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case s.changed <- struct{}{}:
	default:
	}
	return s.text.Write(b)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// await reads on until a line matches.
func (s *screen) await(t *testing.T, what string, line *regexp.Regexp) {
	t.Helper()
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		s.mu.Lock()
		found := line.FindIndex(s.text.Bytes()[s.read:])
		if found != nil {
			s.read += found[1]
		}
		s.mu.Unlock()
		if found != nil {
			return
		}
		select {
		case <-s.changed:
		case <-late.C:
			require.FailNow(t, "not seen: "+what, "%s", s)
		}
	}
}
