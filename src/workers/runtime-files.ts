import fs from "node:fs/promises";

/** A file of the runtime that every VM holds: `name` without `.lua`, and its text. */
export interface RuntimeFile {
  name: string;
  source: string;
}

/**
 * The files of src/workers/runtime in the order in which a VM loads them. Each is called with the shared table `M` and
 * its value becomes `M[name]`; the last one's value is the function that `LuaVm.dispatch` calls.
 */
const names = [
  "json",
  "errors",
  "limits",
  "rollback",
  "sandbox",
  "quarantine",
  "path",
  "plans",
  "connection",
  "tree",
  "values",
  "prototype",
  "timers",
  "modules",
  "lists",
  "windows",
  "wrappers",
  "elements",
  "exchange",
  "refresh",
  "detect",
  "requests",
  "notices",
  "session",
  "serializers",
  "versions",
  "walk",
  "nested",
  "pictures",
  "sequences",
  "merge",
  "declarations",
  "heal",
  "redeclare",
  "rebuild",
  "moves",
  "reload",
  "export",
  "graph",
  "import",
  "main",
];

/** Reads the runtime. */
export function readRuntime(): Promise<RuntimeFile[]> {
  return Promise.all(
    names.map(async (name) => {
      const source = await fs.readFile(new URL(`./runtime/${name}.lua`, import.meta.url), "utf8");
      return { name, source };
    }),
  );
}
