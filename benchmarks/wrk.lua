-- wrk's side: what it asks, and a line of JSON of what it saw.
-- Arguments: "get", or "orders" RUN LOCATION SKUS (see wrk.py).

local threads = 0

function setup(thread)
   thread:set("number", threads)
   threads = threads + 1
end

local ORDER = '{"type":"place_order","request_id":"%s","occurred_at":"2026-03-01T11:00:00Z",'
   .. '"order_id":"%s","customer_id":"c-1","currency":"EUR","lines":['
   .. '{"line_id":"1","sku":"SKU-%04d","quantity":1,"unit_price_minor":990,"how":"ship","location":"%s"},'
   .. '{"line_id":"2","sku":"SKU-%04d","quantity":1,"unit_price_minor":990,"how":"ship","location":"%s"}]}'

function init(args)
   kind, run, location, skus = args[1], args[2], args[3], tonumber(args[4])
   sent = 0
   math.randomseed(number + 1)
   if kind == "orders" then
      wrk.method = "POST"
      wrk.headers["Content-Type"] = "application/json"
   end
end

function request()
   if kind ~= "orders" then
      return wrk.format()
   end
   sent = sent + 1
   local id = run .. "-" .. number .. "-" .. sent
   local one = math.random(skus)
   local two = (one + math.random(skus - 1) - 1) % skus + 1
   return wrk.format(nil, nil, nil, ORDER:format(id, id, one, location, two, location))
end

function done(summary, latency, requests)
   local errors = summary.errors
   local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
   io.write(string.format(
      '\n{"requests":%d,"seconds":%f,"failed":%d,"median_ms":%f,"p99_ms":%f}\n',
      summary.requests, summary.duration / 1e6, failed,
      latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
