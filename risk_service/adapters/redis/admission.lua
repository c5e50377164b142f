-- Follows one counter of the ledger.
--
-- KEYS[1]  the counter
-- ARGV[1]  int64 little-endian: sequence, used, trust_ms, keep_ms
-- value    int64 little-endian: sequence, used, trusted_until_ms of this server's clock
--
-- An older sequence never takes the place of a newer one, also when the newer one is not
-- trusted any more. The same one is trusted anew.
local seq, used, trust_ms, keep_ms = struct.unpack('<i8i8i8i8', ARGV[1])
local stored = redis.call('GET', KEYS[1])
if stored and #stored == 24 and seq < struct.unpack('<i8', stored) then
  return false
end
local time = redis.call('TIME')
local until_ms = time[1] * 1000 + math.floor(time[2] / 1000) + trust_ms
redis.call('SET', KEYS[1], struct.pack('<i8i8i8', seq, used, until_ms), 'PX', keep_ms)
return false
