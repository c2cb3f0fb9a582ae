package pgstore

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/stores/sqlstore"
)

// Options say where in the database the state is. Only App is required.
type Options struct {
	// App, Schema and Prefix are those of [sqlstore.Options].
	App, Schema, Prefix string
	// Name is what messages call the database; it is shown, so it holds no password. ""
	// means host and database, as "postgres://db/shop".
	Name string
	// Poll is the time between two reads of a gate while notifications are not sure to
	// arrive. Zero means a second. While they are, it is 15 seconds, or Poll if that is
	// longer.
	Poll time.Duration
	// ListenURL is where the listening connection goes, past a pooler. "" means the same
	// place as everything else.
	ListenURL string
}

// Store is a [core.Store], [core.Fleet], [core.Subscriber], [core.Pacer], [core.Pusher] and
// [core.Journal] in PostgreSQL. It is safe for concurrent use, by goroutines and by processes. Migrate,
// Commit and what else it does not define here is that of [sqlstore.Store].
type Store struct {
	*sqlstore.Store

	app     string
	db      *sql.DB
	pool    *pgxpool.Pool
	ownPool bool
	listen  *pgx.ConnConfig
	before  func(context.Context, *pgx.ConnConfig) error // of the pool; may be nil
	dials   *dials                                       // of the listening connection, and of our own pool
	pace    pace
	push    push

	ctx       context.Context //nolint:containedctx // ends with Close
	cancel    context.CancelFunc
	following sync.WaitGroup // the listening connection
	leftovers sync.WaitGroup // what pgx does in the background after it has given a session up
	once      sync.Once
}

var (
	_ core.Store      = (*Store)(nil)
	_ core.Fleet      = (*Store)(nil)
	_ core.Subscriber = (*Store)(nil)
	_ core.Pacer      = (*Store)(nil)
	_ core.Pusher     = (*Store)(nil)
	_ core.Journal    = (*Store)(nil)
)

const (
	poolSize       = 4               // a read, an operator's write, a report, and one to spare
	connectTimeout = 5 * time.Second // where the URL names none
)

// Open returns a store on a small pool of its own. url is a URL or a list of settings, as
// pgx reads them. Nothing is connected, so that a process can start while the database is
// away. The error is a [*core.FieldError], and shows no password.
func Open(url string, o Options) (*Store, error) {
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, &core.FieldError{Field: "url", Problem: err.Error()} // pgx blots the password out
	}
	d := newDials(cfg.ConnConfig.DialFunc)
	cfg.ConnConfig.DialFunc = d.dial
	cfg.MaxConns, cfg.MinConns, cfg.MinIdleConns = poolSize, 0, 0
	// A dead connection costs a second attempt, not a ping before every read.
	cfg.ShouldPing = func(context.Context, pgxpool.ShouldPingParams) bool { return false }
	if cfg.ConnConfig.ConnectTimeout == 0 {
		cfg.ConnConfig.ConnectTimeout = connectTimeout
	}
	if cfg.ConnConfig.RuntimeParams["application_name"] == "" {
		cfg.ConnConfig.RuntimeParams["application_name"] = "downtime"
	}
	// The pool connects only when asked to.
	pool, err := pgxpool.NewWithConfig(context.Background(), cfg)
	if err != nil {
		return nil, &core.FieldError{Field: "url", Problem: err.Error()}
	}
	s, err := newStore(pool, o, d)
	if err != nil {
		pool.Close()
		return nil, err
	}
	s.ownPool = true
	return s, nil
}

// New returns a store on the caller's pool, which stays the caller's. The pool's way of
// executing statements does not matter. The listening connection is made as the pool makes
// its own, with its BeforeConnect, and is not one of it. See [Open] for the rest.
func New(pool *pgxpool.Pool, o Options) (*Store, error) {
	if pool == nil {
		return nil, &core.FieldError{Field: "pool", Problem: "is nil"}
	}
	return newStore(pool, o, nil)
}

