-- Tells what is known of some counters; admission.lua lays down the bytes.
--
-- KEYS     the counters
-- ARGV[1]  for how many milliseconds a figure may be trusted at most
-- Returns for each counter what is used, int64 little-endian, or nothing when no figure may be
-- trusted. One that is trusted for longer than the caller would ever ask for was written before
-- the clock went back: it is not.
local trust_ms = tonumber(ARGV[1])
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
local found = redis.call('MGET', unpack(KEYS))
for place, stored in ipairs(found) do
  local used = false
  if stored and #stored == 24 then
    local until_ms = struct.unpack('<i8', stored, 17)
    if now_ms < until_ms and until_ms - now_ms <= trust_ms then
      used = string.sub(stored, 9, 16)
    end
  end
  found[place] = used
end
return found
