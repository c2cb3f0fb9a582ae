package pgstore

import (
	"context"
	"database/sql/driver"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/stdlib"
)

// patient makes connections whose statements give up by themselves before their context ends. If
// the client gave up, pgx would send a cancel request, and a gate whose tables are locked would send
// one with each poll. PgBouncer 1.18 can crash by a cancel request. The limit is set in the same round
// trip and transaction as the statement, so it holds behind a pooler too, and leaves no trace in the
// session.
type patient struct{ driver.Connector }

func (p patient) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := p.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	inner, ok := conn.(*stdlib.Conn)
	if !ok {
		return nil, fmt.Errorf("a connection of type %T", conn)
	}
	return &patientConn{inner}, nil
}

// patientConn sends statements by the extended protocol, and prepares none.
type patientConn struct{ *stdlib.Conn }

const (
	setLimit = `SELECT set_config('lock_timeout', $1, true)`
	// A statement gives up by slack before its context ends, or by a quarter of the time if that is less.
	slack = time.Second
)

// QueryContext is for statements whose result is small: it reads all of it.
func (c *patientConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	result, err := c.send(ctx, query, args)
	if err != nil {
		return nil, err
	}
	return &rows{result: result, types: pgtype.NewMap()}, nil
}

// ExecContext returns the number of affected rows.
func (c *patientConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	result, err := c.send(ctx, query, args)
	if err != nil {
		return nil, err
	}
	return driver.RowsAffected(result.CommandTag.RowsAffected()), nil
}

func (c *patientConn) send(ctx context.Context, query string, args []driver.NamedValue) (*pgconn.Result, error) {
	if c.Conn.Conn().IsClosed() {
		return nil, driver.ErrBadConn
	}
	var batch pgconn.Batch
	if deadline, ok := ctx.Deadline(); ok {
		batch.ExecParams(setLimit, [][]byte{[]byte(lockTimeout(deadline))}, nil, nil, nil)
	}
	values := make([]any, len(args))
	for i, arg := range args {
		values[i] = arg.Value
	}
	// Not with the types of the connection, because an application can have registered others there.
	var parameters pgx.ExtendedQueryBuilder
	if err := parameters.Build(pgtype.NewMap(), nil, values); err != nil {
		return nil, err
	}
	batch.ExecParams(query, parameters.ParamValues, nil, parameters.ParamFormats, []int16{pgtype.BinaryFormatCode})
	results, err := c.Conn.Conn().PgConn().ExecBatch(ctx, &batch).ReadAll()
	if err != nil {
		if pgconn.SafeToRetry(err) {
			return nil, driver.ErrBadConn
		}
		return nil, err
	}
	return results[len(results)-1], nil
}

// lockTimeout is the time after which a statement gives up, in milliseconds.
func lockTimeout(deadline time.Time) string {
	left := time.Until(deadline)
	return strconv.FormatInt(max(1, (left-min(slack, left/4)).Milliseconds()), 10)
}

// rows are the rows of a result in binary format.
type rows struct {
	result *pgconn.Result
	types  *pgtype.Map
	next   int
}

func (r *rows) Columns() []string {
	names := make([]string, len(r.result.FieldDescriptions))
	for i, f := range r.result.FieldDescriptions {
		names[i] = f.Name
	}
	return names
}

func (r *rows) Close() error { return nil }

func (r *rows) Next(dest []driver.Value) error {
	if r.next == len(r.result.Rows) {
		return io.EOF
	}
	row := r.result.Rows[r.next]
	r.next++
	for i, b := range row {
		field := r.result.FieldDescriptions[i]
		column, ok := r.types.TypeForOID(field.DataTypeOID)
		if !ok {
			return fmt.Errorf("a column of type %d", field.DataTypeOID)
		}
		var err error
		if dest[i], err = column.Codec.DecodeDatabaseSQLValue(r.types, field.DataTypeOID, field.Format, b); err != nil {
			return err
		}
	}
	return nil
}
