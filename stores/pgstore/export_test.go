package pgstore

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// Quicken makes the store keep its times a hundredth as long, before anybody subscribes;
// only answers get as long as a busy machine needs.
func (s *Store) Quicken() {
	p := &s.pace
	p.heartbeat, p.answer = 100*time.Millisecond, time.Second
	p.backoffMin, p.backoffMax, p.settled, p.retest = time.Millisecond, 50*time.Millisecond, 600*time.Millisecond, 200*time.Millisecond
}

// Backoff is the longest pause after so many troubles, seen in n tries.
func Backoff(troubles, n int) (longest time.Duration) {
	for range n {
		longest = max(longest, defaultPace.backoff(troubles))
	}
	return longest
}

// AskDeaf asks a session that does not listen.
func (s *Store) AskDeaf(ctx context.Context) error {
	conn, err := pgx.ConnectConfig(ctx, s.listen)
	if err != nil {
		return err
	}
	defer s.end(conn)
	_, err = (&session{s: s, conn: conn, own: "own"}).ask()
	return err
}
