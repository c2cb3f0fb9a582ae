package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

const (
	noticeWithin = 2 * time.Second
	lookEvery    = 10 * time.Millisecond
	bodyLines    = 12 // shown of an answer
	lineWidth    = 100
)

// script runs commands, sends requests, and checks the results. After the first error, which
// err keeps, it does nothing.
type script struct {
	*terminal

	ctx context.Context //nolint:containedctx // a script lives for one run of the story
	app *app
	err error
}

// want describes the expected answer.
type want struct {
	status      int
	contentType string // its prefix
	body        string // a part of it
	away        bool   // wants Retry-After, and no-store for caches
}

func (w want) fault(res *http.Response, body string) error {
	switch got := res.Header; {
	case res.StatusCode != w.status:
		return fmt.Errorf("status %d, want %d", res.StatusCode, w.status)
	case !strings.HasPrefix(got.Get("Content-Type"), w.contentType):
		return fmt.Errorf("Content-Type %q, want %q", got.Get("Content-Type"), w.contentType)
	case !strings.Contains(body, w.body):
		return fmt.Errorf("a body without %q: %s", w.body, body)
	case w.away && got.Get("Retry-After") == "":
		return fmt.Errorf("%d without Retry-After", res.StatusCode)
	case w.away && got.Get("Cache-Control") != "no-store":
		return fmt.Errorf("%d with Cache-Control %q, want no-store", res.StatusCode, got.Get("Cache-Control"))
	}
	return nil
}

// curl sends a GET, and shows it as a curl command with a short form of the answer.
func (s *script) curl(w want, path string, headers ...string) {
	if s.err != nil {
		return
	}
	words := []string{"$ curl -i"}
	for _, h := range headers {
		words = append(words, "-H '"+h+"'")
	}
	s.say("%s", strings.Join(append(words, s.app.url+path), " "))
	res, body, err := s.get(path, headers...)
	if err != nil {
		s.err = err
		return
	}
	s.say("%s %s", res.Proto, res.Status)
	for _, name := range []string{"Content-Type", "Retry-After", "Cache-Control", "Vary", "Downtime"} {
		if value := res.Header.Values(name); len(value) > 0 {
			s.say("%s: %s", name, strings.Join(value, ", "))
		}
	}
	s.say("")
	s.show(excerpt(body))
	s.say("")
	if err := w.fault(res, body); err != nil {
		s.err = fmt.Errorf("GET %s: %w", path, err)
	}
}

func (s *script) get(path string, headers ...string) (*http.Response, string, error) {
	r, err := http.NewRequestWithContext(s.ctx, http.MethodGet, s.app.url+path, nil)
	if err != nil {
		return nil, "", err
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, "", err
	}
	defer res.Body.Close() //nolint:errcheck // it was only read
	body, err := io.ReadAll(res.Body)
	return res, string(body), err
}

// until waits until the running application follows the command.
func (s *script) until(status int, verb string) {
	if s.err != nil {
		return
	}
	began := time.Now()
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		res, _, err := s.get("/api/orders")
		switch {
		case err != nil:
			s.err = err
			return
		case res.StatusCode == status:
			s.say("")
			s.say("(The running application %s after %d ms.)", verb, time.Since(began).Milliseconds())
			s.say("")
			return
		case time.Since(began) > noticeWithin:
			s.err = fmt.Errorf("the application answers %d after %v, want %d", res.StatusCode, noticeWithin, status)
			return
		}
		<-look.C
	}
}

// downtime runs a command, which must succeed and print this.
func (s *script) downtime(says string, args ...string) {
	if s.err != nil {
		return
	}
	words := []string{"$ downtime"}
	for _, arg := range args {
		if strings.Contains(arg, " ") {
			arg = "'" + arg + "'"
		}
		words = append(words, arg)
	}
	s.say("%s", strings.Join(words, " "))
	c := exec.CommandContext(s.ctx, s.program("downtime.exe"), args...)
	c.Env = append(os.Environ(), "DOWNTIME_STORE="+s.store)
	text, err := c.CombinedOutput()
	s.show(string(text))
	switch {
	case err != nil:
		s.err = fmt.Errorf("downtime %s: %w", args[0], err)
	case !strings.Contains(string(text), says):
		s.err = fmt.Errorf("downtime %s does not print %q", args[0], says)
	}
}

// stop interrupts the application, which must exit with 0 and have these lines in its log.
func (s *script) stop(logged ...string) {
	if s.err != nil {
		return
	}
	log, err := s.app.interrupt()
	s.show(log)
	if err != nil {
		s.err = fmt.Errorf("the application: %w", err)
		return
	}
	for _, message := range logged {
		if !strings.Contains(log, message) {
			s.err = fmt.Errorf("the application's log does not say %q", message)
		}
	}
}

// excerpt is the beginning of body, in lines that fit into a terminal. Of a page it is the
// visible text.
func excerpt(body string) string {
	var lines []string
	page := strings.HasPrefix(strings.ToLower(body), "<!doctype html")
	for line := range strings.Lines(strings.TrimSpace(body)) {
		line = strings.TrimRight(line, "\r\n")
		if page && !readable(line) {
			continue
		}
		for r := []rune(line); len(r) > lineWidth; r = []rune(line) {
			lines = append(lines, string(r[:lineWidth]))
			line = string(r[lineWidth:])
		}
		lines = append(lines, line)
	}
	if len(lines) > bodyLines {
		lines = append(lines[:bodyLines], "…")
	}
	return strings.Join(lines, "\n")
}

func readable(line string) bool {
	return slices.ContainsFunc([]string{"<title", "<h1", "<p", "<div"}, func(tag string) bool {
		return strings.HasPrefix(line, tag)
	})
}
