-- Replaces record and entries by a record in which the entries are counted.
-- Nothing happens when somebody else has folded, the entity began anew, something else has
-- written there, or a server took over that had not got all of it, in the meantime.
--
-- KEYS     the entities; several only where one server holds all keys.
-- ARGV[1]  per entity: the head and the length i8 of what was folded | new_bytes i8
--          | the new head, ids and record.
local input, at = ARGV[1], 1
for number = 1, #KEYS do
  local key = KEYS[number]
  local length, size = struct.unpack('<i8i8', input, at + 16)
  local value = redis.pcall('GET', key)
  if type(value) == 'string' and length <= #value - 8
      and string.sub(value, 1, 16) == string.sub(input, at, at + 15) then
    local folded = string.sub(input, at + 32, at + 31 + size)
    redis.call('SET', key, folded .. string.sub(value, length + 1), 'KEEPTTL')
  end
  at = at + 32 + size
end
return false
