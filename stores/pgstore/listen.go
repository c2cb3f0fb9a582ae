package pgstore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math"
	mathrand "math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/go-downtime/downtime/core"
)

var (
	errNotDelivered = errors.New("notifications do not arrive, as through a pooler in transaction mode (PgBouncer); " +
		"polling instead. Give the store a ListenURL that reaches the server itself")
	errMissed = errors.New("the notification of a write did not arrive")
	errDeaf   = errors.New("the session does not listen any more")
)

// follow keeps the listening connection, until Close.
func (s *Store) follow() {
	for trouble := 0; ; trouble++ {
		healthySince, err := s.session()
		if s.ctx.Err() != nil {
			return
		}
		s.push.set(false, err.Error())
		if !healthySince.IsZero() && time.Since(healthySince) >= s.pace.settled {
			trouble = 0
		}
		pause := s.pace.backoff(trouble)
		if errors.Is(err, errNotDelivered) {
			pause = s.pace.retest/2 + mathrand.N(s.pace.retest) //nolint:gosec // a spread, not a secret
		}
		select {
		case <-time.After(pause):
		case <-s.ctx.Done():
			return
		}
	}
}

// backoff is the pause after so many troubles in a row before this one: anything up to a
// limit that doubles, so that a fleet does not come back all at once.
func (p *pace) backoff(troubles int) time.Duration {
	limit := p.backoffMax
	if doubled := float64(p.backoffMin) * math.Pow(2, float64(troubles)); doubled < float64(limit) {
		limit = time.Duration(doubled)
	}
	return mathrand.N(limit) //nolint:gosec // a spread, not a secret
}

// session is one listening connection.
type session struct {
	s     *Store
	conn  *pgx.Conn
	own   string    // a channel that nobody else listens to
	seen  written   // the newest write that we know of
	owed  written   // a write whose notification has not come; zero: none
	until time.Time // for how long we wait for that
	next  time.Time // the next heartbeat
}

// written is what a notification tells of a write.
type written struct {
	storeID  string
	revision int64
}

// newer reports whether w is to be expected after old.
func (w written) newer(old written) bool {
	return w != (written{}) && (w.storeID != old.storeID || w.revision > old.revision)
}

// session subscribes, then has everybody read, and then follows for as long as it can see
// that everything works. healthySince is zero if that was never so. The error is not nil.
func (s *Store) session() (healthySince time.Time, err error) {
	ctx, cancel := context.WithTimeout(s.ctx, s.pace.connect)
	defer cancel()
	cfg := s.listen.Copy()
	if s.before != nil {
		if err := s.before(ctx, cfg); err != nil {
			return time.Time{}, fmt.Errorf("before connecting: %w", err)
		}
	}
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return time.Time{}, fmt.Errorf("connect: %w", err)
	}
	defer s.end(conn)
	l := &session{s: s, conn: conn, own: "downtime_self_" + strings.ToLower(rand.Text())}
	// Without arguments, this goes by the simple protocol.
	if _, err := conn.Exec(ctx, "LISTEN "+pgx.Identifier{s.Channel()}.Sanitize()+"; LISTEN "+pgx.Identifier{l.own}.Sanitize()); err != nil {
		return time.Time{}, fmt.Errorf("listen: %w", err)
	}
	mark, err := l.ask()
	if err != nil {
		return time.Time{}, err
	}
	l.seen = written{mark.StoreID, mark.Revision}
	s.push.wake()
	if err := l.test(); err != nil {
		return time.Time{}, err
	}
	s.push.set(true, "notifications arrive")
	return time.Now(), l.follow()
}

// end closes the connection, and sees to it that Close waits for what pgx leaves behind.
func (s *Store) end(conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.ctx), s.pace.answer)
	defer cancel()
	_ = conn.Close(ctx) // whatever is wrong with it, it is not used any more
	s.leftovers.Go(func() { <-conn.PgConn().CleanupDone() })
}

