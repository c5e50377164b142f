-- Appends items to a log that several services share, and returns what follows a place in it.
--
-- KEYS     the log, a stream whose entries are named by their last stamp; its head: the least
--          stamp that may be given i8 | the last entry i8; and a hash: the last item of each origin
-- ARGV[1]  clock, floor, place, published, first, last, entries asked for at most, i8 each:
--          `floor` is the least stamp that the caller can take, `place` the last entry it has read, `published`
--          its last item that the log has as far as it knows, `first` and `last` the stamps of
--          the items to append
-- ARGV[2]  the origin: whose items they are
-- ARGV[3]  the items; empty: none
-- ARGV[4]  entries kept, about
-- Reply    read i8 | last entry i8 | published i8, and the entries behind `place`, each with
--          h: shift i8 | entry before i8, and l: the items. An item counts under its origin's
--          stamp + shift, so that stamps rise through the whole log.
--          `read` is 0 when more entries follow; else a stamp of its own: whatever is appended
--          later has that stamp or a greater one.
-- An origin's items come in the order of their stamps, so what it sends twice counts once.
local call, pack, unpack, format = redis.call, struct.pack, struct.unpack, string.format
local clock, floor, place, published, first, last, at_most = unpack('<i8i8i8i8i8i8i8', ARGV[1])
local origin, items = ARGV[2], ARGV[3]

local least, entry = 0, 0
local head = call('GET', KEYS[2])
if head then
  least, entry = unpack('<i8i8', head)
else
  -- Lost by itself, as where keys are evicted: without it readers would begin anew for ever.
  local newest = call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
  if #newest > 0 then entry = tonumber(string.match(newest[1][1], '^%d+')) end
  if entry > 0 then least = entry + 1 end
end
if least < floor then least = floor end

local said = call('HGET', KEYS[3], origin)
local known = tonumber(said or '0')
if known < published then known = published end
if items ~= '' and first > known then
  local shift = math.max(0, least - first)
  local above = pack('<i8i8', shift, entry)
  entry, known = last + shift, last
  least = entry + 1
  call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[4], format('%.0f-0', entry), 'h', above, 'l', items)
end
local now_known = format('%.0f', known)
if now_known ~= said then call('HSET', KEYS[3], origin, now_known) end

local entries = call('XRANGE', KEYS[1], format('%.0f', place + 1), '+', 'COUNT', at_most)
local reached, read = place, 0
if #entries > 0 then reached = tonumber(string.match(entries[#entries][1], '^%d+')) end
if reached == entry then
  read = math.max(least, clock)
  least = read
end
call('SET', KEYS[2], pack('<i8i8', least, entry))
return { pack('<i8i8i8', read, entry, known), entries }
