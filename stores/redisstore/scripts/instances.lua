-- The document and all rows.
-- KEYS: document, instances. ARGV: time to keep silent rows, in microseconds.
--
-- pcall: a reader who may not write removes nothing, and is not refused for that.

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
return {now[1], now[2], kind, d[1], d[2], d[3], d[4], kept}