// test has another session notify this one.
func (l *session) test() error {
	ctx, cancel := context.WithTimeout(l.s.ctx, l.s.pace.answer)
	defer cancel()
	if _, err := l.s.pool.Exec(ctx, "SELECT pg_notify($1, '')", pgx.QueryExecModeExec, l.own); err != nil {
		return fmt.Errorf("notify ourselves: %w", err)
	}
	deadline := time.Now().Add(l.s.pace.answer)
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

// follow passes notifications on, and sees from time to time whether the session answers,
// and whether a poll has found a write that no notification has told of.
func (l *session) follow() error {
	l.next = time.Now().Add(l.s.pace.heartbeat)
	for {
		deadline := l.next
		if l.owed != (written{}) && l.until.Before(deadline) {
			deadline = l.until
		}
		n, err := l.wait(deadline)
		switch {
		case err != nil:
			return err
		case n != nil:
			l.heard(n)
			continue
		case l.owed != (written{}) && !time.Now().Before(l.until):
			l.s.push.missed.Add(1)
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

// heard takes a notification in. Whatever else comes by our channel is a hint all the same.
func (l *session) heard(n *pgconn.Notification) {
	if n.Channel != l.s.Channel() {
		return
	}
	id, revision, _ := strings.Cut(n.Payload, " ")
	if r, err := strconv.ParseInt(revision, 10, 64); err == nil {
		l.seen = written{id, r}
		if !l.owed.newer(l.seen) {
			l.owed = written{}
		}
	}
	l.s.push.wake()
}

// heartbeat demands an answer of the session: to a Sync of the protocol, which executes
// nothing, so that no lock, and no load of other statements, can delay it. What a poll has
// found is owed from now on: its notification may be under way.
func (l *session) heartbeat() error {
	ctx, cancel := context.WithTimeout(l.s.ctx, l.s.pace.answer)
	defer cancel()
	p := l.conn.PgConn().StartPipeline(ctx)
	if err := errors.Join(p.Sync(), p.Close()); err != nil {
		return fmt.Errorf("no answer from the listening session: %w", err)
	}
	l.next = time.Now().Add(l.s.pace.heartbeat)
	if w := l.s.push.found.Swap(nil); w != nil && w.newer(l.seen) {
		l.owed, l.until = *w, time.Now().Add(l.s.pace.answer)
	}
	return nil
}

// ask has the session say that it still listens, and what the document's mark is; zero if
// there is none, or if it cannot be read, which is for the poll to tell.
func (l *session) ask() (core.Mark, error) {
	ctx, cancel := context.WithTimeout(l.s.ctx, l.s.pace.answer)
	defer cancel()
	const listening = "SELECT (SELECT COUNT(*) FROM pg_listening_channels() c WHERE c IN ($1, $2))"
	var (
		channels         int
		storeID, writeID *string
		revision         *int64
	)
	err := l.conn.QueryRow(
		ctx, listening+", s.store_id, s.revision, s.write_id FROM (SELECT 1) o LEFT JOIN "+l.s.StateTable()+" s ON s.app = $3",
		pgx.QueryExecModeExec, l.s.Channel(), l.own, l.s.app,
	).Scan(&channels, &storeID, &revision, &writeID)
	if _, ok := errors.AsType[*pgconn.PgError](err); ok && !l.conn.IsClosed() {
		err = l.conn.QueryRow(ctx, listening, pgx.QueryExecModeExec, l.s.Channel(), l.own).Scan(&channels)
	}
	switch {
	case err != nil:
		return core.Mark{}, fmt.Errorf("no answer from the listening session: %w", err)
	case channels != 2:
		return core.Mark{}, errDeaf
	case storeID == nil || revision == nil || writeID == nil:
		return core.Mark{}, nil
	}
	return core.Mark{StoreID: *storeID, Revision: *revision, WriteID: *writeID}, nil
}
