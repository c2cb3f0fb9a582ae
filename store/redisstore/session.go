package redisstore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/go-downtime/downtime/store"
)

// session is one connection that listens. It ends at the first failure; the next session
// begins anew, with a test of itself and a read by every subscriber.
//
// Calls of the client run on goroutines of their own, because a client ignores the context while
// it connects. The session itself waits only for events and for its deadlines.
type session struct {
	store *Store
	ctx   context.Context //nolint:containedctx // of this session, made and ended with it
	group sync.WaitGroup

	events  chan any // *redis.Subscription, *redis.Message, *redis.Pong, tested or error
	pingers chan *redis.PubSub

	nonce     string // of the test
	confirmed int    // subscriptions
	echoed    bool   // the test's message came back
	up        bool   // the session works
	blind     bool   // the user may not publish: whether messages arrive is unknown
	since     time.Time
	asked     bool // a PING is not answered yet

	expects    time.Time     // from then on, a message must announce every new token; zero until the script was answered
	known      []store.Token // the one that the test read, and the last ones that were announced
	unexpected store.Token   // a poll found it, and its message has not come yet
}

// knownTokens is how many announced tokens a session remembers. A poll may find one that
// was replaced in the meantime.
const knownTokens = 16

// tested is the answer of the test's script: the server's token, or that the user may not publish.
type tested struct {
	token   store.Token
	refused error
}

var errNoAnswer = errors.New("no answer from the server")

// listen runs a session until it fails, and returns for how long it was healthy.
func (s *Store) listen() (healthy, pause time.Duration, err error) {
	ctx, cancel := context.WithCancel(s.ctx)
	l := &session{
		store: s, ctx: ctx, nonce: rand.Text(),
		events: make(chan any), pingers: make(chan *redis.PubSub, 1),
	}
	l.group.Go(l.receive)
	err = l.follow()
	if l.up {
		healthy = time.Since(l.since)
	}
	cancel()
	l.group.Wait()
	s.lookAround(err)
	return healthy, 0, fmt.Errorf("no messages: %w", err)
}

// receive connects and passes on all events. The last one is an error.
func (l *session) receive() {
	err := errors.New("the subscription ended")
	defer func() {
		if p := recover(); p != nil { // the client does not know the form of a reply
			err = fmt.Errorf("the client panicked: %v", p)
		}
		l.send(err)
	}()
	channels := []string{l.store.keys.changed, l.store.keys.test + l.nonce}
	ps := l.store.client.Subscribe(l.ctx, channels...) // it connects; Receive returns its error
	l.group.Go(func() {
		<-l.ctx.Done()
		_ = ps.Close() // ends Receive
	})
	l.pingers <- ps
	for l.ctx.Err() == nil { // after Close, Receive would connect again
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

// follow runs the session: subscribe, test, and then send heartbeats.
func (l *session) follow() error {
	p := l.store.hints.Pace
	deadline := time.NewTimer(p.Connect)
	defer deadline.Stop()
	overdue := time.NewTimer(p.Answer)
	defer overdue.Stop()
	overdue.Stop()
	heartbeat := time.NewTicker(p.Heartbeat)
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
				deadline.Reset(p.Answer)
				l.group.Go(l.test)
			case l.up && (!wasUp || pong):
				l.asked = false
				deadline.Stop()
			}
			if l.unexpected == "" {
				overdue.Stop()
			}
		case <-heartbeat.C:
			if l.up && !l.asked {
				l.asked = true
				deadline.Reset(p.Answer)
				l.group.Go(l.ping)
			}
		case <-deadline.C:
			switch {
			case l.up:
				return fmt.Errorf("%w to a PING in %v", errNoAnswer, p.Answer)
			case l.confirmed < 2:
				return fmt.Errorf("%w to SUBSCRIBE in %v", errNoAnswer, p.Connect)
			}
			return fmt.Errorf("a message to itself has not come back in %v: is there a proxy without pub/sub in between?", p.Answer)
		case r := <-l.store.reads:
			if l.up && !l.blind && r.began.After(l.expects) && l.unexpected == "" && !slices.Contains(l.known, r.token) {
				l.unexpected = r.token
				overdue.Reset(p.Answer)
			}
		case <-overdue.C:
			l.store.miss()
			return fmt.Errorf("a poll found a write that no message announced in %v", p.Answer)
		}
	}
}

// take handles one event. An error ends the session.
func (l *session) take(event any) error {
	switch e := event.(type) {
	case error:
		return e
	case *redis.Subscription:
		l.confirmed++
	case tested:
		l.expects = time.Now()
		l.know(e.token)
		if e.refused != nil {
			l.blind = true
			l.begin("subscribed, but this user cannot test whether messages arrive: " + e.refused.Error())
		}
	case *redis.Message:
		if e.Channel != l.store.keys.changed {
			l.echoed = l.echoed || e.Payload == l.nonce
			break
		}
		l.know(store.Token(e.Payload))
		l.store.hints.Wake()
	}
	if !l.expects.IsZero() && l.echoed && !l.up {
		l.begin("subscribed")
	}
	return nil
}

// begin says that the session works, and makes the subscribers read what they may have missed.
func (l *session) begin(note string) {
	l.up, l.since = true, time.Now()
	l.store.hints.Report(!l.blind, note)
	l.store.hints.Wake()
}

// know notes a token that needs no further message.
func (l *session) know(t store.Token) {
	if len(t) != len(store.TokenOf(nil)) {
		return // another program's message
	}
	l.known = append(l.known[max(0, len(l.known)-knownTokens+1):], t)
	if t == l.unexpected {
		l.unexpected = ""
	}
}

// test publishes to the session itself, as a write does, and reads the token. From then on, a
// message must announce every new token.
func (l *session) test() {
	ctx, cancel := context.WithTimeout(l.ctx, l.store.hints.Pace.Answer)
	defer cancel()
	keys := []string{l.store.keys.document}
	r, err := l.store.run(ctx, testScript, keys, l.store.keys.test+l.nonce, l.nonce)
	if err = readOnly(err); errors.Is(err, store.ErrReadOnly) {
		l.send(tested{refused: err})
		return
	}
	if err != nil {
		l.send(fmt.Errorf("message to itself: %w", err))
		return
	}
	l.send(tested{token: store.Token(r.text(0))})
}

// ping asks for a PONG on the listening connection. The session waits for the PONG, not
// for this call.
func (l *session) ping() {
	select {
	case ps := <-l.pingers:
		l.pingers <- ps
		_ = ps.Ping(l.ctx)
	case <-l.ctx.Done():
	}
}
