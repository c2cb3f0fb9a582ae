package pgstore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// ErrPooler means that a connection leads to a pooler. The next statement can reach another session
// there, which does not hold the lock.
var ErrPooler = errors.New("the connection goes through a pooler, such as PgBouncer; an advisory lock needs a connection to the server itself")

// Times of a lock that is held.
type lockPace struct {
	look   time.Duration // between two looks at the sessions that hold the lock
	beat   time.Duration // between two questions to the session that holds it
	answer time.Duration // deadline of their answers
}

var defaultLockPace = lockPace{look: time.Second, beat: 5 * time.Second, answer: 5 * time.Second}

// Exclusive is a session of the server that takes a [Lock] alone. Its methods are for one goroutine,
// except Lost and Err.
type Exclusive struct {
	lock Lock
	cfg  *pgx.ConnConfig
	conn *pgx.Conn
	pace lockPace

	stop    context.CancelFunc // ends watch; nil while the lock is not held
	watched sync.WaitGroup
	lost    context.Context         //nolint:containedctx // ends when the lock is lost
	lose    context.CancelCauseFunc // records that the lock was lost, and why
}

// Connect opens a session of its own for the migration, and takes nothing yet. url is a URL or a
// list of settings, as for [Open]. It must name the database in which the writers share the lock.
//
// Connect returns [ErrPooler] if the session is not the server's. The test is exact: the server
// names the session twice, when the session begins and as the answer to a statement. A pooler
// invents the first name, because it has no session for the client yet. PgBouncer does so in each
// of its modes, so a pooler in session mode is refused too. A fault of url is a
// [*store.FieldError]. The caller must call Release.
func (l Lock) Connect(ctx context.Context, url string) (*Exclusive, error) {
	cfg, err := parse("url", url)
	if err != nil {
		return nil, err
	}
	x := &Exclusive{lock: l, cfg: cfg.ConnConfig, pace: defaultLockPace}
	x.lost, x.lose = context.WithCancelCause(context.Background())
	x.cfg.BuildContextWatcherHandler = deadlines
	x.cfg.DefaultQueryExecMode = pgx.QueryExecModeExec // a pooler must answer too, so that it can be named
	nameSession(x.cfg, "downtime lock")
	if x.conn, err = pgx.ConnectConfig(ctx, x.cfg); err != nil {
		return nil, fmt.Errorf("%v: %w", x, err)
	}
	if err := x.prepare(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("%v: %w", x, err), x.Release(ctx))
	}
	return x, nil
}

// prepare checks that the session is one of a primary server, and removes its time-outs.
func (x *Exclusive) prepare(ctx context.Context) error {
	var (
		pid     uint32
		standby bool
	)
	switch err := x.conn.QueryRow(ctx, "SELECT pg_backend_pid(), pg_is_in_recovery()").Scan(&pid, &standby); {
	case err != nil:
		return err
	case pid != x.conn.PgConn().PID():
		return ErrPooler
	case standby:
		return errors.New("the server is a standby, whose locks stop no writer")
	}
	// The names of these settings depend on the version.
	const unlimited = "SELECT set_config(name, '0', false) FROM pg_settings WHERE name IN ('statement_timeout', 'lock_timeout', 'idle_session_timeout', 'transaction_timeout')"
	if _, err := x.conn.Exec(ctx, unlimited); err != nil {
		return err
	}
	// The server ends the session of a process or a machine that died. Some systems lack these
	// settings, and the lock does without them.
	for _, setting := range []string{"client_connection_check_interval = 1000", "tcp_keepalives_idle = 10", "tcp_keepalives_interval = 5", "tcp_keepalives_count = 3"} {
		_, err := x.conn.Exec(ctx, "SET "+setting)
		if _, refused := errors.AsType[*pgconn.PgError](err); err != nil && !refused {
			return err
		}
	}
	return nil
}

// String names the lock and its database, without a password.
func (x *Exclusive) String() string {
	return fmt.Sprintf("lock %q (%d) of postgres://%s/%s", x.lock.name, x.lock.key, x.cfg.Host, x.cfg.Database)
}

// Acquire waits until the session has the lock: all transactions that share it have ended, and new
// ones wait. While it waits, it calls waiting about once a second with the holders of the lock, and
// for how long the transaction of each one runs; 0 if this user may not see that. waiting may be
// nil. Acquire is called at most once. After an error the lock is not held. An error after the
// deadline of ctx names the holders.
func (x *Exclusive) Acquire(ctx context.Context, waiting func(holders map[string]time.Duration)) error {
	if deadline, ok := ctx.Deadline(); ok { // the server ends the wait, and the session remains
		if _, err := x.conn.Exec(ctx, "SET lock_timeout = "+lockTimeout(deadline)); err != nil {
			return fmt.Errorf("%v: %w", x, err)
		}
	}
	taken := make(chan error, 1)
	go func() {
		_, err := x.conn.Exec(ctx, "SELECT pg_advisory_lock($1)", x.lock.key)
		taken <- err
	}()
	look := time.NewTicker(x.pace.look)
	defer look.Stop()
	for {
		select {
		case err := <-taken:
			if err != nil {
				return x.notTaken(ctx, err)
			}
			x.hold()
			return nil
		case <-look.C:
			if holders, err := x.holders(ctx); err == nil && waiting != nil {
				waiting(holders)
			}
		}
	}
}

