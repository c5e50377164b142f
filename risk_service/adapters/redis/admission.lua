-- Follows one counter of the ledger, or tells what is known of it. One script for both, so
-- that they cannot disagree about the bytes.
--
-- KEYS[1]  the counter
-- ARGV[1]  int64 little-endian: sequence, used, trust_ms, keep_ms
--          sequence 0 only asks
-- value    int64 little-endian: sequence, used, trusted_until_ms of this server's clock
-- Returns the figure in use as "sequence used", or false when none may be trusted.
--
-- An older sequence never takes the place of a newer one, also when the newer one is not
-- trusted any more. A figure that is trusted for longer than a caller would ever ask for
-- was written before the clock went back: it is not trusted.
local seq, used, trust_ms, keep_ms = struct.unpack('<i8i8i8i8', ARGV[1])
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
local stored = redis.call('GET', KEYS[1])
local known, known_used, until_ms = 0, 0, 0
if stored and #stored == 24 then
  known, known_used, until_ms = struct.unpack('<i8i8i8', stored)
end
if seq > 0 then
  if seq < known then
    return false
  end
  local value = struct.pack('<i8i8i8', seq, used, now_ms + trust_ms)
  redis.call('SET', KEYS[1], value, 'PX', keep_ms)
  return false
end
if known == 0 or now_ms >= until_ms or until_ms - now_ms > trust_ms then
  return false
end
return struct.pack('<i8i8', known, known_used)
