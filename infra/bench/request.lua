-- wrk -s request.lua URL -- FILE HEADER-NAME HEADER-VALUE
--
-- Sends the requests of FILE in turn, one a line: method, path and, for all but GET, a JSON body. Ends with one line of JSON.

local requests, at = {}, 0

function init(args)
    local headers = { ["Content-Type"] = "application/json", [args[2]] = args[3] }
    for line in io.lines(args[1]) do
        local method, path, body = line:match("^(%S+) (%S+) ?(.*)$")
        -- Made once: the time to make them would be the server's loss.
        requests[#requests + 1] = wrk.format(method, path, headers, body ~= "" and body or nil)
    end
end

function request()
    at = at % #requests + 1
    return requests[at]
end

function done(summary, latency)
    local errors = summary.errors
    io.write(string.format('{"requests": %d, "seconds": %f, "p50": %f, "p99": %f, "bad": %d}\n',
        summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
        errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
