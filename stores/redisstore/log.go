package redisstore

import (
	"context"
	"fmt"

	"github.com/go-downtime/downtime/core"
)

// logSize is how many entries a log has room for. The nth is in the field n modulo
// logSize, so that nothing has to be removed, and a write needs no other right than the
// document's; it can never change under keys of v1.
const logSize = 1000

// Entries reads the log from the primary, the newest first.
func (s *Store) Entries(ctx context.Context, limit int) ([]core.Entry, error) {
	r, err := s.run(ctx, logScript, []string{s.keys.log}, core.LogLimit(limit), logSize)
	if err != nil {
		return nil, err
	}
	entries := []core.Entry{}
	switch kind, _ := r.text(0); kind {
	case "none":
		return entries, nil
	case "hash":
	default:
		return nil, fmt.Errorf("%s: %w", s.name, s.noLog(kind))
	}
	lines, _ := r[1].([]any)
	for i, line := range lines {
		text, ok := line.(string)
		if !ok {
			return nil, fmt.Errorf("%s: the %d. last entry is not in key %s: somebody edited it; delete the key to begin a new log", s.name, i+1, s.keys.log)
		}
		e, err := core.DecodeEntry([]byte(text))
		if err != nil {
			return nil, fmt.Errorf("%s: the %d. last entry in key %s is not as it was written; delete the key to begin a new log: %w", s.name, i+1, s.keys.log, err)
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// noLog is the error for what was found under the log's key.
func (s *Store) noLog(kind string) error {
	if kind == "foreign" {
		return fmt.Errorf("key %s is a hash without a number n: not a log of ours; it is left as it is, move it away", s.keys.log)
	}
	return fmt.Errorf("WRONGTYPE: key %s is a %s, want a hash: not a log of ours; it is left as it is, move it away", s.keys.log, kind)
}
