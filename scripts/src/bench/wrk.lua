-- What wrk sends: batches of the corpus' lines, in its order, each entry with a time of its own. In (environment): BENCH_CORPUS (NDJSON
-- file), BENCH_BATCH (entries a request), BENCH_HEAD, BENCH_JOIN and BENCH_TAIL (what stands before, between and after the entries),
-- BENCH_THREADS, BENCH_TIME (the first entry's time, Unix ms), BENCH_SEED (where in the corpus each thread begins).
-- Out: one JSON line of figures.

local batch = tonumber(os.getenv("BENCH_BATCH"))
local threads = tonumber(os.getenv("BENCH_THREADS"))
local started = 0

function setup(thread)
  thread:set("number", started)
  started = started + 1
end

local lines, parts, line, time = {}, {}, 1, 0

function init()
  -- A line's opening brace and a comma change places with the time: {"timestamp":1,<rest of the line>
  for text in io.lines(os.getenv("BENCH_CORPUS")) do lines[#lines + 1] = "," .. text:sub(2) end
  math.randomseed(tonumber(os.getenv("BENCH_SEED")) + number)
  line = math.random(#lines)
  -- Threads take turns in the milliseconds.
  time = tonumber(os.getenv("BENCH_TIME")) + number
  parts[1] = os.getenv("BENCH_HEAD")
  for entry = 1, batch do parts[3 * entry - 1] = (entry == 1 and "" or os.getenv("BENCH_JOIN")) .. '{"timestamp":' end
  parts[3 * batch + 2] = os.getenv("BENCH_TAIL")
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
end

function request()
  for entry = 1, batch do
    parts[3 * entry] = time
    parts[3 * entry + 1] = lines[line]
    time = time + threads
    line = line == #lines and 1 or line + 1
  end
  return wrk.format(nil, nil, nil, table.concat(parts))
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"durationUs":%.0f,"requests":%d,"refused":%d,"broken":%d,"p50Us":%.0f,"p99Us":%.0f,"maxUs":%.0f}\n',
    summary.duration, summary.requests, errors.status, errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50), latency:percentile(99), latency.max))
end
