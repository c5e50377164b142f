-- Drops what is no value of an entity, for whoever found that it is none.
--
-- KEYS[1]  the entity.
-- ARGV[1]  the width of its entries i8 | a head of 16 bytes, or nothing.
-- Reply    1: there was something else, and it is gone. Else the value, or nil for none: only
--          its reader can tell what stands in a record. Asked again with the head of a value
--          that cannot be read, that goes too; one that was begun anew since has another head.
--          An error where the server will not say what is there: nothing goes then.
local size, head = struct.unpack('<i8', ARGV[1]), string.sub(ARGV[1], 9)

-- As in take.lua, which finds what has not this form.
local STAMPS_END = 9007199254740992

local function has_form(value)
  if type(value) ~= 'string' or #value < 24 then return false end
  local ids_bytes, record_bytes = struct.unpack('<i4i4', value, 9)
  local waiting = #value - 24 - ids_bytes - record_bytes
  local last = struct.unpack('<i8', value, #value - 7)
  return ids_bytes >= 0 and ids_bytes % 16 == 0 and record_bytes >= 0
      and waiting >= 0 and waiting % size == 0 and last < STAMPS_END
end

local value = redis.pcall('GET', KEYS[1])
if not value then return false end
if type(value) == 'table' and not string.find(value.err, 'WRONGTYPE', 1, true) then return value end
if has_form(value) and string.sub(value, 1, 16) ~= head then return value end
redis.call('DEL', KEYS[1])
return 1
