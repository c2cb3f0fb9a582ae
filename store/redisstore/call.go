package redisstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/redis/go-redis/v9"
)

// closeTime is how long Close waits for calls that their callers have abandoned.
const closeTime = 10 * time.Second

var errClosed = errors.New("the store is closed")

// Close ends the subscription and all calls, and waits for their goroutines. If the client is
// stuck for more than 10 seconds, Close returns an error. After Close no subscriber is
// woken, and calls return errors. The client stays open. Close is idempotent.
func (s *Store) Close() error { return s.close() }

func (s *Store) shutdown() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.hints.Close()
	s.cancel()
	done := make(chan struct{})
	go func() {
		s.running.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-time.After(closeTime):
		return fmt.Errorf("%s: closed, but the client still waits for the server after %v; its ReadTimeout ends that", s.name, closeTime)
	}
}

// start runs f on a goroutine that Close waits for. It returns false if the store is closed.
func (s *Store) start(f func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.running.Go(f)
	return true
}

// call runs f. It returns when ctx ends, even if f still runs: a client obeys a deadline only
// with some options, and never obeys a cancellation.
func call[T any](ctx context.Context, s *Store, f func(ctx context.Context) (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	var none T
	if err := ctx.Err(); err != nil {
		return none, fmt.Errorf("%s: %w", s.name, err)
	}
	answer := make(chan result, 1)
	started := s.start(func() {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(s.ctx, cancel)()
		var r result
		defer func() { answer <- r }()
		defer func() {
			if p := recover(); p != nil {
				r.err = fmt.Errorf("the client panicked: %v", p)
			}
		}()
		r.value, r.err = f(ctx)
	})
	if !started {
		return none, fmt.Errorf("%s: %w", s.name, errClosed)
	}
	select {
	case r := <-answer:
		if r.err != nil {
			s.lookAround(r.err)
			return none, s.explain(ctx, r.err)
		}
		return r.value, nil
	case <-ctx.Done():
		s.lookAround(ctx.Err())
		return none, fmt.Errorf("%s: no answer: %w", s.name, ctx.Err())
	case <-s.ctx.Done():
		return none, fmt.Errorf("%s: %w", s.name, errClosed)
	}
}

// lookAround makes a cluster's client find the present primary, unless err is an answer of a
// node. go-redis itself asks only when a node redirects it, and otherwise once a minute, even if
// the node is dead. lookAround does not wait.
func (s *Store) lookAround(err error) {
	cluster, ok := s.client.(*redis.ClusterClient)
	if _, answered := errors.AsType[redis.Error](err); ok && !answered && s.ctx.Err() == nil {
		cluster.ReloadState(s.ctx)
	}
}

// explain adds the store's name to err, and the context's error if ctx ended.
func (s *Store) explain(ctx context.Context, err error) error {
	if ctxErr := ctx.Err(); ctxErr != nil && !errors.Is(err, ctxErr) {
		return fmt.Errorf("%s: %w: %w", s.name, ctxErr, err)
	}
	for _, word := range []string{"NOPERM", "WRONGPASS", "NOAUTH"} {
		if redis.HasErrorPrefix(err, word) {
			return fmt.Errorf("%s: %w: %w", s.name, fs.ErrPermission, err)
		}
	}
	return fmt.Errorf("%s: %w", s.name, err)
}