// notTaken is the error of Acquire.
func (x *Exclusive) notTaken(ctx context.Context, err error) error {
	if refusal, ok := errors.AsType[*pgconn.PgError](err); ok && refusal.Code == lockNotAvailable {
		holders, _ := x.holders(context.WithoutCancel(ctx)) // none are named if it fails
		if who := slices.Sorted(maps.Keys(holders)); len(who) > 0 {
			err = errors.New("not free in time: held by " + strings.Join(who, "; "))
		}
	}
	return fmt.Errorf("%v: %w", x, err)
}

const (
	lockNotAvailable = "55P03" // the code of an error after lock_timeout

	// ofLock selects the rows of pg_locks that are about the lock $1.
	ofLock = "l.locktype = 'advisory' AND l.granted AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())" +
		" AND l.classid = (($1::bigint >> 32) & 4294967295)::oid AND l.objid = ($1::bigint & 4294967295)::oid AND l.objsubid = 1"

	whoHolds = "SELECT COALESCE('pid ' || l.pid || COALESCE(', application \"' || NULLIF(a.application_name, '') || '\"', '') ||" +
		" COALESCE(', user ' || a.usename, '') || COALESCE(', ' || a.state, ''), 'a prepared transaction')," +
		" COALESCE(EXTRACT(EPOCH FROM clock_timestamp() - a.xact_start), 0)::float8" +
		" FROM pg_locks l LEFT JOIN pg_stat_activity a USING (pid) WHERE " + ofLock
)

// holders returns the sessions that hold the lock, by a short session of its own.
func (x *Exclusive) holders(ctx context.Context) (map[string]time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, x.pace.answer)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, x.cfg)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close(ctx) }() // it was only read
	rows, err := conn.Query(ctx, whoHolds, x.lock.key)
	if err != nil {
		return nil, err
	}
	holders := map[string]time.Duration{}
	var (
		who   string
		lasts float64
	)
	_, err = pgx.ForEachRow(rows, []any{&who, &lasts}, func() error {
		holders[who] = time.Duration(lasts * float64(time.Second))
		return nil
	})
	return holders, err
}

// hold begins to watch the session.
func (x *Exclusive) hold() {
	ctx, cancel := context.WithCancel(context.Background())
	x.stop = cancel
	x.watched.Go(func() {
		if err := x.watch(ctx); err != nil {
			x.lose(fmt.Errorf("%v was lost: %w", x, err))
		}
	})
}

// watch returns an error when the lock is lost, and nil after the end of ctx. The session's end is
// read at once. A server that cannot be reached is noticed by the next question.
func (x *Exclusive) watch(ctx context.Context) error {
	for {
		idle, cancel := context.WithTimeout(ctx, x.pace.beat)
		err := x.conn.PgConn().WaitForNotification(idle)
		waited := idle.Err() != nil && !x.conn.IsClosed()
		cancel()
		if err != nil && !waited {
			return err
		}
		if ctx.Err() != nil {
			return nil //nolint:nilerr // Release has ended the wait
		}
		if err := x.ask(context.WithoutCancel(ctx), "SELECT pg_backend_pid() = $2 AND EXISTS (SELECT FROM pg_locks l WHERE "+ofLock+
			" AND l.mode = 'ExclusiveLock' AND l.pid = $2)", x.lock.key, int64(x.conn.PgConn().PID())); err != nil {
			return err
		}
	}
}

// ask returns an error unless the session answers the question with true.
func (x *Exclusive) ask(ctx context.Context, question string, args ...any) error {
	ctx, cancel := context.WithTimeout(ctx, x.pace.answer)
	defer cancel()
	var held bool
	err := x.conn.QueryRow(ctx, question, args...).Scan(&held)
	if err == nil && !held {
		err = errors.New("the session does not hold it any more")
	}
	return err
}

// Lost returns a channel that is closed when the lock is lost: its session has ended, or the server
// does not answer.
func (x *Exclusive) Lost() <-chan struct{} { return x.lost.Done() }

// Err returns why the lock was lost; nil while it is not known to be lost.
func (x *Exclusive) Err() error { return context.Cause(x.lost) }

// Release gives the lock back, if the session has it, and ends the session. It returns nil only if
// the session has held the lock from the return of Acquire until now, or never had it: a lock ends
// with its session, and the session itself answers that it gives the lock back. A second Release has
// no effect, and returns the same.
func (x *Exclusive) Release(ctx context.Context) error {
	if x.stop != nil {
		x.stop()
		x.watched.Wait()
		x.stop = nil
		if x.Err() == nil {
			if err := x.ask(ctx, "SELECT pg_advisory_unlock($1)", x.lock.key); err != nil {
				x.lose(fmt.Errorf("%v was lost: %w", x, err))
			}
		}
	}
	ctx, cancel := context.WithTimeout(ctx, x.pace.answer)
	defer cancel()
	_ = x.conn.Close(ctx) // the session is not used any more
	select {
	case <-x.conn.PgConn().CleanupDone(): // pgx has told the server to end a statement
	case <-ctx.Done():
	}
	return x.Err()
}