func newStore(pool *pgxpool.Pool, o Options, d *dials) (*Store, error) {
	cfg := pool.Config()
	listen, before := cfg.ConnConfig, cfg.BeforeConnect
	if o.ListenURL != "" {
		var err error
		if listen, err = pgx.ParseConfig(o.ListenURL); err != nil {
			return nil, &core.FieldError{Field: "ListenURL", Problem: err.Error()}
		}
		before = nil
	}
	if o.Name == "" {
		o.Name = "postgres://" + cfg.ConnConfig.Host + "/" + cfg.ConnConfig.Database
	}
	db := stdlib.OpenDBFromPool(pool)
	inner, err := sqlstore.New(db, sqlstore.PostgreSQL, sqlstore.Options{
		App: o.App, Schema: o.Schema, Prefix: o.Prefix, Name: o.Name, Poll: o.Poll,
		Args: []any{pgx.QueryExecModeExec}, // no statement is prepared, so that any session will do
	})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	s := &Store{Store: inner, app: o.App, db: db, pool: pool, listen: listen, before: before, pace: defaultPace}
	switch {
	case d == nil:
		d = newDials(listen.DialFunc)
		listen.DialFunc = d.dial
	case o.ListenURL != "":
		d.also = newDials(listen.DialFunc)
		listen.DialFunc = d.also.dial
	}
	s.dials = d
	if listen.RuntimeParams["application_name"] == "" {
		listen.RuntimeParams["application_name"] = "downtime"
	}
	listen.OnNotification = nil // it would keep them from us
	listen.BuildContextWatcherHandler = deadlines
	s.push.init(inner.PollInterval(), &s.pace)
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s, nil
}

// Close ends the listening connection, and the pool if it is the store's own, and waits
// until nothing runs any more. It is idempotent. Reads and writes fail afterwards.
func (s *Store) Close() error {
	s.once.Do(func() {
		s.push.close()
		s.cancel()
		s.following.Wait() // which says goodbye to the server
		s.dials.close()
		s.leftovers.Wait()
		_ = s.db.Close() // it holds no connection of its own
		if s.ownPool {
			s.pool.Close()
		}
	})
	return nil
}

// Load is that of [sqlstore.Store], tried again where a connection was dead already. What a
// poll finds new is owed by the listening session.
func (s *Store) Load(ctx context.Context, have core.Mark) (core.State, error) {
	state, err := s.Store.Load(ctx, have)
	if s.stale(ctx, err) {
		state, err = s.Store.Load(ctx, have)
	}
	if err == nil && have != (core.Mark{}) {
		s.push.found.Store(&written{state.Mark.StoreID, state.Mark.Revision})
	}
	return state, err
}

// Report is that of [sqlstore.Store], tried again where a connection was dead already.
func (s *Store) Report(ctx context.Context, row core.Instance, lease time.Duration) (core.Mark, time.Time, error) {
	mark, at, err := s.Store.Report(ctx, row, lease)
	if s.stale(ctx, err) {
		mark, at, err = s.Store.Report(ctx, row, lease)
	}
	return mark, at, err
}

// Entries is that of [sqlstore.Store], tried again where a connection was dead already.
func (s *Store) Entries(ctx context.Context, limit int) ([]core.Entry, error) {
	entries, err := s.Store.Entries(ctx, limit)
	if s.stale(ctx, err) {
		entries, err = s.Store.Entries(ctx, limit)
	}
	return entries, err
}

// stale reports whether err is about a connection that had ended before it was used, as
// all have after a restart of the server: not worth a word that the store is lost.
func (s *Store) stale(ctx context.Context, err error) bool {
	if err == nil || ctx.Err() != nil || s.ctx.Err() != nil ||
		errors.Is(err, core.ErrUnchanged) || errors.Is(err, core.ErrLost) || errors.Is(err, core.ErrReadOnly) {
		return false
	}
	if answer, ok := errors.AsType[*pgconn.PgError](err); ok {
		const shutdown, connection = "57P", "08"
		if !strings.HasPrefix(answer.Code, shutdown) && !strings.HasPrefix(answer.Code, connection) {
			return false
		}
	} else if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return false // it was a new one
	}
	if s.ownPool {
		s.pool.Reset()
	}
	return true
}
