package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/go-downtime/downtime/core"
)

// simulated is an instance as far as the store and the way to it are concerned: it
// subscribes, reads after each hint and at the store's pace, adopts what it finds, and
// refuses. It prepares no answers and keeps no row: a thousand machines do that on
// processors of their own.
type simulated struct {
	store  core.Store
	cancel context.CancelFunc
	group  sync.WaitGroup
	hint   chan struct{}

	mu    sync.Mutex
	mark  core.Mark
	down  bool
	close chan struct{} // closed while it refuses
}

// newSimulated returns when the first read has succeeded.
func newSimulated(ctx context.Context, st core.Store) (*simulated, error) {
	ctx, cancel := context.WithCancel(ctx)
	m := &simulated{store: st, cancel: cancel, hint: make(chan struct{}, 1), close: make(chan struct{})}
	unsubscribe := func() {}
	if s, ok := st.(core.Subscriber); ok {
		unsubscribe = s.Subscribe(func() {
			select {
			case m.hint <- struct{}{}:
			default:
			}
		})
	}
	if err := m.read(ctx); err != nil {
		unsubscribe()
		cancel()
		return nil, err
	}
	m.group.Go(func() {
		defer unsubscribe()
		m.follow(ctx)
	})
	return m, nil
}

func (m *simulated) follow(ctx context.Context) {
	timer := time.NewTimer(m.pause())
	defer timer.Stop()
	for {
		select {
		case <-m.hint:
		case <-timer.C:
		case <-ctx.Done():
			return
		}
		_ = m.read(ctx) // like a gate, it keeps what it has, and comes back
		timer.Reset(m.pause())
	}
}

// pause is until the next poll, spread as a gate's.
func (m *simulated) pause() time.Duration {
	interval := time.Second
	if p, ok := m.store.(core.Pacer); ok {
		interval = p.PollInterval()
	}
	return interval*4/5 + rand.N(interval*2/5)
}

const readTimeout = 2 * time.Second

func (m *simulated) read(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	state, err := m.store.Load(ctx, m.mark) // written by this goroutine only
	if errors.Is(err, core.ErrUnchanged) {
		return nil
	}
	if err != nil {
		return err
	}
	down := core.Judge(state.Document.Periods, state.Time).Down
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mark = state.Mark
	if down == m.down {
		return nil
	}
	if m.down = down; down {
		close(m.close)
	} else {
		m.close = make(chan struct{})
	}
	return nil
}

func (m *simulated) closing() <-chan struct{} {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.close
}

func (m *simulated) refuse() error {
	if m.open() {
		return errors.New("an instance that has closed is open")
	}
	return nil
}

func (m *simulated) open() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return !m.down
}

func (m *simulated) stop(context.Context) error {
	m.cancel()
	m.group.Wait()
	return nil
}
