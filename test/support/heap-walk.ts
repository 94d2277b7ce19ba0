import type { RuntimeFile } from "../../src/workers/runtime-files.ts";

/**
 * A part of the runtime for tests, after `main`: dispatching `heap_walk` visits everything that the VM's registry leads to,
 * the runtime's own variables included (what only weak tables hold is not counted), and returns the Lua functions that it
 * met, a line each: `source line id`.
 */
export const heapWalk: RuntimeFile = {
  name: "heap_walk",
  source: `
    local M = ...
    local debug = M.raw.debug
    local collectgarbage, concat, coroutine, next, type, rawget = collectgarbage, table.concat, coroutine, next, type, rawget
    local find, format = string.find, string.format

    local function heap_walk()
      collectgarbage()
      local seen, queue, last, functions, tables = {}, {}, 0, {}, 0
      local own = {}
      local function push(x)
        local kind = type(x)
        if (kind == "table" or kind == "function" or kind == "thread" or kind == "userdata") and not seen[x] and not own[x] then
          seen[x] = true
          last = last + 1
          queue[last] = x
        end
      end
      own[own], own[seen], own[queue], own[functions], own[push] = true, true, true, true, true
      push(debug.getregistry())
      local at = 1
      while at <= last do
        local x = queue[at]
        at = at + 1
        push(debug.getmetatable(x))
        local kind = type(x)
        if kind == "table" then
          local meta = debug.getmetatable(x)
          local mode = meta and rawget(meta, "__mode") or ""
          for k, v in next, x do
            if not find(mode, "k", 1, true) then push(k) end
            if not find(mode, "v", 1, true) and not (find(mode, "k", 1, true) and type(k) ~= "string" and not seen[k]) then push(v) end
          end
        elseif kind == "function" then
          local info = debug.getinfo(x, "S")
          if info.what ~= "C" then
            functions[#functions + 1] = format("%s %d %d", info.source, info.linedefined, info.lastlinedefined)
          end
          for i = 1, 255 do
            local name, value = debug.getupvalue(x, i)
            if not name then break end
            push(value)
          end
        elseif kind == "thread" then
          for level = 0, 200 do
            local info = debug.getinfo(x, level, "f")
            if not info then break end
            push(info.func)
            for _, step in next, { 1, -1 } do
              local n = step
              while true do
                local name, value = debug.getlocal(x, level, n)
                if not name then break end
                if value ~= x then push(value) end
                n = n + step
              end
            end
          end
        end
      end
      return concat(functions, "\\n")
    end

    local main = M.main
    return function(text)
      if text == "heap_walk" then return heap_walk() end
      return main(text)
    end`,
};
