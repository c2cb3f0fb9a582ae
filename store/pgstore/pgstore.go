package pgstore

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/go-downtime/downtime/internal/wakes"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/sqlstore"
)

// Options say where in the database the state is. Only App is required.
type Options struct {
	// App, Schema and Prefix are those of [sqlstore.Options].
	App, Schema, Prefix string
	// Name names the database in messages. It must not hold a password. "" means host and
	// database: "postgres://db/shop".
	Name string
	// Poll is the time between two reads of one gate while notifications may not arrive. Zero
	// means 1 second. While they arrive it is 15 seconds, or Poll if that is longer.
	Poll time.Duration
	// ListenURL is the server for the listening connection, if the other connections go
	// through a pooler. "" means the same place as the others.
	ListenURL string
}

// Store is a [store.Store], [store.Rows], [store.Hinter] and [store.Preparer] in PostgreSQL. It
// is safe for concurrent use by goroutines and by processes. Swap, DeleteRow, Prepare and the
// other methods that it does not define are those of [sqlstore.Store].
type Store struct {
	*sqlstore.Store

	app     string
	db      *sql.DB
	pool    *pgxpool.Pool
	ownPool bool
	listen  *pgx.ConnConfig
	before  func(context.Context, *pgx.ConnConfig) error // BeforeConnect of the pool; may be nil
	dials   *dials                                       // of the listening connection, and of a pool of our own
	hints   wakes.Connection                             // the listening connection
	retest  time.Duration                                // mean pause after a self-test that failed
	missed  atomic.Int64                                 // see MissedPushes
	found   atomic.Pointer[found]                        // by the last poll that found a change; nil after the session took it

	ctx       context.Context //nolint:containedctx // ends with Close
	cancel    context.CancelFunc
	following sync.WaitGroup // the listening connection
	leftovers sync.WaitGroup // pgx ends abandoned sessions in the background
	once      sync.Once
}

var (
	_ store.Rows     = (*Store)(nil)
	_ store.Hinter   = (*Store)(nil)
	_ store.Preparer = (*Store)(nil)
)

const (
	poolSize       = 4               // a read, an operator's write, a row, and one more
	connectTimeout = 5 * time.Second // if the URL has none
)

// Open returns a store with a small connection pool of its own. url is a URL or a list of
// settings, as pgx reads them. Open does not connect, so a process can start while the
// database cannot be reached. The error is a [*store.FieldError] that names the setting and
// repeats nothing of url.
func Open(url string, o Options) (*Store, error) {
	cfg, err := parse("url", url)
	if err != nil {
		return nil, err
	}
	d := newDials()
	cfg.ConnConfig.DialFunc = d.by(cfg.ConnConfig.DialFunc)
	cfg.MaxConns, cfg.MinConns, cfg.MinIdleConns = poolSize, 0, 0
	// The pool sends no ping before a statement. After a dead connection the statement is sent a
	// second time, see stale.
	cfg.ShouldPing = func(context.Context, pgxpool.ShouldPingParams) bool { return false }
	cfg.ConnConfig.ConnectTimeout = cmp.Or(cfg.ConnConfig.ConnectTimeout, connectTimeout)
	nameSession(cfg.ConnConfig, "downtime")
	// The pool connects only for a statement.
	pool, err := pgxpool.NewWithConfig(context.Background(), cfg)
	if err != nil {
		return nil, &store.FieldError{Field: "url", Problem: err.Error()}
	}
	s, err := newStore(pool, o, d, true)
	if err != nil {
		pool.Close()
		return nil, err
	}
	return s, nil
}

// New returns a store on a pool that the caller closes. The pool's query execution mode does
// not matter. The listening connection is not part of the pool, but is configured like its
// connections, with its BeforeConnect. See [Open] for the rest.
func New(pool *pgxpool.Pool, o Options) (*Store, error) {
	if pool == nil {
		return nil, &store.FieldError{Field: "pool", Problem: "is nil"}
	}
	return newStore(pool, o, newDials(), false)
}

