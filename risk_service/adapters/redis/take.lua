-- Gives events their stamps, appends those that are new, returns what was stored before.
-- Each entity is one atomic step of its own. Integers are little endian.
--
-- KEYS     the entities; several only where one server holds all keys.
-- ARGV[1]  clock i8, then one part per entity:
--          ttl_ms i8 | known head | known length i8 | entry_bytes i4 | limit i4 | events i4 | 0 i4
--          then one entry per event: id i8 | 0 i8 | body. Id 0: stamped, never appended.
-- Stored   head: base i8 | ids_bytes i4 | record_bytes i4
--          then ids: (id i8 | stamp i8)* | record | entries: (id i8 | stamp i8 | body)* | last i8
--          Between two folds, which change the head, it only grows.
--          What has not this form is foreign: nothing is added to it, and the reply is an error.
-- Reply    one part per entity: first stamp i8 | bytes stored before i8 | from i8
--          | per event i8: 0 when it is new, else the stamp under which it counts already
--          | what was stored from `from` on, its last stamp included; nothing when `from` is -1.
--          A caller that knows `length` bytes under this head gets only what follows them. With
--          limit >= 0 the value is left out until more than `limit` bytes, and more than the
--          record has, wait to be folded.
local PART_HEAD, VALUE_HEAD, HOUR_US = 48, 16, 3600000000
-- An entity without events is kept for its last stamp alone: as long as clocks may differ.
local EMPTY_MS = 10800000
-- Numbers are exact below 2^53: stamps until the year 2255. No clock of ours gives a later one.
local STAMPS_END = 9007199254740992
local FOREIGN = 'FOREIGN value under a key of windows'
local NOBODY, NEW = '\0\0\0\0\0\0\0\0', '\0\0\0\0\0\0\0\0'
local call, try, sub, find = redis.call, redis.pcall, string.sub, string.find
local pack, unpack = struct.pack, struct.unpack
local input = ARGV[1]
local clock = unpack('<i8', input)
local at, parts = 9, {}

-- Says what GET said that is no value of ours: foreign if it has another type, else as it was.
local function refused(said)
  if type(said) == 'table' and not find(said.err, 'WRONGTYPE', 1, true) then return said end
  return redis.error_reply(FOREIGN)
end

-- Tells under which stamp an event counts already, as bytes; nil when it is new.
local function counted(value, id, old, ids_end, entries, size)
  local found = find(value, id, VALUE_HEAD + 1, true)
  while found and found <= old do
    local place = found - 1
    if place < ids_end and (place - VALUE_HEAD) % 16 == 0
        or place >= entries and (place - entries) % size == 0 then
      return sub(value, found + 8, found + 15)
    end
    found = find(value, id, found + 1, true)
  end
  return nil
end

for number = 1, #KEYS do
  local key = KEYS[number]
  local ttl_ms, known, length, size, limit, events = unpack('<i8c16i8i4i4i4', input, at)
  at = at + PART_HEAD
  local value = try('GET', key)
  local stamp, last = clock, nil
  if value then
    if type(value) ~= 'string' or #value < 24 then return refused(value) end
    last = unpack('<i8', value, #value - 7)
    if last >= STAMPS_END then return refused(value) end
    if last >= stamp then stamp = last + 1 end
  else
    -- A value without a record is told from earlier ones of the same key by its first stamp.
    value = pack('<i8i4i4i8', stamp - 1, 0, 0, 0)
  end
  local old = #value - 8
  local ids_bytes, record_bytes = unpack('<i4i4', value, 9)
  local ids_end = VALUE_HEAD + ids_bytes
  local entries = ids_end + record_bytes
  if ids_bytes < 0 or ids_bytes % 16 ~= 0 or record_bytes < 0 or entries > old
      or (old - entries) % size ~= 0 then
    return redis.error_reply(FOREIGN)
  end

  local first, stamped, fresh, seen, tail = stamp, pack('<i8', stamp), nil, '', ''
  for event = 1, events do
    if event > 1 then
      stamp = stamp + 1
      stamped = pack('<i8', stamp)
    end
    local id, before = sub(input, at, at + 7), NEW
    if id ~= NOBODY then
      before = fresh and fresh[id] or counted(value, id, old, ids_end, entries, size) or NEW
      if before == NEW then
        if events > 1 then
          fresh = fresh or {}
          fresh[id] = stamped
        end
        tail = tail .. id .. stamped .. sub(input, at + 16, at + size - 1)
      end
    end
    seen = seen .. before
    at = at + size
  end

  local stored = tail .. stamped
  -- Neither an entry nor an id: nothing has counted but the history that was filled in.
  local untouched = ids_bytes == 0 and old == entries
  if record_bytes > 0 or not untouched then
    -- Redis leaves room behind a value that grows; a fold takes it back.
    call('SETRANGE', key, old, stored)
    -- Once an hour is enough: a key outlives its last window by more than that. What history
    -- left lives no longer than its own windows, so the first event always counts anew.
    if ttl_ms > 0 and (stamp % HOUR_US < stamp - last or untouched and tail ~= '') then
      call('PEXPIRE', key, ttl_ms)
    end
  elseif tail == '' then
    call('SET', key, sub(value, 1, old) .. stored, 'PX', EMPTY_MS)
  elseif ttl_ms > 0 then
    -- The first event, also where a look had left a stamp that goes in hours.
    call('SET', key, sub(value, 1, old) .. stored, 'PX', ttl_ms)
  else
    call('SET', key, sub(value, 1, old) .. stored)
  end

  local from = 0
  if sub(value, 1, VALUE_HEAD) == known and length <= old then from = length end
  if limit >= 0 and old + #tail - entries <= math.max(limit, record_bytes) then from = -1 end
  local place = 3 * number
  parts[place - 2] = pack('<i8i8i8', first, old, from)
  parts[place - 1] = seen
  -- The whole value is at hand: to cut its end off would be a copy of it.
  parts[place] = from < 0 and '' or from == 0 and value or sub(value, from + 1)
end
return table.concat(parts)
