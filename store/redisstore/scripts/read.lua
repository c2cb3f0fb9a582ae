-- Reads the state of the document and, if their key is given, document and rows.
-- KEYS: document, rows. ARGV: the caller's token, the time to keep rows in microseconds.
-- Returns the server's time in two numbers, the state of the document, its token, and with
-- rows: the bytes, if the caller does not have them, and names and values of the rows.
--
-- Without rows the caller reads the bytes itself, because a script needs three times as long
-- to return 64 KiB as HMGET. The caller compares the token with the digest of the bytes. If it
-- gets no bytes, the script compares "check".
-- HDEL runs under pcall, so that a user who may not write, or a replica, can still read.

local now = redis.call('TIME')
local state, token, bytes = redis.call('TYPE', KEYS[1]).ok, false, false
if state == 'hash' then
  token = redis.call('HGET', KEYS[1], 'token')
  if token and token ~= '' and token == ARGV[1] then
    local h = redis.call('HMGET', KEYS[1], 'document', 'check')
    state = (h[1] and redis.sha1hex(token .. h[1]) == h[2]) and 'same' or 'tampered'
  elseif KEYS[2] then
    bytes = redis.call('HGET', KEYS[1], 'document')
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
