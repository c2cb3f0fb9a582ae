package redisstore

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-downtime/downtime/store"
)

// Kinds of rows, as the scripts know them.
const (
	kindRow     = "row"
	kindDeleted = "deleted"
)

// PutRow writes the row and then reads the token, in one script.
func (s *Store) PutRow(ctx context.Context, key string, b []byte, lease time.Duration) (store.Token, time.Time, error) {
	r, err := s.writeRow(ctx, key, kindRow, b, lease)
	if err != nil {
		return "", time.Time{}, err
	}
	now, err := r.time()
	if err != nil {
		return "", time.Time{}, s.rowError(err)
	}
	if r.text(2) == kindDeleted {
		return "", now, s.rowError(fmt.Errorf("%s: %w", s.name, store.ErrRowDeleted))
	}
	return store.Token(r.text(3)), now, nil
}

// DeleteRow replaces the row by a tombstone.
func (s *Store) DeleteRow(ctx context.Context, key string, note []byte) error {
	_, err := s.writeRow(ctx, key, kindDeleted, note, 0)
	return err
}

func (s *Store) writeRow(ctx context.Context, key, kind string, b []byte, lease time.Duration) (reply, error) {
	if err := store.CheckRow(key, b); err != nil {
		return nil, fmt.Errorf("%s: %w", s.name, err)
	}
	// A string is a copy: an abandoned call outlives this one.
	r, err := s.run(ctx, rowScript, []string{s.keys.document, s.keys.rows},
		key, kind, string(b), lease.Microseconds(), store.KeepRow.Microseconds())
	return r, s.rowError(readOnly(err))
}

// ListRows reads document and rows in one script, and removes rows that are older than
// [store.KeepRow].
func (s *Store) ListRows(ctx context.Context, have store.Token) (store.Rowset, error) {
	r, err := s.run(ctx, readScript, []string{s.keys.document, s.keys.rows}, string(have), store.KeepRow.Microseconds())
	if err != nil {
		return store.Rowset{}, s.rowError(err)
	}
	blob, err := s.blob(r, have)
	if errors.Is(err, store.ErrUnchanged) {
		err = nil
	}
	set := store.Rowset{Blob: blob}
	var fields reply
	if len(r) > 5 {
		fields, _ = r[5].([]any)
	}
	if len(fields) > 0 {
		// Without a readable field '' the set counts as young: rows may be missing.
		set.Since = blob.Now
	}
	for i := 0; i+1 < len(fields); i += 2 {
		key, value := fields.text(i), fields.text(i+1)
		if key != "" {
			set.Rows = append(set.Rows, parseRow(key, value, blob.Now))
		} else if t, ok := microseconds(value); ok {
			set.Since = t
		}
	}
	slices.SortFunc(set.Rows, func(a, b store.Row) int { return strings.Compare(a.Key, b.Key) })
	return set, err
}

// header is how a row begins.
var header = regexp.MustCompile(`\A(\d{1,18}) (\d{1,18}) (row|deleted)\n`)

// parseRow reads one field of the hash of rows.
func parseRow(key, value string, now time.Time) store.Row {
	row := store.Row{Key: key, Life: store.Expired}
	m := header.FindStringSubmatch(value)
	if m == nil {
		row.Err = errors.New("row does not begin with its times and its kind: another program wrote it; delete the field")
		return row
	}
	body := []byte(value[len(m[0]):])
	if row.Err = store.CheckRow(key, body); row.Err != nil {
		return row
	}
	row.Seen, _ = microseconds(m[1])
	row.Lease, _ = microseconds(m[2])
	switch {
	case m[3] == kindDeleted:
		row.Life, row.Note = store.Deleted, body
	case row.Lease.After(now):
		row.Life, row.Bytes = store.Live, body
	default:
		row.Bytes = body
	}
	return row
}

// microseconds parses a time that a script wrote.
func microseconds(text string) (time.Time, bool) {
	us, err := strconv.ParseInt(text, 10, 64)
	return time.UnixMicro(us).UTC(), err == nil
}

// rowError adds the key of the rows to err. Nil stays nil.
func (s *Store) rowError(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w (key %s)", err, s.keys.rows)
}
