package redisstore

import (
	"context"
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
	// KEYS: document. ARGV: store_id, revision, write_id that the caller has.
	loadScript = redis.NewScript(`
local now = redis.call('TIME')
local kind = redis.call('TYPE', KEYS[1]).ok
if kind ~= 'hash' then return {now[1], now[2], kind} end
local mark = redis.call('HMGET', KEYS[1], 'store_id', 'revision', 'write_id')
if ARGV[1] ~= '' and mark[1] == ARGV[1] and mark[2] == ARGV[2] and mark[3] == ARGV[3] then
  return {now[1], now[2], 'same'}
end
return {now[1], now[2], 'hash', mark[1], mark[2], mark[3], redis.call('HGET', KEYS[1], 'document')}`)

	// KEYS: document. ARGV: store_id, revision, write_id of the base, then of the next
	// document, that document, the channel. "recent" are the last write ids: a client that
	// got no answer sends a write again, which may have taken place, and have been followed
	// by another; it is then only written again for WAIT's sake. PUBLISH comes first, since it changes nothing if HSET is refused then;
	// subscribers can read only when all of this is done.
	commitScript = redis.NewScript(`
local kind = redis.call('TYPE', KEYS[1]).ok
local recent = ' '
if kind == 'none' then
  if ARGV[1] ~= '' or ARGV[2] ~= '0' or ARGV[3] ~= '' then return 'none' end
elseif kind ~= 'hash' then
  return kind
else
  local mark = redis.call('HMGET', KEYS[1], 'store_id', 'revision', 'write_id', 'recent')
  if not (mark[1] and mark[2] and mark[3]) or mark[1] == '' or mark[3] == '' then return 'foreign' end
  recent = mark[4] or ' '
  if string.find(recent, ' ' .. ARGV[6] .. ' ', 1, true) then
    redis.call('HSET', KEYS[1], 'recent', recent)
    return 'done'
  end
  if mark[1] ~= ARGV[1] or mark[2] ~= ARGV[2] or mark[3] ~= ARGV[3] then return 'conflict' end
end
redis.call('PUBLISH', ARGV[8], ARGV[4] .. ' ' .. ARGV[5] .. ' ' .. ARGV[6])
redis.call('HSET', KEYS[1], 'store_id', ARGV[4], 'revision', ARGV[5], 'write_id', ARGV[6],
  'document', ARGV[7], 'recent', string.sub(recent, -500) .. ARGV[6] .. ' ')
return 'done'`)

	// KEYS: document, instances. ARGV: id, row, lease and time to keep silent rows, both in
	// microseconds. Each report also looks at two rows at random, and removes them if they
	// are older than that: instances that crash all the time leave rows that nobody else
	// would remove.
	reportScript = redis.NewScript(`
local now = redis.call('TIME')
local us = now[1] * 1000000 + now[2]
redis.call('HSET', KEYS[2], ARGV[1], string.format('{"seen":%.0f,"lease":%.0f,"row":', us, us + ARGV[3]) .. ARGV[2] .. '}')
local some = redis.call('HRANDFIELD', KEYS[2], 2, 'WITHVALUES')
for i = 1, #some, 2 do
  local lease = string.match(some[i + 1], '^{"seen":%d+,"lease":(%d+),')
  if lease and lease + ARGV[4] < us then redis.call('HDEL', KEYS[2], some[i]) end
end
if redis.call('TYPE', KEYS[1]).ok ~= 'hash' then return {now[1], now[2]} end
local mark = redis.call('HMGET', KEYS[1], 'store_id', 'revision', 'write_id')
return {now[1], now[2], mark[1], mark[2], mark[3]}`)

	// KEYS: document, instances. ARGV: time to keep silent rows, in microseconds. A reader
	// who may not write removes nothing, and is not refused for that.
	instancesScript = redis.NewScript(`
local now = redis.call('TIME')
local us = now[1] * 1000000 + now[2]
local rows, kept = redis.call('HGETALL', KEYS[2]), {}
for i = 1, #rows, 2 do
  local lease = string.match(rows[i + 1], '^{"seen":%d+,"lease":(%d+),')
  if lease and lease + ARGV[1] < us then
    redis.pcall('HDEL', KEYS[2], rows[i])
  else
    kept[#kept + 1] = rows[i]
    kept[#kept + 1] = rows[i + 1]
  end
end
local kind = redis.call('TYPE', KEYS[1]).ok
if kind ~= 'hash' then return {now[1], now[2], kind, false, false, false, false, kept} end
local d = redis.call('HMGET', KEYS[1], 'store_id', 'revision', 'write_id', 'document')
return {now[1], now[2], kind, d[1], d[2], d[3], d[4], kept}`)

	// KEYS: document. ARGV: channel, nonce. What is written after it is announced after it.
	testScript = redis.NewScript(`
redis.call('PUBLISH', ARGV[1], ARGV[2])
if redis.call('TYPE', KEYS[1]).ok ~= 'hash' then return {} end
return redis.call('HMGET', KEYS[1], 'store_id', 'revision', 'write_id')`)
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
