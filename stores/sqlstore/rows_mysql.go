package sqlstore

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"strconv"
	"time"

	"github.com/go-downtime/downtime/core"
)

// known is a mark that this Store has read, and its digest.
type known struct {
	mark   core.Mark
	digest int64
}

// remember notes a mark for the reports to come.
func (s *Store) remember(m core.Mark) {
	if s.kind == MySQL {
		s.known.Store(&known{m, digest(m)})
	}
}

// digest is what the report's statement computes: the first 60 bits of SHA-256. Zero for no
// mark.
func digest(m core.Mark) int64 {
	if m == (core.Mark{}) {
		return 0
	}
	sum := sha256.Sum256([]byte(m.StoreID + "/" + strconv.FormatInt(m.Revision, 10) + "/" + m.WriteID))
	return int64(binary.BigEndian.Uint64(sum[:8]) >> 4) // 60 bits
}

// reportMySQL writes a row by one statement. The mark is the one that this Store has read
// last, if it is still the document's; else zero, and the caller has to read it. fresh: the
// row was not there before.
func (s *Store) reportMySQL(ctx context.Context, id string, lease time.Duration, text []byte) (mark core.Mark, fresh bool, err error) {
	result, err := s.db.ExecContext(ctx, s.q.report, s.args(s.o.App, id, lease.Microseconds(), string(text), s.o.App)...)
	if err != nil {
		return core.Mark{}, false, err
	}
	// One row: inserted; two, in MySQL's way of counting: changed.
	rows, err := result.RowsAffected()
	if err != nil {
		return core.Mark{}, false, err
	}
	found, err := result.LastInsertId()
	if err != nil {
		return core.Mark{}, false, err
	}
	k := s.known.Load()
	if rows != 2 || found == 0 || k == nil || k.digest != found || pruneDue(s.pruned.Load()) {
		return core.Mark{}, rows == 1, nil
	}
	return k.mark, false, nil
}
