package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"time"
)

// process is an instance, as its parent sees it.
type process struct {
	name  string
	url   *url.URL
	cmd   *exec.Cmd
	alive io.Closer     // its stdin: it stops when that ends
	asked atomic.Bool   // to stop, by us
	done  chan struct{} // closed when it has ended
	err   error         // then: how, if we have asked
}

// launch starts three instances, and returns when all of them listen.
func launch(ctx context.Context, store string, stderr io.Writer) ([]*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	var instances []*process
	for _, name := range []string{"a", "b", "c"} {
		p, err := start(ctx, self, name, store, stderr)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("instance %s: %w", name, err), stopAll(instances))
		}
		instances = append(instances, p)
	}
	return instances, nil
}

func start(ctx context.Context, self, name, store string, stderr io.Writer) (*process, error) {
	p := &process{name: name, done: make(chan struct{})}
	// It does not end with ctx, because it stops gracefully.
	p.cmd = exec.CommandContext(context.WithoutCancel(ctx), self, instanceCommand, "-name", name, "-store", store) //nolint:gosec // this program itself
	p.cmd.Stderr = stderr
	// The pipes' own goroutines of os/exec copy, so that Wait may be called at any time.
	address, says := io.Pipe()
	p.cmd.Stdout = says
	stdin, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	p.alive = stdin
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		err := p.cmd.Wait()
		if p.asked.Load() {
			p.err = err
		} else {
			fmt.Fprintf(stderr, "instance %s has ended: %v\n", name, p.cmd.ProcessState)
		}
		_ = says.Close()
		close(p.done)
	}()
	line, err := bufio.NewReader(address).ReadString('\n')
	if err == nil {
		p.url, err = url.Parse(strings.TrimSpace(line))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("does not say where it listens: %w", err), p.stop())
	}
	return p, nil
}

// stop stops the instance gracefully, and waits for its end.
func (p *process) stop() error {
	p.asked.Store(true)
	_ = p.alive.Close() // it has ended already if that fails
	select {
	case <-p.done:
	case <-time.After(stopTimeout + time.Second):
		_ = p.cmd.Process.Kill()
		<-p.done
	}
	if p.err != nil {
		return fmt.Errorf("instance %s: %w", p.name, p.err)
	}
	return nil
}

func stopAll(instances []*process) error {
	errs := make(chan error, len(instances))
	for _, p := range instances {
		go func() { errs <- p.stop() }()
	}
	var all []error
	for range instances {
		all = append(all, <-errs)
	}
	return errors.Join(all...)
}

// instanceCommand is the argument that makes this program one instance of the shop.
const instanceCommand = "instance"

// stopTimeout is how long everything may take to stop.
const stopTimeout = 15 * time.Second
