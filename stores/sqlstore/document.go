package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"

	"github.com/go-downtime/downtime/core"
)

// Load reads the application's row. [core.ErrLost]: the tables or the row are not there.
func (s *Store) Load(ctx context.Context, have core.Mark) (core.State, error) {
	var (
		now     int64
		version sql.NullInt64
		m       columns
		text    []byte
	)
	err := s.db.QueryRowContext(ctx, s.q.load, s.args(have.StoreID, have.Revision, have.WriteID, s.o.App)...).
		Scan(&now, &version, &m.storeID, &m.revision, &m.writeID, &text)
	if err != nil {
		return core.State{}, s.fault("read", err)
	}
	state := core.State{Time: micros(now)}
	if err := s.note(version); err != nil {
		return state, err
	}
	switch {
	case !m.storeID.Valid:
		return state, fmt.Errorf("%s: %w: %s has no row for this application, which was never initialised, or was removed: run `downtime init` for it", s, core.ErrLost, s.t.state)
	case text == nil:
		state.Mark = m.mark()
		return state, core.ErrUnchanged
	}
	if err := s.decode(&state, m, text); err != nil {
		return core.State{Time: state.Time}, err
	}
	return state, nil
}

// columns are the mark as a row has it; NULL where there is none.
type columns struct {
	storeID, writeID sql.NullString
	revision         sql.NullInt64
}

func (c columns) mark() core.Mark {
	return core.Mark{StoreID: c.storeID.String, Revision: c.revision.Int64, WriteID: c.writeID.String}
}

// decode fills in the document, which must be the one that the columns beside it name.
func (s *Store) decode(state *core.State, c columns, text []byte) error {
	doc, err := core.DecodeDocument(text)
	if err != nil {
		return fmt.Errorf("%s: the document in %s: %w", s, s.t.state, err)
	}
	if doc.Mark() != c.mark() {
		return fmt.Errorf("%s: the document in %s says %+v, and the columns beside it %+v: somebody has changed one of both by hand; restore the row", s, s.t.state, doc.Mark(), c.mark())
	}
	state.Document, state.Mark = doc, c.mark()
	s.remember(state.Mark)
	return nil
}

// Commit writes next over the row that base names, and entry with it. [core.ErrReadOnly]:
// the role may not write one of both, or the database is a replica. [core.ErrLost]: there
// are no tables.
func (s *Store) Commit(ctx context.Context, base core.Mark, next *core.Document, entry core.Entry) error {
	text, err := next.Encode()
	if err != nil {
		return fmt.Errorf("%s: %w", s, err)
	}
	if next.StoreID == "" || next.Revision < 1 || next.WriteID == "" {
		return fmt.Errorf("%s: the document has no store_id, revision or write_id; make it with the operator functions of core", s)
	}
	var line sql.NullString
	if !entry.IsZero() {
		b, err := core.EncodeEntry(entry)
		if err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
		line = sql.NullString{String: string(b), Valid: true}
	}
	if err := s.current(ctx); err != nil {
		return err
	}
	query, values := s.q.update, []any{next.StoreID, next.Revision, next.WriteID, string(text), s.o.App, base.StoreID, base.Revision, base.WriteID}
	if base == (core.Mark{}) {
		query, values = s.q.insert, []any{s.o.App, next.StoreID, next.Revision, next.WriteID, string(text)}
	}
	if s.q.oneStatement {
		values = append(values, line, s.Channel(), next.StoreID+" "+strconv.FormatInt(next.Revision, 10))
	}
	switch n, err := s.write(ctx, query, values, line); {
	case err != nil:
		return s.fault("write", err)
	case n == 0:
		return core.ErrConflict
	case n != 1:
		return fmt.Errorf("%s: one row was written, says the statement, and %d, says the database", s, n)
	}
	return nil
}

// fault says what went wrong, as the errors of core where that is known.
func (s *Store) fault(doing string, err error) error {
	kind := error(nil)
	switch is := classify(s.kind, err); {
	case is == noTable && s.isLog(err):
		return fmt.Errorf("%s: %s: the table of the log is not there; run `downtime init`: %w", s, doing, err)
	case is == noTable:
		return fmt.Errorf("%s: %w: %s: the tables are not there; run `downtime init`: %w", s, core.ErrLost, doing, err)
	case is == noColumn:
		s.version.Store(0)
		return fmt.Errorf("%s: %s: the tables are not of this version; run `downtime init`: %w", s, doing, err)
	case is == readOnly && doing != "read":
		kind = core.ErrReadOnly
	case is == conflict:
		kind = core.ErrConflict
	}
	if kind != nil && !errors.Is(err, kind) {
		return fmt.Errorf("%s: %w: %s: %w", s, kind, doing, err)
	}
	return fmt.Errorf("%s: %s: %w", s, doing, err)
}
