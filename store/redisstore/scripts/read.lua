-- Reads the document and, if their key is given, all rows.
-- KEYS: document, rows. ARGV: the caller's token, the time to keep rows in microseconds.
-- Returns the server's time in two numbers, the state of the document, token and bytes of one
-- that the caller does not have, and names and values of the rows.
--
-- HDEL runs under pcall: a user who may not write, or a replica, reads all the same.

local now = redis.call('TIME')
local state, token, bytes = redis.call('TYPE', KEYS[1]).ok, false, false
if state == 'hash' then
  local h = redis.call('HMGET', KEYS[1], 'token', 'document', 'check')
  if not (h[1] and h[2]) then
    state = 'foreign'
  elseif redis.sha1hex(h[1] .. h[2]) ~= h[3] then
    state = 'tampered'
  elseif h[1] ~= '' and h[1] == ARGV[1] then
    state = 'same'
  else
    token, bytes = h[1], h[2]
  end
end
local kept = {}
if KEYS[2] then
  local all, us = redis.call('HGETALL', KEYS[2]), now[1] * 1000000 + now[2]
  for i = 1, #all, 2 do
    local lease = string.match(all[i + 1], '^%d+ (%d+) %a+\n')
    if lease and lease + ARGV[2] < us then
      redis.pcall('HDEL', KEYS[2], all[i])
    else
      kept[#kept + 1] = all[i]
      kept[#kept + 1] = all[i + 1]
    end
  end
end
return {now[1], now[2], state, token, bytes, kept}
