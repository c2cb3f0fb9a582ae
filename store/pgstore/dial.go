package pgstore

import (
	"context"
	"net"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
)

// dials makes connections to servers that Close can cut. pgx ends an abandoned session in
// the background, with another connection for the cancel request, and waits up to 15 s for a
// server that does not answer.
type dials struct {
	ctx context.Context    //nolint:containedctx // ends with cut
	cut context.CancelFunc // cuts all connections, and refuses new ones
}

func newDials() *dials {
	ctx, cut := context.WithCancel(context.Background())
	return &dials{ctx, cut}
}

// by returns a function that dials by inner.
func (d *dials) by(inner pgconn.DialFunc) pgconn.DialFunc {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(d.ctx, cancel)()
		conn, err := inner(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		forget := context.AfterFunc(d.ctx, func() { _ = conn.Close() }) // its error does not matter any more
		return &cuttable{conn, forget}, nil
	}
}

// cuttable is a connection that is not cut any more when it is closed.
type cuttable struct {
	net.Conn

	forget func() bool
}

func (c *cuttable) Close() error {
	c.forget()
	return c.Conn.Close()
}

// deadlines makes pgx end a call by a deadline of its connection, also if the pool is configured
// otherwise: a session that waits for notifications must survive the end of the wait.
func deadlines(conn *pgconn.PgConn) ctxwatch.Handler {
	return &pgconn.DeadlineContextWatcherHandler{Conn: conn.Conn()}
}
