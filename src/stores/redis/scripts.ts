import { MOST_GAPS } from "../../util/ids.ts";
import { plainScript, type Script } from "./script.ts";

/** The keys of a log, in the order in which each script takes them. A hash tag keeps them on one node of a cluster. */
export function keysOf(prefix: string): readonly string[] {
  return ["meta", "log", "holes", "marks", "sends", "gone", "keys", "keyorder"].map((name) => keyOf(prefix, name));
}

/**
 * The keys of the positions of consumers, and of the log's own hash. Another log keeps both, so that consumers hear what they
 * missed.
 */
export function positionKeysOf(prefix: string): [positions: string, meta: string] {
  return [keyOf(prefix, "positions"), keyOf(prefix, "meta")];
}

function keyOf(prefix: string, name: string): string {
  return `{${prefix}}:${name}`;
}

// The common head of all scripts. `sizes` are the sizes of the keys after nightbus's last write. If they differ, another
// program trimmed the stream, or the server evicted a key. No older part of the log can then be trusted, so that the log begins
// anew at its newest id, and older cursors get `missed`.
//
// `text` writes a large number in full, where Lua would write 1.79e+15. `begins` writes without needing room: a full server
// refuses a script whose first write needs some. After `begins`, a full log can be read and trimmed.
const COMMON = `
  local meta, log, gaps, marks, sends, gone, known, order = unpack(KEYS)
  local function text(number) return string.format('%.0f', number) end
  local function call(...) return redis.call(...) end
  local time = call('time')
  local micros = time[1] * 1000000 + time[2]
  local server = string.match(call('info', 'server'), 'run_id:(%x+)')
  local function sizes()
    return table.concat({ call('xlen', log), call('zcard', gaps), call('hlen', marks), call('zcard', sends), call('hlen', gone) }, ' ')
  end
  local function begins() call('hdel', meta, '') end
  local function leave() call('hset', meta, 'sizes', sizes()) end
  local begin, life, last, at, before, floor, left =
    unpack(call('hmget', meta, 'begin', 'life', 'last', 'at', 'server', 'floor', 'sizes'))
  if last and sizes() ~= left then
    begins()
    begin = last
    call('hset', meta, 'begin', begin)
    leave()
  end
`;

/** Makes a log, unless there is one. Takes its identity and its beginning. Removes the rest of any other log. */
export const CREATE = script(`
  if last then return 0 end
  call('unlink', log, gaps, marks, sends, gone, known, order)
  local first = text(tonumber(ARGV[2]))
  call('hset', meta, 'begin', first, 'last', first, 'at', '0', 'life', ARGV[1], 'server', server, 'floor', '0')
  leave()
  return 1
`);

// Begins an epoch if there has to be one, and then adds sends. An epoch goes on only on the server that gave its ids. Any
// other server may lack some: it may be a replica that lagged, or a server that lost its last writes.
const COMMIT = `
  if not last then return false end
  local was, running, seen, base = tonumber(last), ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
  local newest, began, stamp = was, 0, text(math.max(tonumber(at), math.floor(micros / 1000)))
  local first, previous = nil, last
  local function starts()
    if running == '0' or before ~= server or was < seen then
      began = math.max(was + 1, seen + 1, base)
      newest = began - 1
      if newest > was then call('zadd', gaps, text(began), last .. ' ' .. text(began)) end
      if call('zcard', gaps) > ${MOST_GAPS} then call('hset', meta, 'begin', call('zpopmin', gaps)[2]) end
    end
    first = newest + 1
  end
  local function add(rows, packed)
    local start = text(newest + 1)
    call('xadd', log, start .. '-0', 'was', previous, 'rows', rows, 'at', stamp, 'packed', packed)
    if rows ~= '1' then call('zadd', sends, start, start .. ' ' .. rows) end
    newest = newest + tonumber(rows)
    previous = text(newest)
    return start
  end
  local function ends()
    call('hset', meta, 'last', text(newest), 'at', stamp, 'server', server)
    leave()
  end
`;

/**
 * Commits sends. Takes the flag of the writer's epoch, its newest id, its base, and for each send the number of rows and the
 * packed rows. Answers the newest id before, the first id of a new epoch or 0, the first id, the newest id, and the time.
 * Answers nil if there is no log.
 */
export const APPEND = script(`
  ${COMMIT}
  starts()
  for place = 4, #ARGV, 2 do add(ARGV[place], ARGV[place + 1]) end
  ends()
  return { last, text(began), text(first), text(newest), stamp }
`);

/** The most keys that one commit forgets. */
const FORGOTTEN = 1_000;

/**
 * Commits the sends whose keys are not known. Takes the writer as APPEND does, the window in ms, and the most keys. For each send
 * it takes the number of rows, the packed rows, the name of its key or nothing, and the hash.
 *
 * Answers as APPEND does, with 0 as the first id if nothing was committed. Then come the age of the oldest key that was forgotten
 * too early, or -1, and a 1 if somebody else removed keys. The first id of each send follows. A plus marks a send that was committed
 * now, and -1 a key that is taken.
 *
 * The hash and the order have the same keys, and keep at least one after the first. Otherwise somebody else removed some: the rest
 * goes too, because a key without its place in the order would stay for ever.
 */
