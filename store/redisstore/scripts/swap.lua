-- Replaces the document if its token is the expected one, and announces the new token.
-- KEYS: document. ARGV: the expected token, the new token, the new document, the channel.
-- Returns "done", "conflict", or the state that prevents a write.
--
-- "check" is a digest that the server can compute. It shows that token and document belong
-- together. A repeated write is touched: WAIT then has a write to wait for. PUBLISH comes
-- first, because a script is not rolled back: if HSET is refused after it, nothing changed.

local kind = redis.call('TYPE', KEYS[1]).ok
if kind == 'none' then
  if ARGV[1] ~= '' then return 'none' end
elseif kind ~= 'hash' then
  return kind
else
  local h = redis.call('HMGET', KEYS[1], 'token', 'document', 'check')
  if not (h[1] and h[2]) then return 'foreign' end
  if redis.sha1hex(h[1] .. h[2]) ~= h[3] then return 'tampered' end
  if h[1] == ARGV[2] then
    redis.call('HSET', KEYS[1], 'token', h[1])
    return 'done'
  end
  if h[1] ~= ARGV[1] then return 'conflict' end
end
redis.call('PUBLISH', ARGV[4], ARGV[2])
redis.call('HSET', KEYS[1], 'token', ARGV[2], 'document', ARGV[3], 'check', redis.sha1hex(ARGV[2] .. ARGV[3]))
return 'done'
