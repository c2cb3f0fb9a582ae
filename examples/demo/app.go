package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"time"
)

const stopWithin = 15 * time.Second

// app is the example application in a process of its own.
type app struct {
	url, key string
	process  *exec.Cmd
	ended    chan struct{} // closed when it has ended; then these may be read:
	err      error         // of Wait
	log      *bytes.Buffer // its standard error
}

var (
	listening = regexp.MustCompile(`http://127\.0\.0\.1:[0-9]+`)
	apiKey    = regexp.MustCompile(`X-Api-Key:(\S+)`)
)

func (t *terminal) startApp(ctx context.Context) (*app, error) {
	a := &app{log: &bytes.Buffer{}, ended: make(chan struct{})}
	a.process = exec.CommandContext(ctx, t.program("app.exe"), "-addr", "127.0.0.1:0", "-store", strings.TrimPrefix(t.store, "file:"))
	a.process.Stderr = a.log
	// The pipe's own goroutine of os/exec copies, so that Wait may be called at any time.
	read, write := io.Pipe()
	a.process.Stdout = write
	t.say("$ go run ./examples/gin")
	if err := a.process.Start(); err != nil {
		return nil, err
	}
	go func() {
		a.err = a.process.Wait()
		_ = write.Close()
		close(a.ended)
	}()

	text := make([]byte, 16<<10)
	n, err := read.Read(text)    // printed when it listens
	go io.Copy(io.Discard, read) //nolint:errcheck // the rest is not needed
	if a.url = listening.FindString(string(text[:n])); a.url == "" {
		a.kill()
		return nil, errors.Join(err, fmt.Errorf("the application does not print its address: %s%s", text[:n], a.log))
	}
	if found := apiKey.FindSubmatch(text[:n]); found != nil {
		a.key = string(found[1])
	}
	greeting, _, _ := strings.Cut(string(text[:n]), "\n")
	t.show(greeting)
	return a, nil
}

// interrupt stops the application as Ctrl-C does, and returns its log.
func (a *app) interrupt() (string, error) {
	if err := a.process.Process.Signal(os.Interrupt); err != nil {
		return "", err
	}
	select {
	case <-a.ended:
		return a.log.String(), a.err
	case <-time.After(stopWithin):
		return "", fmt.Errorf("has not stopped within %v", stopWithin)
	}
}

// kill ends the application if it still runs, and waits for its end.
func (a *app) kill() {
	_ = a.process.Process.Kill() // fails if it has ended already
	<-a.ended
}