export const APPEND_KEYED = script(`
  ${COMMIT}
  local window, most, forgot, lost = tonumber(ARGV[4]), tonumber(ARGV[5]), -1, 0
  local firsts, now, count = {}, tonumber(stamp), call('hlen', known)
  if count ~= call('zcard', order) or (count == 0 and call('hexists', meta, 'keyed') == 1) then
    lost = 1
    call('unlink', known, order)
  end
  for place = 6, #ARGV, 4 do
    local name, hash = ARGV[place + 2], ARGV[place + 3]
    local found = name ~= '' and call('hget', known, name)
    local kept, id, since = string.match(found or '', '(%S+) (%d+) (%d+)')
    if kept and tonumber(since) > now - window then
      firsts[#firsts + 1] = kept == hash and id or '-1'
    else
      if not first then starts() end
      local id = add(ARGV[place], ARGV[place + 1])
      firsts[#firsts + 1] = '+' .. id
      if name ~= '' then
        call('hset', known, name, hash .. ' ' .. id .. ' ' .. stamp)
        call('zadd', order, call('hincrby', meta, 'keyed', 1), name)
      end
    end
  end
  if first then ends() end
  for _ = 1, ${FORGOTTEN} do
    local oldest, next = unpack(call('zrange', order, 0, 1))
    if not next then break end
    local since = tonumber(string.match(call('hget', known, oldest) or '0', '(%d+)$'))
    if since > now - window then
      if call('zcard', order) <= most then break end
      forgot = math.max(forgot, now - since)
    end
    call('hdel', known, oldest)
    call('zrem', order, oldest)
  end
  return { last, text(began), text(first or 0), text(newest), stamp, text(forgot), text(lost), unpack(firsts) }
`);

/**
 * Reads the entries after an id. Takes that id, the most rows, the most bytes, and perhaps a second id. Answers the beginning
 * of the log, its identity, the newest id, the time, a flag for more pages, and the entries. Each entry has an x for each of
 * its rows that is gone. With a second id, the last page also has the floor, the watermarks, and the gaps after that id.
 * Answers nil if there is no log. Each round reads at most as many entries as all rounds before, since entries may be large. A
 * replica refuses, since it may lag behind what was read from the server that was replaced.
 */
export const PAGE = script(`
  if string.find(call('info', 'replication'), 'role:slave', 1, true) then
    return redis.error_reply('READONLY this server is a replica')
  end
  if not last then return false end
  local entries, rows, bytes, more, from, count, found = {}, 0, 0, 0, '(' .. ARGV[1] .. '-0'
  repeat
    count = math.max(1, math.min(#entries, 50))
    found = call('xrange', log, from, '+', 'count', count)
    for _, entry in ipairs(found) do
      if rows >= tonumber(ARGV[2]) or bytes >= tonumber(ARGV[3]) then
        more, found = 1, {}
        break
      end
      local fields = entry[2]
      entries[#entries + 1] = { entry[1], fields, fields[4] ~= '1' and call('hget', gone, entry[1]) }
      rows = rows + (tonumber(fields[4]) or 1)
      bytes = bytes + #(fields[8] or '')
      from = '(' .. entry[1]
    end
  until #found < count
  local told = ARGV[4] and more == 0 and { floor, call('zrangebyscore', gaps, '(' .. ARGV[4], '+inf'), call('hgetall', marks) }
  return { begin, life, last, text(math.floor(micros / 1000)), more, entries, told }
`);

/** Trims rows. Takes the floor, the number of rows, their ids, their channels, and the channels whose watermarks go. */
export const TRIM = script(`
  if not last then return 0 end
  begins()
  local count, newest, cut, start, rows = tonumber(ARGV[2]), {}, {}, 0, 0
  for place = 3, 2 + count do
    local id, key = tonumber(ARGV[place]), ARGV[place + count]
    newest[key] = math.max(newest[key] or 0, id)
    if id < start or id >= start + rows then
      local found = call('zrevrangebyscore', sends, ARGV[place], '-inf', 'limit', 0, 1)[1] or '0 0'
      start, rows = string.match(found, '(%d+) (%d+)')
      start, rows = tonumber(start), tonumber(rows)
    end
    if id < start + rows then
      cut[start] = cut[start] or { rows = rows }
      table.insert(cut[start], id - start + 1)
    else
      call('xdel', log, ARGV[place] .. '-0')
    end
  end
  for start, places in pairs(cut) do
    local entry, parts, from = text(start) .. '-0', {}, 1
    local known = call('hget', gone, entry) or string.rep('.', places.rows)
    table.sort(places)
    for _, place in ipairs(places) do
      if place >= from then
        parts[#parts + 1] = string.sub(known, from, place - 1)
        from = place + 1
      end
    end
    known = table.concat(parts, 'x') .. 'x' .. string.sub(known, from)
    if string.find(known, '.', 1, true) then
      call('hset', gone, entry, known)
    else
      call('xdel', log, entry)
      call('zrem', sends, text(start) .. ' ' .. places.rows)
      call('hdel', gone, entry)
    end
  end
  for key, id in pairs(newest) do
    if id > tonumber(call('hget', marks, key) or 0) then call('hset', marks, key, text(id)) end
  end
  for place = 3 + 2 * count, #ARGV do
    if tonumber(floor) < tonumber(ARGV[1]) then
      floor = ARGV[1]
      call('hset', meta, 'floor', floor)
    end
    if tonumber(call('hget', marks, ARGV[place]) or 0) <= tonumber(ARGV[1]) then call('hdel', marks, ARGV[place]) end
  end
  leave()
  return 1
`);

function script(body: string): Script {
  return plainScript(COMMON + body);
}
