-- The last entries of the log, the newest first.
-- KEYS: log. ARGV: how many, and how many the log has room for.
--
-- n is looked at closely: from 2^53 up n - 1 is n, and the loop, and with it the server,
-- would never come to an end.

local kind = redis.call('TYPE', KEYS[1]).ok
if kind ~= 'hash' then return {kind} end
local n = tonumber(redis.call('HGET', KEYS[1], 'n') or '')
if not n or not (n >= 0 and n < 2 ^ 53) or n % 1 ~= 0 then return {'foreign'} end
local fields = {}
for i = n - 1, math.max(0, n - math.min(ARGV[1], ARGV[2])), -1 do
  fields[#fields + 1] = string.format('%.0f', i % ARGV[2])
end
if #fields == 0 then return {'hash', {}} end
return {'hash', redis.call('HMGET', KEYS[1], unpack(fields))}
