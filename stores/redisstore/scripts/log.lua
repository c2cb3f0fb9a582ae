-- The last entries of the log, the newest first.
-- KEYS: log. ARGV: how many, and how many the log has room for.

local kind = redis.call('TYPE', KEYS[1]).ok
if kind ~= 'hash' then return {kind} end
local n = tonumber(redis.call('HGET', KEYS[1], 'n') or '')
if not n then return {'foreign'} end
local fields = {}
for i = n - 1, math.max(0, n - math.min(ARGV[1], ARGV[2])), -1 do
  fields[#fields + 1] = string.format('%.0f', i % ARGV[2])
end
if #fields == 0 then return {'hash', {}} end
return {'hash', redis.call('HMGET', KEYS[1], unpack(fields))}
