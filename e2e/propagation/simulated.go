package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

// simulated is the part of an instance that uses the store: it subscribes, reads after each hint
// and at the store's pace, and refuses. It does not decode a document that another one has
// decoded, prepares no answers and writes no row. A thousand real machines do this on processors
// of their own.
type simulated struct {
	store  store.Store
	cancel context.CancelFunc
	group  sync.WaitGroup
	hint   chan struct{}

	have store.Token // read and written by one goroutine

	mu    sync.Mutex
	down  bool
	close chan struct{} // closed while it refuses
}

// newSimulated returns when the first read has succeeded.
func newSimulated(ctx context.Context, st store.Store) (*simulated, error) {
	ctx, cancel := context.WithCancel(ctx)
	m := &simulated{store: st, cancel: cancel, hint: make(chan struct{}, 1), close: make(chan struct{})}
	unsubscribe := func() {}
	if h, ok := st.(store.Hinter); ok {
		unsubscribe = h.Subscribe(func() {
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
		next := m.pause()
		if m.read(ctx) != nil {
			next = retry // as a gate does
		}
		timer.Reset(next)
	}
}

// pause is the time until the next poll, spread as that of a gate.
func (m *simulated) pause() time.Duration {
	interval := m.store.Info().Poll
	return interval*4/5 + rand.N(interval*2/5)
}

const (
	readTimeout = 2 * time.Second
	retry       = 200 * time.Millisecond // after a failed read
)

func (m *simulated) read(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	blob, err := m.store.Get(ctx, m.have)
	if errors.Is(err, store.ErrUnchanged) {
		return nil
	}
	if err != nil {
		return err
	}
	down, err := decoded.down(blob)
	if err != nil {
		return err
	}
	m.have = blob.Token
	m.mu.Lock()
	defer m.mu.Unlock()
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

// decoded is the last document that a simulated instance has decoded. A fleet has only one, and
// its periods do not end by the clock.
var decoded decoding

type decoding struct {
	mu     sync.Mutex
	token  store.Token
	isDown bool
}

func (d *decoding) down(blob store.Blob) (bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.token != blob.Token {
		doc, err := period.Decode(blob.Bytes)
		if err != nil {
			return false, err
		}
		d.token, d.isDown = blob.Token, period.At(doc.Periods, blob.Now).Down
	}
	return d.isDown, nil
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
