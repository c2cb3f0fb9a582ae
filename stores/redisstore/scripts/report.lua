-- Writes the row of one instance, and returns the mark of the document.
-- KEYS: document, instances. ARGV: id, row, lease and time to keep silent rows, both in
-- microseconds.
--
-- Each report also looks at two rows at random, and removes them if they are older than
-- that: instances that crash all the time leave rows that nobody else would remove.

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
return {now[1], now[2], mark[1], mark[2], mark[3]}