// newStore keeps the listening connection in d, which already keeps those of a pool of our own.
func newStore(pool *pgxpool.Pool, o Options, d *dials, ownPool bool) (*Store, error) {
	cfg := pool.Config()
	listen, before := cfg.ConnConfig, cfg.BeforeConnect
	if o.ListenURL != "" {
		other, err := parse("ListenURL", o.ListenURL)
		if err != nil {
			return nil, err
		}
		listen, before = other.ConnConfig, nil
	}
	o.Name = cmp.Or(o.Name, "postgres://"+cfg.ConnConfig.Host+"/"+cfg.ConnConfig.Database)
	db := sql.OpenDB(patient{stdlib.GetPoolConnector(pool)})
	db.SetMaxIdleConns(0) // the pool keeps the connections
	inner, err := sqlstore.New(db, sqlstore.PostgreSQL, sqlstore.Options{
		App: o.App, Schema: o.Schema, Prefix: o.Prefix, Name: o.Name, Poll: o.Poll,
	})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	s := &Store{
		Store: inner, app: o.App, db: db, pool: pool, ownPool: ownPool, listen: listen, before: before, dials: d,
		hints: wakes.Connection{Pace: wakes.DefaultPace}, retest: time.Minute,
	}
	if !ownPool || o.ListenURL != "" { // else it is in listen already
		listen.DialFunc = d.by(listen.DialFunc)
	}
	nameSession(listen, "downtime")
	listen.OnNotification = nil // it would take the notifications
	listen.BuildContextWatcherHandler = deadlines
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s, nil
}

// nameSession gives the sessions of cfg a name, unless its URL does.
func nameSession(cfg *pgx.ConnConfig, name string) {
	cfg.RuntimeParams["application_name"] = cmp.Or(cfg.RuntimeParams["application_name"], name)
}

// Close ends the listening connection, and the pool if the store opened it, and waits until
// nothing runs any more. It is idempotent. Later reads and writes fail.
func (s *Store) Close() error {
	s.once.Do(func() {
		s.hints.Close()
		s.cancel()
		s.following.Wait() // it tells the server that the session ends
		s.dials.cut()
		s.leftovers.Wait()
		_ = s.db.Close() // it holds no connection
		if s.ownPool {
			s.pool.Close()
		}
	})
	return nil
}

// Info describes the store. Poll depends on whether notifications arrive.
func (s *Store) Info() store.Info {
	info := s.Store.Info()
	if ok, _ := s.Hints(); ok {
		info.Poll = max(info.Poll, s.hints.Pace.PollHinted)
	}
	return info
}

// Get reads the document, and tries again if the connection was dead. If the document is
// not the one that the caller has, the listening session expects its notification.
func (s *Store) Get(ctx context.Context, have store.Token) (store.Blob, error) {
	began := time.Now()
	blob, err := s.Store.Get(ctx, have)
	if s.stale(ctx, err) {
		began = time.Now()
		blob, err = s.Store.Get(ctx, have)
	}
	if err == nil && have != "" {
		s.found.Store(&found{blob.Token, began})
	}
	return blob, err
}

// PutRow writes a row, and tries again if the connection was dead.
func (s *Store) PutRow(ctx context.Context, key string, b []byte, lease time.Duration) (store.Token, time.Time, error) {
	token, now, err := s.Store.PutRow(ctx, key, b, lease)
	if s.stale(ctx, err) {
		token, now, err = s.Store.PutRow(ctx, key, b, lease)
		if err == nil && token == "" { // the first attempt may have inserted the row
			var blob store.Blob
			blob, err = s.Store.Get(ctx, "")
			if answered(err) {
				err = nil // the document is lost, and the row is not
			}
			token = blob.Token
		}
	}
	return token, now, err
}

// ListRows reads document and rows, and tries again if the connection was dead.
func (s *Store) ListRows(ctx context.Context, have store.Token) (store.Rowset, error) {
	set, err := s.Store.ListRows(ctx, have)
	if s.stale(ctx, err) {
		set, err = s.Store.ListRows(ctx, have)
	}
	return set, err
}

// answered reports whether err is the answer of a server.
func answered(err error) bool {
	return slices.ContainsFunc(
		[]error{store.ErrUnchanged, store.ErrLost, store.ErrTampered, store.ErrReadOnly, store.ErrRowDeleted},
		func(answer error) bool { return errors.Is(err, answer) },
	)
}

// stale reports whether err is about a connection that had ended before it was used. After a
// restart of the server all connections have, and the store is not lost.
func (s *Store) stale(ctx context.Context, err error) bool {
	if err == nil || answered(err) || ctx.Err() != nil || s.ctx.Err() != nil {
		return false
	}
	if answer, ok := errors.AsType[*pgconn.PgError](err); ok {
		const shutdown, connection = "57P", "08"
		if !strings.HasPrefix(answer.Code, shutdown) && !strings.HasPrefix(answer.Code, connection) {
			return false
		}
	} else if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return false // the connection was new
	}
	if s.ownPool {
		s.pool.Reset()
	}
	return true
}
