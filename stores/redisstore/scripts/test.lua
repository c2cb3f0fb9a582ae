-- A message to the subscriber itself, and the mark of the document: what is written later
-- is announced later.
-- KEYS: document. ARGV: channel, nonce.

redis.call('PUBLISH', ARGV[1], ARGV[2])
if redis.call('TYPE', KEYS[1]).ok ~= 'hash' then return {} end
return redis.call('HMGET', KEYS[1], 'store_id', 'revision', 'write_id')
