import { LuaCompiler, type LuaCode, type LuaFunction } from "../../src/workers/lua-code/compiler.ts";
import { loadLuaWasm } from "../../src/workers/lua-wasm.ts";
import { run, vmFactory } from "./vm.ts";

const { bear } = await vmFactory({ memoryLimit: 64 * 2 ** 20 });

/** A compiler as a thread has one. */
export async function startCompiler({ memoryLimit = 64 * 2 ** 20 } = {}): Promise<LuaCompiler> {
  return LuaCompiler.start(await loadLuaWasm(memoryLimit));
}

/**
 * Runs Lua code in a session's VM. In it `chunk(name)` loads one of `chunks`, and returns the function; `debug` is the
 * whole library.
 */
export async function runWith(chunks: Record<string, Uint8Array | undefined>, code: string): Promise<string> {
  const vm = await bear();
  vm.host = (_, name) => {
    const bytes = chunks[name];
    if (bytes === undefined) throw new Error(`There is no chunk ${name}.`);
    return bytes;
  };
  const prelude = `debug = raw.debug
    function chunk(name) return assert(raw.load(assert(host('chunk', name)), name, 'b')) end `;
  const answer = run(vm, prelude.replaceAll("\n", " ") + code);
  vm.close();
  return answer;
}

/** The function at a place of a file. */
export function at({ functions }: LuaCode, place: string): LuaFunction {
  const found = functions.find((each) => each.place === place);
  if (!found) throw new Error(`There is no ${place} among ${functions.map(({ place }) => place).join(" ")}.`);
  return found;
}

/** What `LuaCompiler.reloadTable` says, with places for ids: `"App.start": "App.begin"`. */
export interface ReadReloadTable {
  map: Record<string, string | false>;
  /** By the place of the new function. */
  from: Record<string, number[]>;
  names: Record<string, string>;
  edited: string[];
  /** By the variable's new name. */
  renamed: Record<string, string>;
}

/** Loads the reload table of two versions in a session's VM and reads it. */
export async function readReloadTable(compiler: LuaCompiler, from: LuaCode, to: LuaCode): Promise<ReadReloadTable> {
  const text = await runWith(
    { table: compiler.reloadTable(from, to) },
    `local t, lines = chunk('table')(), {}
    local function line(...) lines[#lines + 1] = table.concat({ ... }, '\\t') end
    for old, new in pairs(t.map) do line('map', old, tostring(new)) end
    for new, numbers in pairs(t.from) do line('from', new, table.concat(numbers, ' ')) end
    for old, name in pairs(t.names) do line('names', old, name) end
    for id, yes in pairs(t.edited) do line('edited', id, tostring(yes)) end
    for new, old in pairs(t.renamed) do line('renamed', new, old) end
    for key in pairs(t) do line('key', key) end
    return table.concat(lines, '\\n')`,
  );
  const placeIn = (code: LuaCode, id: string): string => {
    const found = code.functions.find((each) => String(each.id) === id);
    if (!found) throw new Error(`${id} is no function's id`);
    return found.place;
  };
  const table: ReadReloadTable = { map: {}, from: {}, names: {}, edited: [], renamed: {} };
  const keys: string[] = [];
  for (const line of text.split("\n")) {
    const [kind = "", key = "", value = ""] = line.split("\t");
    if (kind === "map") table.map[placeIn(from, key)] = value === "false" ? false : placeIn(to, value);
    else if (kind === "from") table.from[placeIn(to, key)] = value === "" ? [] : value.split(" ").map(Number);
    else if (kind === "names") table.names[placeIn(from, key)] = value;
    else if (kind === "edited" && value === "true") table.edited.push(key);
    else if (kind === "renamed") table.renamed[key] = value;
    else if (kind === "key") keys.push(key);
    else throw new Error(`a strange line: ${line}`);
  }
  if (keys.toSorted().join() !== "alike,constants,edited,from,globals,map,moved,names,renamed,texts")
    throw new Error(`keys ${keys.join()}`);
  table.edited.sort();
  return table;
}
