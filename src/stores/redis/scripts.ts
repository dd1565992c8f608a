import { createHash } from "node:crypto";
import { MOST_GAPS } from "../shared/limits.ts";

/** A script that Redis runs as one step: nothing else is done meanwhile, and all that it writes is written, or nothing. */
export interface Script {
  readonly source: string;
  readonly sha: string;
}

/** The keys of a log, in the order in which each script is given them. A hash tag keeps them on one node of a cluster. */
export function keysOf(prefix: string): readonly string[] {
  return ["meta", "log", "gaps", "marks", "sends", "gone"].map((name) => `{${prefix}}:${name}`);
}

// `sizes` is what nightbus left behind. When something is missing, somebody else has trimmed the stream, or the server has evicted
// a key, and of nothing that came before can it be said that it is whole: readers from before are told so, by where the log begins.
// Lua writes large numbers as 1.79e+15 unless it is told how. A server that is full refuses a script that begins by writing more;
// after a write that needs no room it does not, so that what is full can be read and trimmed.
const COMMON = `
  local meta, log, gaps, marks, sends, gone = unpack(KEYS)
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

/** Makes a log, unless there is one: life, base. What is left of another is not of this one. */
export const CREATE = script(`
  if last then return 0 end
  call('unlink', log, gaps, marks, sends, gone)
  local first = text(tonumber(ARGV[2]))
  call('hset', meta, 'begin', first, 'last', first, 'at', '0', 'life', ARGV[1], 'server', server, 'floor', '0')
  leave()
  return 1
`);

/**
 * Commits sends: running, seen, base, then of each send how many rows it has, and the rows, packed. Answers the newest id before,
 * where a run began or 0, the first id, the newest, and the time; nil where there is no log. A run goes on only on the server that
 * gave out its ids: another may be a replica that lagged, or have lost what it had not written to its disk.
 */
export const APPEND = script(`
  if not last then return false end
  local was, running, seen, base = tonumber(last), ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
  local newest, began, stamp = was, 0, text(math.max(tonumber(at), math.floor(micros / 1000)))
  if running == '0' or before ~= server or was < seen then
    began = math.max(was + 1, seen + 1, base)
    newest = began - 1
    if newest > was then call('zadd', gaps, text(began), last .. ' ' .. text(began)) end
    if call('zcard', gaps) > ${MOST_GAPS} then call('hset', meta, 'begin', call('zpopmin', gaps)[2]) end
  end
  local first, previous = newest + 1, last
  for place = 4, #ARGV, 2 do
    local start = text(newest + 1)
    call('xadd', log, start .. '-0', 'was', previous, 'rows', ARGV[place], 'at', stamp, 'packed', ARGV[place + 1])
    if ARGV[place] ~= '1' then call('zadd', sends, start, start .. ' ' .. ARGV[place]) end
    newest = newest + tonumber(ARGV[place])
    previous = text(newest)
  end
  call('hset', meta, 'last', text(newest), 'at', stamp, 'server', server)
  leave()
  return { last, text(began), text(first), text(newest), stamp }
`);

/**
 * What came after an id: seen, the most rows, the most bytes, and the id since which is asked what is gone, if it is. Answers where
 * the log begins, its life, the newest id, the time, whether there is more, and entries, each with an x for every row of it that is
 * gone; and if there is no more, of what is gone the floor, the gaps and the watermarks. Nil where there is no log. It looks no
 * further ahead than it has come, since a few large sends are as much as many small ones.
 */
export const PAGE = script(`
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

/** Forgets rows: floor, how many they are, their ids, their channels, then the channels whose watermarks are forgotten. */
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
  const source = COMMON + body;
  return { source, sha: createHash("sha1").update(source).digest("hex") };
}
