package pgstore

import (
	"context"
	cryptorand "crypto/rand"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/go-downtime/downtime/store"
)

var (
	errNotDelivered = errors.New("notifications do not arrive, as through a pooler in transaction mode (PgBouncer); " +
		"polling instead; set ListenURL to the server itself")
	errMissed = errors.New("the notification of a write did not arrive")
	errDeaf   = errors.New("the session does not listen any more")
)

// remembered is how many announced tokens a session remembers. There are fewer writes than
// this between a poll and the heartbeat after it.
const remembered = 100

// session is one listening connection.
type session struct {
	s     *Store
	conn  *pgx.Conn
	own   string        // the channel of the self-test
	began time.Time     // every later write must be announced
	told  []store.Token // the last tokens that were announced, and the one at began
	owed  store.Token   // a poll found it and it was not announced; "" means none
	until time.Time     // the deadline of that notification
	next  time.Time     // of the next heartbeat
}

// session subscribes, makes the subscribers read, and then follows until a test fails.
// The pause is zero unless notifications do not arrive. The error is not nil.
func (s *Store) session() (healthy, pause time.Duration, err error) {
	ctx, cancel := context.WithTimeout(s.ctx, s.hints.Pace.Connect)
	defer cancel()
	cfg := s.listen.Copy()
	if s.before != nil {
		if err := s.before(ctx, cfg); err != nil {
			return 0, 0, fmt.Errorf("before connecting: %w", err)
		}
	}
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return 0, 0, fmt.Errorf("connect: %w", err)
	}
	defer s.end(conn)
	l := &session{s: s, conn: conn, own: "downtime_self_" + strings.ToLower(cryptorand.Text())}
	// Without arguments pgx uses the simple protocol, which takes two statements at once.
	if _, err := conn.Exec(ctx, "LISTEN "+pgx.Identifier{s.Channel()}.Sanitize()+"; LISTEN "+pgx.Identifier{l.own}.Sanitize()); err != nil {
		return 0, 0, fmt.Errorf("listen: %w", err)
	}
	token, err := l.ask()
	if err != nil {
		return 0, 0, err
	}
	l.began = time.Now()
	l.announced(token)
	s.hints.Wake()
	if err = l.test(); errors.Is(err, errNotDelivered) {
		pause = s.retest/2 + rand.N(s.retest) //nolint:gosec // it spreads load, and is no secret
	}
	if err != nil {
		return 0, pause, err
	}
	s.hints.Report(true, "notifications arrive")
	since := time.Now()
	err = l.follow()
	return time.Since(since), 0, err
}

// end closes the connection. Close of the store waits for the goroutines of pgx that remain.
func (s *Store) end(conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.ctx), s.hints.Pace.Answer)
	defer cancel()
	_ = conn.Close(ctx) // the connection is not used any more
	s.leftovers.Go(func() { <-conn.PgConn().CleanupDone() })
}

// test sends a notification to this session, through the pool as a writer does.
func (l *session) test() error {
	ctx, cancel := context.WithTimeout(l.s.ctx, l.s.hints.Pace.Answer)
	defer cancel()
	if _, err := l.s.pool.Exec(ctx, "SELECT pg_notify($1, '')", pgx.QueryExecModeExec, l.own); err != nil {
		return fmt.Errorf("send a notification for the self-test: %w", err)
	}
	deadline := time.Now().Add(l.s.hints.Pace.Answer)
	for {
		n, err := l.wait(deadline)
		switch {
		case err != nil:
			return err
		case n == nil:
			return errNotDelivered
		case n.Channel == l.own:
			return nil
		}
		l.heard(n)
	}
}

// follow passes notifications on, sends heartbeats, and waits for owed notifications.
func (l *session) follow() error {
	l.next = time.Now().Add(l.s.hints.Pace.Heartbeat)
	for {
		deadline := l.next
		if l.owed != "" && l.until.Before(deadline) {
			deadline = l.until
		}
		n, err := l.wait(deadline)
		switch {
		case err != nil:
			return err
		case n != nil:
			l.heard(n)
			continue
		case l.owed != "" && !time.Now().Before(l.until):
			l.s.missed.Add(1)
			return errMissed
		}
		if !time.Now().Before(l.next) {
			if err := l.heartbeat(); err != nil {
				return err
			}
		}
	}
}

// wait returns the next notification, or nil after deadline.
func (l *session) wait(deadline time.Time) (*pgconn.Notification, error) {
	ctx, cancel := context.WithDeadline(l.s.ctx, deadline)
	defer cancel()
	n, err := l.conn.WaitForNotification(ctx)
	switch {
	case err == nil:
		return n, nil
	case l.s.ctx.Err() == nil && ctx.Err() != nil && !l.conn.IsClosed():
		return nil, nil
	}
	return nil, fmt.Errorf("wait for notifications: %w", err)
}

// heard wakes the subscribers, also if the payload is not a token.
func (l *session) heard(n *pgconn.Notification) {
	if n.Channel != l.s.Channel() {
		return
	}
	l.announced(store.Token(n.Payload))
	l.s.hints.Wake()
}

// announced remembers a token. Tokens have no order, so the session remembers several: a
// poll may find a write that another one has replaced since.
func (l *session) announced(t store.Token) {
	if len(l.told) == remembered {
		l.told = slices.Delete(l.told, 0, 1)
	}
	l.told = append(l.told, t)
	if l.owed == t {
		l.owed = ""
	}
}

// heartbeat demands an answer to a Sync of the protocol. It executes no statement, so no lock
// and no load can delay it. Then it looks at the change that a poll found: its notification
// may be on its way.
func (l *session) heartbeat() error {
	ctx, cancel := context.WithTimeout(l.s.ctx, l.s.hints.Pace.Answer)
	defer cancel()
	p := l.conn.PgConn().StartPipeline(ctx)
	if err := errors.Join(p.Sync(), p.Close()); err != nil {
		return fmt.Errorf("no answer from the listening session: %w", err)
	}
	l.next = time.Now().Add(l.s.hints.Pace.Heartbeat)
	if f := l.s.found.Swap(nil); f != nil && f.began.After(l.began) && !slices.Contains(l.told, f.token) {
		l.owed, l.until = f.token, time.Now().Add(l.s.hints.Pace.Answer)
	}
	return nil
}

// ask checks that the session listens, and returns the document's token. The token is empty if
// the document does not exist or cannot be read: a poll reports that.
func (l *session) ask() (store.Token, error) {
	ctx, cancel := context.WithTimeout(l.s.ctx, l.s.hints.Pace.Answer)
	defer cancel()
	const listening = "SELECT (SELECT COUNT(*) FROM pg_listening_channels() c WHERE c IN ($1, $2))"
	var (
		channels int
		token    *string
	)
	err := l.conn.QueryRow(
		ctx, listening+", s.token FROM (SELECT 1) o LEFT JOIN "+l.s.StateTable()+" s ON s.app = $3",
		pgx.QueryExecModeExec, l.s.Channel(), l.own, l.s.app,
	).Scan(&channels, &token)
	if _, ok := errors.AsType[*pgconn.PgError](err); ok && !l.conn.IsClosed() {
		err = l.conn.QueryRow(ctx, listening, pgx.QueryExecModeExec, l.s.Channel(), l.own).Scan(&channels)
	}
	switch {
	case err != nil:
		return "", fmt.Errorf("no answer from the listening session: %w", err)
	case channels != 2:
		return "", errDeaf
	case token == nil:
		return "", nil
	}
	return store.Token(*token), nil
}
