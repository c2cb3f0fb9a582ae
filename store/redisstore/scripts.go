package redisstore

import (
	"context"
	_ "embed" // the scripts
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/go-downtime/downtime/store"
)

// No script has the flag "no-writes": a cluster's client may send such a script to a replica.
var (
	//go:embed scripts/read.lua
	readSource string
	readScript = redis.NewScript(readSource)

	//go:embed scripts/swap.lua
	swapSource string

	//go:embed scripts/row.lua
	rowSource string
	rowScript = redis.NewScript(rowSource)

	//go:embed scripts/test.lua
	testSource string
	testScript = redis.NewScript(testSource)
)

// run runs a script, by its digest if the server knows it.
func (s *Store) run(ctx context.Context, script *redis.Script, keys []string, args ...any) (reply, error) {
	return call(ctx, s, func(ctx context.Context) (reply, error) {
		return script.Run(ctx, s.client, keys, args...).Slice()
	})
}

// reply is a list that a script returned: strings, lists, and nil for a missing value.
type reply []any

// lookup returns the string at i, and whether there is one.
func (r reply) lookup(i int) (s string, ok bool) {
	if i < len(r) {
		s, ok = r[i].(string)
	}
	return s, ok
}

// text is the string at i, or "" if there is none.
func (r reply) text(i int) string {
	s, _ := r.lookup(i)
	return s
}

// time is the server's, in the first two elements.
func (r reply) time() (time.Time, error) {
	sec, err1 := strconv.ParseInt(r.text(0), 10, 64)
	us, err2 := strconv.ParseInt(r.text(1), 10, 64)
	if err := errors.Join(err1, err2); err != nil {
		return time.Time{}, fmt.Errorf("the server's time: %w", err)
	}
	return time.Unix(sec, us*1000).UTC(), nil
}

// readOnly adds [store.ErrReadOnly] to an error that refuses a write: the server is a
// replica, or the user lacks a right. Versions wrap the errors of scripts differently, and
// some drop the code word.
func readOnly(err error) error {
	refused, ok := errors.AsType[redis.Error](err)
	if !ok {
		return err
	}
	for _, words := range []string{"READONLY", "NOPERM", "The user executing the script", "ACL failure in script"} {
		if strings.Contains(refused.Error(), words) {
			return fmt.Errorf("%w: %w", store.ErrReadOnly, err)
		}
	}
	return err
}
