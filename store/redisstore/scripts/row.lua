-- Writes a row or a tombstone, unless there is a tombstone, and then reads the token.
-- KEYS: document, rows. ARGV: the row's key, "row" or "deleted", the bytes, the lease and the
-- time to keep rows, both in microseconds.
-- Returns the server's time in two numbers, "done" or "deleted", the token or false.
--
-- A field is "SEEN LEASE KIND\n" and the bytes; both times are microseconds since 1970. The
-- field '' is the time at which the hash was created. Each call also looks at two rows at
-- random and removes them if they are too old: instances that crash in a loop leave many.

local now = redis.call('TIME')
local us = now[1] * 1000000 + now[2]
local function old(value) -- reports whether nothing needs this row any more
  local lease = string.match(value, '^%d+ (%d+) %a+\n')
  return lease and lease + ARGV[5] < us
end
local found = redis.call('HMGET', KEYS[2], '', ARGV[1])
if found[2] and string.match(found[2], '^%d+ %d+ deleted\n') and not old(found[2]) then
  return {now[1], now[2], 'deleted', false}
end
local some = redis.call('HRANDFIELD', KEYS[2], 2, 'WITHVALUES')
for i = 1, #some, 2 do
  if old(some[i + 1]) then redis.pcall('HDEL', KEYS[2], some[i]) end
end
local fields = {ARGV[1], string.format('%.0f %.0f %s\n', us, us + ARGV[4], ARGV[2]) .. ARGV[3]}
if not string.match(found[1] or '', '^%d+$') then
  fields[3], fields[4] = '', string.format('%.0f', us)
end
redis.call('HSET', KEYS[2], unpack(fields))
local token = redis.call('TYPE', KEYS[1]).ok == 'hash' and redis.call('HGET', KEYS[1], 'token')
return {now[1], now[2], 'done', token}
