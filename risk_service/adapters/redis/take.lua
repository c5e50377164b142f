-- Gives events their stamps, appends those that are new, returns what was stored before.
-- One call is one atomic step of one entity. Integers are little endian.
--
-- KEYS[1]  the entity.
-- ARGV[1]  clock i8 | ttl_ms i8 | known head | known length i8 | entry_bytes i4 | limit i4
--          then one entry per event: id i8 | 0 i8 | body. Id 0: stamped, never appended.
-- Stored   head: base i8 | ids_bytes i4 | record_bytes i4
--          then ids: (id i8 | stamp i8)* | record | entries: (id i8 | stamp i8 | body)* | last i8
--          Between two folds, which change the head, it only grows.
-- Reply    first stamp i8 | bytes stored before i8 | from i8
--          | per event i8: 0 when it is new, else the stamp under which it counts already
--          | the stored bytes from `from` on; none when `from` is -1.
--          A caller that knows `length` bytes under this head gets only what follows them. With
--          limit >= 0 the value is left out until more than `limit` bytes, and more than the
--          record has, wait to be folded.
local INPUT_HEAD, VALUE_HEAD, LARGE, HOUR_US = 48, 16, 4096, 3600000000
-- An entity without events is kept for its last stamp alone: as long as clocks may differ.
local EMPTY_MS = 10800000
local key, input = KEYS[1], ARGV[1]
local clock, ttl_ms = struct.unpack('<i8i8', input)
local length, size, limit = struct.unpack('<i8i4i4', input, 33)
local value = redis.call('GET', key)
local stamp, last = clock, nil
if value then
  last = struct.unpack('<i8', value, #value - 7)
  if last >= stamp then stamp = last + 1 end
else
  -- A value without a record is told from earlier ones of the same key by its first stamp.
  value = struct.pack('<i8i4i4i8', stamp - 1, 0, 0, 0)
end
local old = #value - 8
local ids_bytes, record_bytes = struct.unpack('<i4i4', value, 9)
local ids_end = VALUE_HEAD + ids_bytes
local entries = ids_end + record_bytes

local first, fresh, known, tail = stamp, nil, '', ''
for at = INPUT_HEAD + 1, #input, size do
  local id, seen = string.sub(input, at, at + 7), 0
  if id ~= '\0\0\0\0\0\0\0\0' then
    seen = fresh and fresh[id] or 0
    local found = string.find(value, id, VALUE_HEAD + 1, true)
    while found and found <= old do
      local place = found - 1
      if place < ids_end and (place - VALUE_HEAD) % 16 == 0
          or place >= entries and (place - entries) % size == 0 then
        seen = struct.unpack('<i8', value, found + 8)
        break
      end
      found = string.find(value, id, found + 1, true)
    end
    if seen == 0 then
      if #input > at + size then
        fresh = fresh or {}
        fresh[id] = stamp
      end
      tail = tail .. id .. struct.pack('<i8', stamp) .. string.sub(input, at + 16, at + size - 1)
    end
  end
  known = known .. struct.pack('<i8', seen)
  stamp = stamp + 1
end

local total = old + #tail + 8
local stored = tail .. struct.pack('<i8', stamp - 1)
if record_bytes == 0 and old == entries and tail == '' then
  redis.call('SET', key, string.sub(value, 1, old) .. stored, 'PX', EMPTY_MS)
elseif last and (tail == '' or total >= LARGE) then
  redis.call('SETRANGE', key, old, stored)
  -- Once an hour is enough: a key outlives its last window by more than that.
  if ttl_ms > 0 and math.floor(last / HOUR_US) ~= math.floor(stamp / HOUR_US) then
    redis.call('PEXPIRE', key, ttl_ms)
  end
elseif ttl_ms > 0 then
  redis.call('SET', key, string.sub(value, 1, old) .. stored, 'PX', ttl_ms)
else
  redis.call('SET', key, string.sub(value, 1, old) .. stored)
end

local from = 0
if string.sub(value, 1, VALUE_HEAD) == string.sub(input, 17, 32) and length <= old then from = length end
if limit >= 0 and total - 8 - entries <= math.max(limit, record_bytes) then from = -1 end
local body = ''
if from >= 0 then body = string.sub(value, from + 1, old) end
return struct.pack('<i8i8i8', first, old, from) .. known .. body
