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
// decoded, and prepares no answers. It writes a row only for a barrier. A thousand real machines do this on processors
// of their own.
type simulated struct {
	store  store.Store
	cancel context.CancelFunc
	group  sync.WaitGroup
	hint   chan struct{}

	// One goroutine uses these.
	have store.Token
	row  *simulatedRow // nil if it keeps none

	mu    sync.Mutex
	down  bool
	close chan struct{} // closed while it refuses
}

// newSimulated returns when the first read has succeeded.
func newSimulated(ctx context.Context, st store.Store, reports bool) (*simulated, error) {
	ctx, cancel := context.WithCancel(ctx)
	m := &simulated{store: st, cancel: cancel, hint: make(chan struct{}, 1), close: make(chan struct{})}
	if rows, ok := st.(store.Rows); ok && reports {
		m.row = newSimulatedRow(rows)
		if err := m.row.put(ctx, content{}); err != nil {
			cancel()
			return nil, err
		}
	}
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
		case <-m.row.due():
			if m.row.put(ctx, decoded.get()) != nil {
				m.row.news(retry)
			}
			continue
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
	read, err := decoded.of(blob)
	if err != nil {
		return err
	}
	m.have = blob.Token
	m.row.news(newsDelay + rand.N(newsSpread))
	down := read.down
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
	mu    sync.Mutex
	token store.Token
	content
}

// content is the part of a document that a simulated instance uses.
type content struct {
	down bool
	mark period.Mark
	ids  []string // of the periods in force
}

func (d *decoding) get() content {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.content
}

func (d *decoding) of(blob store.Blob) (content, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.token != blob.Token {
		doc, err := period.Decode(blob.Bytes)
		if err != nil {
			return content{}, err
		}
		d.token, d.content = blob.Token, content{down: period.At(doc.Periods, blob.Now).Down, mark: doc.Mark()}
		for _, p := range doc.InForce(blob.Now) {
			d.ids = append(d.ids, p.ID)
		}
	}
	return d.content, nil
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
