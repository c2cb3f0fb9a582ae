package pgstore

import (
	"context"
	"net"
	"sync"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
)

// dials holds connections to servers that Close can cut. pgx ends an abandoned session in
// the background, with another connection for the cancel request, and waits up to 15 s for a
// server that does not answer.
type dials struct {
	ctx    context.Context //nolint:containedctx // ends with close
	cancel context.CancelFunc

	mu   sync.Mutex
	open map[*cuttable]struct{}
}

func newDials() *dials {
	d := &dials{open: map[*cuttable]struct{}{}}
	d.ctx, d.cancel = context.WithCancel(context.Background())
	return d
}

// by returns a function that dials by inner and keeps the connection.
func (d *dials) by(inner pgconn.DialFunc) pgconn.DialFunc {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(d.ctx, cancel)()
		conn, err := inner(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		c := &cuttable{Conn: conn, d: d}
		d.mu.Lock()
		defer d.mu.Unlock()
		if err := d.ctx.Err(); err != nil {
			_ = conn.Close() // the connection was not used
			return nil, err
		}
		d.open[c] = struct{}{}
		return c, nil
	}
}

// close cuts all connections, and refuses new ones.
func (d *dials) close() {
	d.cancel()
	d.mu.Lock()
	defer d.mu.Unlock()
	for c := range d.open {
		_ = c.Conn.Close() // its error does not matter any more
	}
	clear(d.open)
}

// cuttable removes itself from the list when it is closed.
type cuttable struct {
	net.Conn

	d *dials
}

func (c *cuttable) Close() error {
	c.d.mu.Lock()
	delete(c.d.open, c)
	c.d.mu.Unlock()
	return c.Conn.Close()
}

// deadlines makes pgx end a call by a deadline of its connection, also if the pool is configured
// otherwise: a session that waits for notifications must survive the end of the wait.
func deadlines(conn *pgconn.PgConn) ctxwatch.Handler {
	return &pgconn.DeadlineContextWatcherHandler{Conn: conn.Conn()}
}
