-- Writes the next document over the base that it was made from, and its entry, or nothing.
-- KEYS: document, log. ARGV: store_id, revision, write_id of the base, then of the next
-- document, that document, the channel, the entry or '', how many the log has room for.
--
-- "recent" are the last write ids: a client that got no answer sends a write again, which
-- may have taken place, and have been followed by another. It is then only touched, so that
-- WAIT has something to wait for. PUBLISH comes first, since it changes nothing if HSET is
-- refused then; subscribers can read only when all of this is done. Nothing refuses the
-- second HSET but what has refused the first.

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
local n = 0
if ARGV[9] ~= '' then
  local found = redis.call('TYPE', KEYS[2]).ok
  if found ~= 'none' and found ~= 'hash' then return 'log ' .. found end
  if found == 'hash' then n = tonumber(redis.call('HGET', KEYS[2], 'n') or '') end
  if not n or not (n >= 0 and n < 2 ^ 53) or n % 1 ~= 0 then return 'log foreign' end
end
redis.call('PUBLISH', ARGV[8], ARGV[4] .. ' ' .. ARGV[5] .. ' ' .. ARGV[6])
if ARGV[9] ~= '' then
  redis.call('HSET', KEYS[2], 'n', string.format('%.0f', n + 1), string.format('%.0f', n % ARGV[10]), ARGV[9])
end
redis.call('HSET', KEYS[1], 'store_id', ARGV[4], 'revision', ARGV[5], 'write_id', ARGV[6],
  'document', ARGV[7], 'recent', string.sub(recent, -500) .. ARGV[6] .. ' ')
return 'done'
