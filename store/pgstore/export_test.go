package pgstore

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// Quicken divides the times of the store by about a hundred, before the first Subscribe. An
// answer gets the time that a busy machine needs.
func (s *Store) Quicken() {
	p := &s.hints.Pace
	p.Heartbeat, p.Answer = 100*time.Millisecond, time.Second
	p.BackoffMin, p.BackoffMax, p.Settled = time.Millisecond, 50*time.Millisecond, 600*time.Millisecond
	s.retest = 200 * time.Millisecond
}

// AskDeaf sends the question of a new session on a connection that does not listen.
func (s *Store) AskDeaf(ctx context.Context) error {
	conn, err := pgx.ConnectConfig(ctx, s.listen)
	if err != nil {
		return err
	}
	defer s.end(conn)
	_, err = (&session{s: s, conn: conn, own: "own"}).ask()
	return err
}

// Quicken divides the times of a lock, before Acquire.
func (x *Exclusive) Quicken() {
	x.pace = lockPace{look: 20 * time.Millisecond, beat: 50 * time.Millisecond, answer: 2 * time.Second}
}

// Forget gives the lock back without telling x.
func (x *Exclusive) Forget(ctx context.Context) error {
	x.stop()
	x.watched.Wait()
	if _, err := x.conn.Exec(ctx, "SELECT pg_advisory_unlock_all()"); err != nil {
		return err
	}
	x.hold()
	return nil
}
