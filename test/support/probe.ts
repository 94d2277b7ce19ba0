import type { RuntimeFile } from "../../src/workers/runtime-files.ts";

/**
 * A part of the runtime for tests, after `heap_walk`: dispatching `probe CODE` runs Lua code with the globals of the app,
 * outside of any event, and returns what it returns as text, joined by ", "; "!" and the message after an error.
 */
export const probe: RuntimeFile = {
  name: "probe",
  source: `
    local M = ...
    local load, concat, pack, pcall, tostring, sub = M.raw.load, table.concat, table.pack, pcall, tostring, string.sub
    local heap_walk = M.heap_walk
    return function(text)
      if sub(text, 1, 6) ~= "probe " then return heap_walk(text) end
      local code, message = load(sub(text, 7), "=probe", "t")
      if not code then return "!" .. message end
      local results = pack(pcall(code))
      if not results[1] then return "!" .. tostring(results[2]) end
      for i = 2, results.n do results[i] = tostring(results[i]) end
      return concat(results, ", ", 2, results.n)
    end`,
};
