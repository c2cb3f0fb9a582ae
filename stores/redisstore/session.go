package redisstore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/go-downtime/downtime/core"
)

// session is one connection that listens. Nothing of it survives trouble: whatever happens,
// the next session begins anew, with a test of itself and a read by every subscriber.
//
// Everything that asks the client runs on goroutines of its own, because a client that is
// about to connect answers to nothing else; the session itself only ever waits for events
// and for its deadlines.
type session struct {
	store *Store
	ctx   context.Context //nolint:containedctx // of this session, made and ended with it
	group sync.WaitGroup

	events  chan any // *redis.Subscription, *redis.Message, *redis.Pong, tested or error
	pingers chan *redis.PubSub

	nonce      string // of the test
	confirmed  int    // subscriptions
	echoed     bool   // the test's message came back
	tested     bool   // the test's script was answered
	up         bool   // both: it works
	blind      bool   // we may not publish: messages may come, and nobody knows
	since      time.Time
	asked      bool        // by a PING that was not answered yet
	known      []core.Mark // what the test found, and the last that a message told of
	unexpected core.Mark   // a poll found it, and the message has not come yet
}

// tested is the answer of the test's script: what the server had before, or that we may not
// publish.
type tested struct {
	mark    core.Mark
	refused error
}

var errNoAnswer = errors.New("no answer from the server")

// session listens until something is wrong, and returns for how long it was healthy.
func (s *Store) session(parent context.Context) (healthy time.Duration, err error) {
	ctx, cancel := context.WithCancel(parent)
	l := &session{
		store: s, ctx: ctx, nonce: rand.Text(),
		events: make(chan any), pingers: make(chan *redis.PubSub, 1), known: make([]core.Mark, 2),
	}
	l.group.Go(l.receive)
	err = l.follow()
	if l.up {
		healthy = time.Since(l.since)
	}
	cancel()
	l.group.Wait()
	return healthy, err
}

// receive connects, and hands over everything that comes. Its end is an error event.
func (l *session) receive() {
	err := errors.New("the subscription ended")
	defer func() {
		if p := recover(); p != nil { // a reply of no form that the client knows
			err = fmt.Errorf("the client panicked: %v", p)
		}
		l.send(err)
	}()
	channels := []string{l.store.keys.changed, l.store.keys.test + l.nonce}
	ps := l.store.client.Subscribe(l.ctx, channels...) // it connects; an error shows in Receive
	l.group.Go(func() {
		<-l.ctx.Done()
		_ = ps.Close() // ends Receive
	})
	l.pingers <- ps
	for l.ctx.Err() == nil { // else it would connect again
		event, failed := ps.Receive(l.ctx)
		if failed != nil {
			err = failed
			return
		}
		l.send(event)
	}
}

func (l *session) send(event any) {
	select {
	case l.events <- event:
	case <-l.ctx.Done():
	}
}

// follow is the session's course: subscribed, tested, healthy, and then a heartbeat.
func (l *session) follow() error {
	p := l.store.pace
	deadline := time.NewTimer(p.connect)
	defer deadline.Stop()
	overdue := time.NewTimer(p.answer)
	defer overdue.Stop()
	overdue.Stop()
	heartbeat := time.NewTicker(p.heartbeat)
	defer heartbeat.Stop()
	for {
		select {
		case <-l.ctx.Done():
			return l.ctx.Err()
		case event := <-l.events:
			wasUp, wasConfirmed := l.up, l.confirmed
			if err := l.take(event); err != nil {
				return err
			}
			_, pong := event.(*redis.Pong)
			switch {
			case l.confirmed == 2 && wasConfirmed < 2:
				deadline.Reset(p.answer)
				l.group.Go(l.test)
			case l.up && (!wasUp || pong):
				l.asked = false
				deadline.Stop()
			}
			if l.unexpected == (core.Mark{}) {
				overdue.Stop()
			}
		case <-heartbeat.C:
			if l.up && !l.asked {
				l.asked = true
				deadline.Reset(p.answer)
				l.group.Go(l.ping)
			}
		case <-deadline.C:
			switch {
			case l.up:
				return fmt.Errorf("%w to a PING in %v", errNoAnswer, p.answer)
			case l.confirmed < 2:
				return fmt.Errorf("%w to SUBSCRIBE in %v", errNoAnswer, p.connect)
			}
			return fmt.Errorf("a message to oneself has not come back in %v: is there a proxy without pub/sub in between?", p.answer)
		case m := <-l.store.push.reads:
			if l.up && !l.blind && !l.told(m) {
				l.unexpected = m
				overdue.Reset(p.answer)
			}
		case <-overdue.C:
			l.store.push.miss()
			return fmt.Errorf("a poll found revision %d, and no message has told of it in %v", l.unexpected.Revision, p.answer)
		}
	}
}

// take notes one event. An error ends the session.
func (l *session) take(event any) error {
	switch e := event.(type) {
	case error:
		return e
	case *redis.Subscription:
		l.confirmed++
	case tested:
		l.tested, l.known[0] = true, e.mark
		if e.refused != nil {
			l.up, l.blind, l.since = true, true, time.Now()
			l.store.push.set(false, "subscribed, but nobody knows whether messages arrive: "+e.refused.Error())
			l.store.push.wakeAll()
		}
	case *redis.Message:
		if e.Channel != l.store.keys.changed {
			l.echoed = l.echoed || e.Payload == l.nonce
			break
		}
		if f := strings.Fields(e.Payload); len(f) == 3 {
			if m, ok := (reply{f[0], f[1], f[2]}).mark(0); ok {
				l.known[1] = m
			}
		}
		if l.told(l.unexpected) {
			l.unexpected = core.Mark{}
		}
		l.store.push.wakeAll()
	}
	if l.tested && l.echoed && !l.up {
		l.up, l.since = true, time.Now()
		l.store.push.set(true, "subscribed")
	}
	return nil
}

// told reports whether a message has told of m, or of what came after it.
func (l *session) told(m core.Mark) bool {
	for _, k := range l.known {
		if k.StoreID == m.StoreID && k.Revision >= m.Revision {
			return true
		}
	}
	return false
}

// test publishes to the session itself, as a write does it, and reads what there was
// before: whatever is written later must come with a message.
func (l *session) test() {
	ctx, cancel := context.WithTimeout(l.ctx, l.store.pace.answer)
	defer cancel()
	keys := []string{l.store.keys.document}
	r, err := l.store.run(ctx, testScript, keys, l.store.keys.test+l.nonce, l.nonce)
	if err = readOnly(err); errors.Is(err, core.ErrReadOnly) {
		l.send(tested{refused: err})
		return
	}
	if err != nil {
		l.send(fmt.Errorf("message to oneself: %w", err))
		return
	}
	mark, _ := r.mark(0)
	l.send(tested{mark: mark})
}

// ping asks for a PONG on the listening connection. Whether it comes decides, not what
// became of the asking.
func (l *session) ping() {
	select {
	case ps := <-l.pingers:
		l.pingers <- ps
		_ = ps.Ping(l.ctx)
	case <-l.ctx.Done():
	}
}
