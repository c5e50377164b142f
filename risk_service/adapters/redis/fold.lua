-- Replaces record and entries by a record in which the entries are counted.
-- Nothing happens when somebody else has folded, or the entity began anew, in the meantime.
--
-- KEYS[1]  the entity.
-- ARGV[1]  the head and the length i8 of what was folded | the new head, ids and record.
local input = ARGV[1]
local value = redis.call('GET', KEYS[1])
if not value or string.sub(value, 1, 16) ~= string.sub(input, 1, 16) then return 0 end
local length = struct.unpack('<i8', input, 17)
redis.call('SET', KEYS[1], string.sub(input, 25) .. string.sub(value, length + 1), 'KEEPTTL')
return 1
