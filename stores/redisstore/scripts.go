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

	"github.com/go-downtime/downtime/core"
)

// Scripts say what they found by a first word, after the server's time. None is flagged
// "no-writes": a cluster's client may send such a script to a replica. Numbers that may
// exceed 2^53 stay strings, because Lua counts in floating point.
var (
	//go:embed scripts/load.lua
	loadSource string
	loadScript = redis.NewScript(loadSource)

	//go:embed scripts/commit.lua
	commitSource string
	commitScript = redis.NewScript(commitSource)

	//go:embed scripts/report.lua
	reportSource string
	reportScript = redis.NewScript(reportSource)

	//go:embed scripts/instances.lua
	instancesSource string
	instancesScript = redis.NewScript(instancesSource)

	//go:embed scripts/log.lua
	logSource string
	logScript = redis.NewScript(logSource)

	//go:embed scripts/test.lua
	testSource string
	testScript = redis.NewScript(testSource)
)

// run is one script, by its digest where the server knows it.
func (s *Store) run(ctx context.Context, script *redis.Script, keys []string, args ...any) (reply, error) {
	return call(ctx, s, func(ctx context.Context) (reply, error) {
		answer, err := script.Run(ctx, s.client, keys, args...).Slice()
		return answer, err
	})
}

// reply is what a script returned: strings, lists, and nil for what is not there.
type reply []any

// text is the string at i; "" and false if there is none.
func (r reply) text(i int) (string, bool) {
	if i >= len(r) {
		return "", false
	}
	s, ok := r[i].(string)
	return s, ok
}

// time is the server's, the first two elements.
func (r reply) time() (time.Time, error) {
	seconds, _ := r.text(0)
	micros, _ := r.text(1)
	sec, err1 := strconv.ParseInt(seconds, 10, 64)
	us, err2 := strconv.ParseInt(micros, 10, 64)
	if err := errors.Join(err1, err2); err != nil {
		return time.Time{}, fmt.Errorf("the server's time: %w", err)
	}
	return time.Unix(sec, us*1000).UTC(), nil
}

// mark is the one of the three elements from i on. Zero and false if one is missing.
func (r reply) mark(i int) (core.Mark, bool) {
	storeID, ok1 := r.text(i)
	revision, ok2 := r.text(i + 1)
	writeID, ok3 := r.text(i + 2)
	n, err := strconv.ParseInt(revision, 10, 64)
	if !ok1 || !ok2 || !ok3 || err != nil || storeID == "" || writeID == "" {
		return core.Mark{}, false
	}
	return core.Mark{StoreID: storeID, Revision: n, WriteID: writeID}, true
}

// args are the arguments that a script compares a mark by.
func args(m core.Mark) []any {
	return []any{m.StoreID, strconv.FormatInt(m.Revision, 10), m.WriteID}
}

// readOnly adds [core.ErrReadOnly] to an error that says that we may not write: the server
// is a replica, or the user has no right to. Scripts wrap such errors differently from
// version to version, and some drop the code word.
func readOnly(err error) error {
	var refused redis.Error
	if !errors.As(err, &refused) {
		return err
	}
	for _, words := range []string{"READONLY", "NOPERM", "The user executing the script", "ACL failure in script"} {
		if strings.Contains(refused.Error(), words) {
			return fmt.Errorf("%w: %w", core.ErrReadOnly, err)
		}
	}
	return err
}
