-- Sends a message to the subscriber itself, and reads the token: every later write is
-- announced after this message.
-- KEYS: document. ARGV: channel, nonce.

redis.call('PUBLISH', ARGV[1], ARGV[2])
return {redis.call('TYPE', KEYS[1]).ok == 'hash' and redis.call('HGET', KEYS[1], 'token')}
