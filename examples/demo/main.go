// Command demo shows a whole downtime in one terminal: make demo
//
// It builds the gin example and the downtime command, starts the example, runs commands, and
// sends requests. It checks each result and exits with 1 if one is wrong. It needs Go and
// this repository, and removes its files.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	if err := run(ctx, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "\ndemo: unexpected result:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer) (err error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	dir, err := os.MkdirTemp("", "downtime-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	t := &terminal{out: out, dir: dir, store: "file:" + filepath.Join(dir, "downtime.json")}
	if err := t.build(ctx); err != nil {
		return err
	}
	t.chapter("The application starts.")
	a, err := t.startApp(ctx)
	if err != nil {
		return err
	}
	defer a.kill()
	return story(ctx, t, a)
}

func story(ctx context.Context, t *terminal, a *app) error {
	s := &script{ctx: ctx, terminal: t, app: a}

	t.chapter("The site is up.")
	s.curl(want{status: 200, body: "tea"}, "/api/orders")

	t.chapter("The operator takes it down, in another terminal.")
	t.say("$ export DOWNTIME_STORE=%s", t.store)
	s.downtime("RESULT safe", "start", "--reason", "New shelves", "--for", "10m")
	s.until(503, "refuses")

	t.chapter("Visitors get the answer in the format that they ask for: a page, JSON or text.")
	s.curl(want{status: 503, contentType: "text/html", body: "New shelves", away: true}, "/", "Accept: text/html")
	s.curl(want{status: 503, contentType: "application/problem+json", body: "New shelves", away: true}, "/api/orders", "Accept: application/json")
	s.curl(want{status: 503, contentType: "text/plain", body: "New shelves", away: true}, "/")

	t.chapter("The health check is exempt.")
	s.curl(want{status: 200, body: "ok"}, "/healthz")

	t.chapter("A request with the API key passes.")
	s.curl(want{status: 200, body: "tea"}, "/api/orders", "X-Api-Key: "+a.key)

	t.chapter("The operator looks at the state.")
	s.downtime("New shelves", "status")

	t.chapter("The operator ends the downtime.")
	s.downtime("RESULT up", "end")
	s.until(200, "serves")
	s.curl(want{status: 200, body: "tea"}, "/api/orders")

	t.chapter("Ctrl-C stops the application. Its log:")
	s.stop("downtime: closed", "downtime: opened")
	return s.err
}

// terminal prints the story and runs its commands.
type terminal struct {
	out   io.Writer
	dir   string // temporary; holds the programs and the state
	store string // URL
}

func (t *terminal) chapter(title string) { fmt.Fprintf(t.out, "\n── %s\n\n", title) }

func (t *terminal) say(format string, args ...any) { fmt.Fprintf(t.out, "   "+format+"\n", args...) }

// show prints the output of a program.
func (t *terminal) show(text string) {
	for line := range strings.Lines(strings.TrimRight(text, "\n")) {
		t.say("%s", strings.TrimRight(line, "\r\n"))
	}
}

func (t *terminal) program(name string) string { return filepath.Join(t.dir, name) }

func (t *terminal) build(ctx context.Context) error {
	where, err := exec.CommandContext(ctx, "go", "env", "GOWORK").Output()
	if err != nil {
		return fmt.Errorf("go env GOWORK: %w", err)
	}
	root := filepath.Dir(strings.TrimSpace(string(where)))
	if root == "." {
		return errors.New("no go.work was found: run it inside the repository, with GOWORK unset")
	}
	t.chapter("First the programs: the example application on gin, and the command.")
	for _, p := range []struct{ name, pkg string }{{"app.exe", "./examples/gin"}, {"downtime.exe", "./cmd/downtime"}} {
		t.say("$ go build -tags fileonly %s", p.pkg)
		build := exec.CommandContext(ctx, "go", "build", "-tags", "fileonly", "-o", t.program(p.name), p.pkg)
		build.Dir = root
		if text, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("go build %s: %w\n%s", p.pkg, err, text)
		}
	}
	return nil
}
