-- The document, or only "same" if the caller has it.
-- KEYS: document. ARGV: store_id, revision, write_id that the caller has.

local now = redis.call('TIME')
local kind = redis.call('TYPE', KEYS[1]).ok
if kind ~= 'hash' then return {now[1], now[2], kind} end
local mark = redis.call('HMGET', KEYS[1], 'store_id', 'revision', 'write_id')
if ARGV[1] ~= '' and mark[1] == ARGV[1] and mark[2] == ARGV[2] and mark[3] == ARGV[3] then
  return {now[1], now[2], 'same'}
end
return {now[1], now[2], 'hash', mark[1], mark[2], mark[3], redis.call('HGET', KEYS[1], 'document')}
