package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"
)

// host is the test of the servers, whose package is written for tests. A failure ends the
// program.
type host struct {
	testing.TB // nil, because package testservers uses only the methods below

	ctx      context.Context //nolint:containedctx // a test has one, too
	cleanups []func()
	failed   bool
}

// failure is the value with which Fatal panics.
type failure struct{ error }

// hosted runs f with a host, and then its cleanups.
func hosted(ctx context.Context, f func(t *host) error) (err error) {
	t := &host{ctx: ctx}
	defer func() {
		if p := recover(); p != nil {
			failed, ok := p.(failure)
			if !ok {
				panic(p)
			}
			t.failed, err = true, failed.error
		}
		for _, cleanup := range slices.Backward(t.cleanups) {
			cleanup()
		}
	}()
	return f(t)
}

func (t *host) Context() context.Context { return t.ctx }
func (t *host) Helper()                  {}
func (t *host) Failed() bool             { return t.failed }
func (t *host) Cleanup(f func())         { t.cleanups = append(t.cleanups, f) }
func (t *host) Fatal(args ...any)        { panic(failure{errors.New(fmt.Sprint(args...))}) }
func (t *host) Skip(args ...any)         { t.Fatal(args...) }

func (t *host) Fatalf(format string, args ...any) {
	panic(failure{fmt.Errorf(format, args...)})
}

func (t *host) Logf(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

func (t *host) Errorf(format string, args ...any) {
	t.failed = true
	t.Logf(format, args...)
}
